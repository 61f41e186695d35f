//! Attributions: the op lists that say which text has which attributes, without the text.
//!
//! A [`Document`](crate::Document) does all of this to text and attributes together, and faster. This is for those who
//! have the flat form only.

use super::compose::{From, zip};
use super::{Changeset, Op, OpAssembler, OpKind, OpMerger};
use crate::attrib::AttribPool;
use crate::error::{Error, ErrorKind};
use crate::text::{NEWLINE, count_newlines};
use std::ops::Range;

/// The attribution of a document after a changeset, from the one before: op lists alone, without the text.
///
/// The flat form that `.etherpad` files and the wire know; a [`Document`](crate::Document) does the same to text and
/// attributes in O(changed). The result is merged. O(n + m) for n and m ops.
///
/// # Errors
///
/// [`ErrorKind::NotAttribution`], [`ErrorKind::NewlineMismatch`] or [`ErrorKind::MissingAttribute`]. Lengths are not
/// compared.
///
/// Source: `applyToAttribution` in Etherpad's `src/static/js/Changeset.ts`.
#[doc(alias = "apply_to_attribution")]
pub fn compose_attribution(attribution: &[Op], changeset: &Changeset, pool: &AttribPool) -> Result<Vec<Op>, Error> {
    if let Some(op) = attribution.iter().position(|op| op.kind != OpKind::Insert) {
        return Err(ErrorKind::NotAttribution { op }.into());
    }
    let mut out = OpAssembler::new();
    zip(attribution, changeset.ops(), pool, |from, op| {
        if from != From::Nowhere {
            out.push(op);
        }
    })?;
    Ok(out.finish().into_vec())
}

/// A part of an attribution, merged. `range` is cut to what there is. O(n).
///
/// # Errors
///
/// [`ErrorKind::NewlineMismatch`] if the range cuts an op that covers several lines: only the text knows where they end.
/// Etherpad gives a wrong count or an unrelated error then.
///
/// Source: `subattribution` in Etherpad's `src/static/js/Changeset.ts`.
#[doc(alias = "subattribution")]
pub fn slice_attribution(attribution: &[Op], range: Range<usize>) -> Result<Vec<Op>, Error> {
    let (mut out, mut merger) = (Vec::new(), OpMerger::new());
    let mut start = 0;
    for (index, op) in attribution.iter().enumerate() {
        let end = start + op.chars as usize;
        let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
        if to > from {
            // One newline stands at the op's end, so it goes with the part that has the end.
            let lines = match op.lines {
                _ if to - from == end - start => op.lines,
                0 | 1 => {
                    if to == end {
                        op.lines
                    } else {
                        0
                    }
                }
                lines => {
                    return Err(ErrorKind::NewlineMismatch { op: index, expected: lines as usize, found: 1 }.into());
                }
            };
            merger.push(Op { chars: (to - from) as u32, lines, ..op.clone() }, &mut out);
        }
        start = end;
    }
    merger.flush(&mut out);
    Ok(out)
}

/// The attribution of each line of a text; what stands behind the last newline is a line, too. O(n).
///
/// # Errors
///
/// [`ErrorKind::AttributionLength`]; [`ErrorKind::NewlineMismatch`].
///
/// Source: `splitAttributionLines` in Etherpad's `src/static/js/Changeset.ts`, which loses what is behind the last
/// newline.
pub fn split_attribution_lines(attribution: &[Op], text: &[u16]) -> Result<Vec<Vec<Op>>, Error> {
    let covered = attribution.iter().map(|op| op.chars as usize).sum();
    if covered != text.len() {
        return Err(ErrorKind::AttributionLength { expected: text.len(), found: covered }.into());
    }
    let (mut lines, mut line, mut merger) = (Vec::new(), Vec::new(), OpMerger::new());
    let mut rest = text;
    for (index, op) in attribution.iter().enumerate() {
        let (piece, after) = rest.split_at_checked(op.chars as usize).unwrap_or((rest, &[]));
        rest = after;
        let found = count_newlines(piece);
        if found != op.lines as usize {
            return Err(ErrorKind::NewlineMismatch { op: index, expected: op.lines as usize, found }.into());
        }
        for part in piece.split_inclusive(|&unit| unit == NEWLINE) {
            let newline = part.last() == Some(&NEWLINE);
            merger.push(Op { chars: part.len() as u32, lines: u32::from(newline), ..op.clone() }, &mut line);
            if newline {
                merger.flush(&mut line);
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    merger.flush(&mut line);
    if !line.is_empty() {
        lines.push(line);
    }
    Ok(lines)
}

/// The attribution of a text from those of its lines: put together and merged. O(n).
///
/// Source: `joinAttributionLines` in Etherpad's `src/static/js/Changeset.ts`.
pub fn join_attribution_lines<'a>(lines: impl IntoIterator<Item = &'a [Op]>) -> Vec<Op> {
    let (mut out, mut merger) = (Vec::new(), OpMerger::new());
    lines.into_iter().flatten().for_each(|op| merger.push(op.clone(), &mut out));
    merger.flush(&mut out);
    out
}
