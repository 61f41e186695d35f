//! Text in and out: typing, deleting, plain paste.

use super::attributes::{format_of, format_set, is_marker};
use super::line::marker_at;
use super::lines::then_lines;
use super::sweep::{Sweep, check_range, line_start, text_end, unit_before};
use crate::attrib::{AttribPool, AttribSet, Attribute};
use crate::changeset::{Changeset, Splice};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::text::NEWLINE;
use std::ops::Range;

/// The format that text typed at a position gets: that of the character before it on the same line; at the start of a
/// line that of the character after it, if the line has one. Neither author nor line attributes are part of it. O(log n).
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`], [`ErrorKind::MissingAttribute`].
///
/// ```
/// use easysync::{AttribPool, Attribute, Document, format_at, set_format};
/// let (mut doc, mut pool) = (Document::from_text("a😀\n"), AttribPool::new());
/// let change = set_format(&doc, &mut pool, 1..3, "bold", Some("true"))?;
/// doc.apply(&change, &pool)?;
/// assert_eq!(format_at(&doc, &pool, 1)?, []);
/// assert_eq!(format_at(&doc, &pool, 3)?, [Attribute::new("bold", "true")]);
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn format_at(doc: &Document, pool: &AttribPool, position: usize) -> Result<Vec<Attribute>, Error> {
    check_range(doc, &(position..position))?;
    let position = position.min(text_end(doc));
    let start = line_start(doc, doc.line_at(position)?);
    let content = start + usize::from(marker_at(doc, pool, start)?.is_some());
    let (from, unit) = if position > content { (position - 1, None) } else { (content, Some(NEWLINE)) };
    let to = (from + 1).min(doc.len_utf16());
    match doc.pieces(from.min(to)..to)?.next() {
        Some((text, attribs)) if text.first().copied() != unit => format_of(attribs, pool),
        _ => Ok(Vec::new()),
    }
}

/// Replaces ranges by texts, as typing, deleting and plain paste do. The ranges are positions of `doc`, ascend, and do
/// not overlap. All texts get `format`; if that is `None`, each gets the format of the text that it replaces, or of
/// [`format_at`] its place. Of a format, keys that belong to lines, and the author, are left out.
///
/// - The newline that the document ends in stays; what would come behind it comes before it.
/// - A line's marker that is not removed stays at the start of its line: text put before it comes after it, and where the
///   line is joined to another the marker goes.
/// - If lines are made, joined, or lose their markers, the numbered items around are numbered anew (see
///   [`set_list`](crate::set_list)).
///
/// O(log n + length) for each range, plus O(log n) for each item of a list to be numbered.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`], also for ranges that overlap; [`ErrorKind::TooLong`]; [`ErrorKind::MissingAttribute`].
///
/// ```
/// use easysync::{AttribPool, Document, replace};
/// let (doc, mut pool) = (Document::from_text("ab\n"), AttribPool::new());
/// assert_eq!(replace(&doc, &mut pool, &[(1..3, &[0x78])], None)?.to_string(), "Z:3>0=1-1+1$x");
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn replace(
    doc: &Document,
    pool: &mut AttribPool,
    splices: &[(Range<usize>, &[u16])],
    format: Option<&[Attribute]>,
) -> Result<Changeset, Error> {
    let replacements = replacements(doc, pool, splices, format)?;
    let change = replace_pieces(doc, pool, replacements)?;
    if !changes_lines(doc, pool, &change)? {
        return Ok(change);
    }
    then_lines(doc, pool, &change, |_, _| Ok(())).map(|(both, _)| both)
}

/// Replaces ranges by texts with the formats of [`replace`], but to the letter: markers and numbers are not looked after. This
/// is what an editor shows that knows nothing of them. O(log n + length) for each range.
///
/// # Errors
///
/// As [`replace`].
pub fn replace_literally(
    doc: &Document,
    pool: &mut AttribPool,
    splices: &[(Range<usize>, &[u16])],
    format: Option<&[Attribute]>,
) -> Result<Changeset, Error> {
    let mut sweep = Sweep::new(doc);
    for Replacement { range, pieces } in join_neighbours(doc, replacements(doc, pool, splices, format)?)? {
        sweep.keep_to(range.start, &AttribSet::EMPTY)?;
        sweep.remove_to(range.end)?;
        pieces.iter().for_each(|(text, attribs)| sweep.insert(text, attribs));
    }
    sweep.finish()
}

/// The texts with their attributes.
fn replacements<'a>(
    doc: &Document,
    pool: &mut AttribPool,
    splices: &[(Range<usize>, &'a [u16])],
    format: Option<&[Attribute]>,
) -> Result<Vec<Replacement<'a>>, Error> {
    let common = format.map(|format| format_set(format, pool));
    let mut replacements = Vec::with_capacity(splices.len());
    for (range, text) in splices {
        check_range(doc, range)?;
        let attribs = match &common {
            Some(attribs) => attribs.clone(),
            None if text.is_empty() => AttribSet::EMPTY,
            None => format_set(&format_of_range(doc, pool, range)?, pool),
        };
        replacements.push(Replacement { range: range.clone(), pieces: vec![(*text, attribs)] });
    }
    Ok(replacements)
}

/// The format of the first character of a range, or of its place if there is none.
fn format_of_range(doc: &Document, pool: &AttribPool, range: &Range<usize>) -> Result<Vec<Attribute>, Error> {
    match doc.pieces(range.clone())?.next() {
        Some((text, attribs)) if text.first() != Some(&NEWLINE) && !is_marker(attribs, pool)? => {
            format_of(attribs, pool)
        }
        _ => format_at(doc, pool, range.start),
    }
}

/// A range, and what comes in its place.
#[derive(Debug)]
pub(super) struct Replacement<'a> {
    pub range: Range<usize>,
    /// Text with its attributes; a marker in it stands at the start of a piece.
    pub pieces: Vec<(&'a [u16], AttribSet)>,
}

/// The changeset of replacements in ascending order, with all markers where they belong, but nothing numbered.
pub(super) fn replace_pieces(
    doc: &Document,
    pool: &AttribPool,
    replacements: Vec<Replacement<'_>>,
) -> Result<Changeset, Error> {
    let joined = join_neighbours(doc, replacements)?;
    let mut sweep = Sweep::new(doc);
    for Replacement { range, mut pieces } in joined {
        pieces.retain(|(text, _)| !text.is_empty());
        sweep.keep_to(range.start, &AttribSet::EMPTY)?;
        sweep.remove_to(range.end)?;
        let place = marker_place(doc, pool, &range, &pieces)?;
        for (index, (text, attribs)) in pieces.into_iter().enumerate() {
            match place {
                MarkerPlace::Within { piece, at } if piece == index => {
                    let (before, after) = text.split_at_checked(at).unwrap_or((text, &[]));
                    sweep.insert(before, &attribs);
                    sweep.keep_to(range.end + 1, &AttribSet::EMPTY)?;
                    sweep.insert(after, &attribs);
                }
                _ => sweep.insert(text, &attribs),
            }
        }
        if place == MarkerPlace::Nowhere {
            sweep.remove_to(range.end + 1)?;
        }
    }
    sweep.finish()
}

/// Checks that replacements ascend, keeps the final newline out of them, and makes one of those that touch.
fn join_neighbours<'a>(doc: &Document, replacements: Vec<Replacement<'a>>) -> Result<Vec<Replacement<'a>>, Error> {
    let end = text_end(doc);
    let mut joined: Vec<Replacement<'_>> = Vec::with_capacity(replacements.len());
    let mut last_end = 0;
    for Replacement { range, pieces } in replacements {
        if range.start < last_end {
            let len = doc.len_utf16();
            return Err(ErrorKind::OutOfRange { start: range.start, end: range.end, len }.into());
        }
        last_end = range.end;
        let range = range.start.min(end)..range.end.min(end);
        match joined.last_mut() {
            Some(last) if last.range.end == range.start => {
                last.range.end = range.end;
                last.pieces.extend(pieces);
            }
            _ => joined.push(Replacement { range, pieces }),
        }
    }
    Ok(joined)
}

/// Where the marker goes that stands right behind a range that is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkerPlace {
    /// There is none, or it can stay.
    Stays,
    /// Its line is joined to another.
    Nowhere,
    /// Its line begins within the text put in.
    Within { piece: usize, at: usize },
}

fn marker_place(
    doc: &Document,
    pool: &AttribPool,
    range: &Range<usize>,
    pieces: &[(&[u16], AttribSet)],
) -> Result<MarkerPlace, Error> {
    if range.is_empty() && pieces.is_empty()
        || unit_before(doc, range.end).is_some_and(|unit| unit != NEWLINE)
        || marker_at(doc, pool, range.end)?.is_none()
    {
        return Ok(MarkerPlace::Stays);
    }
    let is_at_start = unit_before(doc, range.start).is_none_or(|unit| unit == NEWLINE);
    let last_newline = pieces.iter().enumerate().rev().find_map(|(piece, (text, _))| {
        text.iter().rposition(|&unit| unit == NEWLINE).map(|newline| (piece, newline + 1))
    });
    let (piece, at) = match last_newline {
        Some(place) => place,
        None if pieces.is_empty() => {
            return Ok(if is_at_start { MarkerPlace::Stays } else { MarkerPlace::Nowhere });
        }
        None if is_at_start => (0, 0),
        None => return Ok(MarkerPlace::Nowhere),
    };
    let ends_piece = pieces.get(piece).is_some_and(|(text, _)| text.len() == at);
    match pieces.get(piece + usize::from(ends_piece)) {
        // The newline is the end of it all.
        None => Ok(MarkerPlace::Stays),
        // The line that it would begin has a marker of its own.
        Some((_, attribs)) if ends_piece && is_marker(attribs, pool)? => Ok(MarkerPlace::Nowhere),
        Some(_) => Ok(MarkerPlace::Within { piece, at }),
    }
}

/// Whether a changeset makes or joins lines, or takes a marker away.
fn changes_lines(doc: &Document, pool: &AttribPool, changeset: &Changeset) -> Result<bool, Error> {
    for Splice { range, text } in changeset.splices() {
        let (first, last) = (doc.line_at(range.start)?, doc.line_at(range.end)?);
        if text.contains(&NEWLINE) || first != last {
            return Ok(true);
        }
        let may_be_marker = !range.is_empty() && line_start(doc, first) == range.start;
        if may_be_marker && marker_at(doc, pool, range.start)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
