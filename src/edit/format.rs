//! How characters look, and who wrote them.

use super::attributes::{AUTHOR, is_character_key, is_format_key, is_marker, value as value_of};
use super::line::touched_lines;
use super::lines::LineEdits;
use super::sweep::{Sweep, check_range};
use crate::attrib::{AttribPool, AttribSet, Attribute, EmptyValue};
use crate::changeset::Changeset;
use crate::document::Document;
use crate::error::Error;
use crate::text::{NEWLINE, Utf16String};
use std::ops::Range;

/// Sets an attribute on the text of a range, or removes it if the value is `None` or empty. Newlines and markers are left
/// alone, and so is text that is that way already. Keys that belong to lines, and the author, change nothing.
///
/// O(log n) for each stretch of equal attributes and each line.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange);
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
///
/// ```
/// use easysync::{AttribPool, Document, set_format};
/// let (doc, mut pool) = (Document::from_text("ab\n😀\n"), AttribPool::new());
/// let change = set_format(&doc, &mut pool, 1..6, "bold", Some("true"))?;
/// assert_eq!(change.to_string(), "Z:6>0=1*0=1|1=1*0=2$");
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn set_format(
    doc: &Document,
    pool: &mut AttribPool,
    range: Range<usize>,
    key: &str,
    value: Option<&str>,
) -> Result<Changeset, Error> {
    check_range(doc, &range)?;
    let value = value.unwrap_or_default();
    let mut sweep = Sweep::new(doc);
    if is_format_key(&key.into()) {
        let change = AttribSet::from_pairs([Attribute::new(key, value)], EmptyValue::Keep, pool);
        for_text(doc, pool, range, |pool, range, attribs| {
            if value_of(attribs, pool, key)?.map_or(!value.is_empty(), |old| *old != *value) {
                sweep.keep_to(range.start, &AttribSet::EMPTY)?;
                sweep.keep_to(range.end, &change)?;
            }
            Ok(true)
        })?;
    }
    sweep.finish()
}

/// Whether all text of a range has an attribute. Newlines and markers do not count; a range without text has none.
/// O(log n + length), less if the answer is no.
///
/// # Errors
///
/// As [`set_format`].
pub fn has_format(doc: &Document, pool: &AttribPool, range: Range<usize>, key: &str) -> Result<bool, Error> {
    check_range(doc, &range)?;
    let (mut any, mut all) = (false, true);
    for_text(doc, pool, range, |pool, _, attribs| {
        any = true;
        all = value_of(attribs, pool, key)?.is_some();
        Ok(all)
    })?;
    Ok(any && all)
}

/// Removes a format from a range if all its text [has it](has_format), else sets it to `true`.
///
/// # Errors
///
/// As [`set_format`].
pub fn toggle_format(
    doc: &Document,
    pool: &mut AttribPool,
    range: Range<usize>,
    key: &str,
) -> Result<Changeset, Error> {
    let value = if has_format(doc, pool, range.clone(), key)? { None } else { Some("true") };
    set_format(doc, pool, range, key, value)
}

/// Makes text plain: takes off bold, italic and the other looks of characters in a range, and lists and headings of the
/// lines that it touches. Authors, and attributes that are no looks, stay. Cost as [`set_format`] and
/// [`set_list`](crate::set_list).
///
/// # Errors
///
/// As [`set_format`].
pub fn clear_formatting(doc: &Document, pool: &mut AttribPool, range: Range<usize>) -> Result<Changeset, Error> {
    let lines = touched_lines(doc, range.clone())?;
    let mut stretches = Vec::new();
    for_text(doc, pool, range, |pool, range, attribs| {
        let mut change = Vec::new();
        for &id in attribs.ids() {
            let key = &pool.get(id)?.key;
            if is_character_key(key) && value_of(attribs, pool, &key.to_string())?.is_some() {
                change.push(Attribute::new(key.clone(), Utf16String::new()));
            }
        }
        if !change.is_empty() {
            stretches.push((range, change));
        }
        Ok(true)
    })?;
    let mut sweep = Sweep::new(doc);
    for (range, change) in stretches {
        sweep.keep_to(range.start, &AttribSet::EMPTY)?;
        sweep.keep_to(range.end, &AttribSet::from_pairs(change, EmptyValue::Keep, pool))?;
    }
    let characters = sweep.finish()?;
    // Keeps move no line, so the lines of the one document are those of the other.
    let mut edits = LineEdits::new(doc);
    for line in lines.clone() {
        edits.set_list(line, None);
        edits.set_heading(line, None);
    }
    edits.renumber(pool, lines)?;
    characters.compose(&edits.finish(pool)?, pool)
}

/// Takes the authors off a range, or off the whole document if the range is empty. O(log n) for each stretch of equal
/// attributes.
///
/// # Errors
///
/// As [`set_format`].
pub fn clear_authorship(doc: &Document, pool: &mut AttribPool, range: Range<usize>) -> Result<Changeset, Error> {
    check_range(doc, &range)?;
    let range = if range.is_empty() { 0..doc.len_utf16() } else { range };
    let nobody = AttribSet::from_pairs([Attribute::new(AUTHOR, "")], EmptyValue::Keep, pool);
    let mut sweep = Sweep::new(doc);
    let mut at = range.start;
    for (text, attribs) in doc.pieces(range)? {
        let start = at;
        at += text.len();
        if value_of(attribs, pool, AUTHOR)?.is_some() {
            sweep.keep_to(start, &AttribSet::EMPTY)?;
            sweep.keep_to(at, &nobody)?;
        }
    }
    sweep.finish()
}

/// Calls `visit` for each stretch of text of one line and one attribute set in a range, until it says that it is enough.
fn for_text(
    doc: &Document,
    pool: &AttribPool,
    range: Range<usize>,
    mut visit: impl FnMut(&AttribPool, Range<usize>, &AttribSet) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut at = range.start;
    for (piece, attribs) in doc.pieces(range)? {
        let is_text = !is_marker(attribs, pool)?;
        for text in piece.split(|&unit| unit == NEWLINE) {
            let end = at + text.len();
            if is_text && at < end && !visit(pool, at..end, attribs)? {
                return Ok(());
            }
            at = end + 1;
        }
        // There is one newline less than there are parts.
        at -= 1;
    }
    Ok(())
}
