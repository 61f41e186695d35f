//! Keys that mean more than a character: Enter, and Backspace at the start of a line.

use super::line::{LineFormat, List, ListKind, line_format};
use super::lines::{LineEdits, then_lines};
use super::sweep::{check_range, line_start, text_end, unit_before};
use super::text::{Replacement, replace_pieces};
use crate::attrib::{AttribPool, AttribSet};
use crate::changeset::{Assoc, Changeset};
use crate::document::Document;
use crate::error::Error;
use crate::text::NEWLINE;
use std::ops::Range;

/// The Enter key, with a selection or a caret: the change, and where the caret is afterwards.
///
/// The new line is in the same list as the old one, and no heading. On a list item without text the list ends instead:
/// the item goes out by one level, from the first level it becomes plain. At the start of a heading the new line comes
/// above it. O(log n), plus O(log n) for each item of a list to be numbered.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange);
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
///
/// ```
/// use easysync::{AttribPool, Document, ListKind, enter, set_list};
/// let (mut doc, mut pool) = (Document::from_text("a\n"), AttribPool::new());
/// let change = set_list(&doc, &mut pool, 0..1, Some(ListKind::Bullet))?;
/// doc.apply(&change, &pool)?;
/// let (change, caret) = enter(&doc, &mut pool, 2..2)?;
/// doc.apply(&change, &pool)?;
/// assert_eq!((doc.text().to_string().as_str(), caret), ("*a\n*\n", 4));
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn enter(doc: &Document, pool: &mut AttribPool, range: Range<usize>) -> Result<(Changeset, usize), Error> {
    check_range(doc, &range)?;
    let end = text_end(doc);
    let line = doc.line_at(range.start.min(end))?;
    let Ok(line_range) = doc.line_range(line) else {
        // A document without any text, not even a newline.
        let change = replace_pieces(doc, pool, vec![newline_at(range)])?;
        let caret = change.new_len();
        return Ok((change, caret));
    };
    let format = line_format(doc, pool, line)?;
    let content = line_range.start + format.marker_len();
    let start = range.start.min(end).max(content);
    let range = start..range.end.min(end).max(start);
    let line_end = line_range.end - usize::from(unit_before(doc, line_range.end) == Some(NEWLINE));
    let is_empty = range.is_empty() && line_end == content;
    match format.list {
        Some(list) if is_empty && list.kind != ListKind::Indent => {
            change_line(doc, pool, line, start, |edits| edits.set_list(line, list.moved(-1)))
        }
        list if format.heading.is_some() && range == (content..content) && !is_empty => {
            // The marker stays with its text; the line above is new.
            split(doc, pool, line_range.start..line_range.start, start + 1, line, list)
        }
        list => split(doc, pool, range, start + 1, line + 1, list),
    }
}

/// The Backspace key at the start of a line's text, where it takes the line out of its list by one level, or makes it no
/// heading: the change, and where the caret is afterwards. `None` anywhere else: there the key deletes, see
/// [`replace`](crate::replace). Cost as [`enter`].
///
/// # Errors
///
/// As [`enter`].
pub fn delete_backward(
    doc: &Document,
    pool: &mut AttribPool,
    position: usize,
) -> Result<Option<(Changeset, usize)>, Error> {
    check_range(doc, &(position..position))?;
    let line = doc.line_at(position)?;
    if line >= doc.line_count() {
        return Ok(None);
    }
    let format = line_format(doc, pool, line)?;
    let content = line_start(doc, line) + format.marker_len();
    if position > content {
        return Ok(None);
    }
    match format {
        LineFormat { list: Some(list), .. } => {
            change_line(doc, pool, line, content, |edits| edits.set_list(line, list.moved(-1))).map(Some)
        }
        LineFormat { heading: Some(_), .. } => {
            change_line(doc, pool, line, content, |edits| edits.set_heading(line, None)).map(Some)
        }
        _ => Ok(None),
    }
}

/// Puts a newline in the place of a range, and a line of the result into a list.
fn split(
    doc: &Document,
    pool: &mut AttribPool,
    range: Range<usize>,
    caret: usize,
    line: usize,
    list: Option<List>,
) -> Result<(Changeset, usize), Error> {
    let newline = replace_pieces(doc, pool, vec![newline_at(range)])?;
    let mut marker = 0;
    let (both, second) = then_lines(doc, pool, &newline, |edits, pool| {
        let new = line_format(edits.doc(), pool, line)?;
        marker = if new.has_marker && line_start(edits.doc(), line) == caret { 1 } else { 0 };
        if list.is_some() {
            edits.set_list(line, list);
        }
        Ok(())
    })?;
    Ok((both, second.map_position(caret + marker, Assoc::After)))
}

fn newline_at<'a>(range: Range<usize>) -> Replacement<'a> {
    Replacement { range, pieces: vec![(&[NEWLINE], AttribSet::EMPTY)] }
}

/// Changes what a line is, with the caret at the start of its text.
fn change_line(
    doc: &Document,
    pool: &mut AttribPool,
    line: usize,
    caret: usize,
    change: impl FnOnce(&mut LineEdits<'_>),
) -> Result<(Changeset, usize), Error> {
    let mut edits = LineEdits::new(doc);
    change(&mut edits);
    edits.renumber(pool, line..line + 1)?;
    let changeset = edits.finish(pool)?;
    let caret = changeset.map_position(caret, Assoc::After);
    Ok((changeset, caret))
}
