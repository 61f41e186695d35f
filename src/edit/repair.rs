//! Markers that are where none may be.

use super::attributes::{LIST, MARKER, is_marker, value};
use super::line::touched_lines;
use super::sweep::{Sweep, check_range};
use crate::attrib::{AttribPool, AttribSet, Attribute, EmptyValue};
use crate::changeset::Changeset;
use crate::document::Document;
use crate::error::Error;
use crate::sort::heap_sort;
use crate::text::NEWLINE;
use std::ops::Range;

/// Takes out the line markers that are not at the start of a line, on all lines that some ranges touch; `None` if there
/// are none. A newline with a marker's attributes stays, without them. O(length of the lines).
///
/// Servers do the same, with a revision of their own, when a line with a marker is joined to another. The changesets of
/// this crate leave no such markers; editors that make their own may.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange);
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
///
/// Source: `_correctMarkersInPad` in Etherpad's `src/node/handler/PadMessageHandler.ts`.
pub fn repair(
    doc: &Document,
    pool: &mut AttribPool,
    touched: impl IntoIterator<Item = Range<usize>>,
) -> Result<Option<Changeset>, Error> {
    let mut lines = Vec::new();
    for range in touched {
        check_range(doc, &range)?;
        // The line behind the last newline of a range is where a marker may have been joined.
        let last = doc.line_at(range.end)?;
        lines.push(touched_lines(doc, range)?.start..(last + 1).min(doc.line_count()));
    }
    heap_sort(&mut lines, |a, b| a.start < b.start);
    let mut sweep = Sweep::new(doc);
    let mut done = 0;
    for Range { start, end } in lines {
        for line in start.max(done)..end {
            repair_line(doc, pool, line, &mut sweep)?;
        }
        done = done.max(end);
    }
    Ok(Some(sweep.finish()?).filter(|changeset| !changeset.is_identity()))
}

fn repair_line(doc: &Document, pool: &mut AttribPool, line: usize, sweep: &mut Sweep<'_>) -> Result<(), Error> {
    let range = doc.line_range(line)?;
    let start = range.start;
    let mut at = range.start;
    for (text, attribs) in doc.pieces(range)? {
        let (from, to) = (at, at + text.len());
        at = to;
        if !is_marker(attribs, pool)? {
            continue;
        }
        let newline = usize::from(text.last() == Some(&NEWLINE));
        if from.max(start + 1) < to - newline {
            sweep.keep_to(from.max(start + 1), &AttribSet::EMPTY)?;
            sweep.remove_to(to - newline)?;
        }
        if newline > 0 {
            sweep.keep_to(to - 1, &AttribSet::EMPTY)?;
            let mut pairs = Vec::new();
            for key in [LIST, MARKER] {
                pairs.extend(value(attribs, pool, key)?.map(|_| Attribute::new(key, "")));
            }
            sweep.keep_to(to, &AttribSet::from_pairs(pairs, EmptyValue::Keep, pool))?;
        }
    }
    Ok(())
}
