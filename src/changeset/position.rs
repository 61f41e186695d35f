//! What a changeset replaces, and where positions and ranges go.

use super::{Changeset, Op, OpKind};
use std::ops::Range;

/// A range of the old document and the text that stands in its place afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice<'a> {
    /// The range replaced, in positions of the old document (UTF-16 code units); empty for an insertion.
    pub range: Range<usize>,
    /// What comes in its place; empty for a removal.
    pub text: &'a [u16],
}

/// To which side a position clings when text is inserted right at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Assoc {
    /// To what stands before it: inserted text comes after the position.
    Before,
    /// To what stands after it: inserted text comes before the position.
    After,
}

impl Changeset {
    /// What is replaced by what: one splice per gap between keeps, in order, none of them touching. O(n).
    ///
    /// Source: `toSplices` in Etherpad's `src/static/js/Changeset.ts`.
    #[doc(alias = "to_splices")]
    pub fn splices(&self) -> impl Iterator<Item = Splice<'_>> {
        let (mut at, mut used) = (0, 0);
        let mut ops = self.0.ops.iter().peekable();
        std::iter::from_fn(move || {
            while let Some(keep) = ops.next_if(|op| op.kind == OpKind::Keep) {
                at += keep.chars as usize;
            }
            ops.peek()?;
            let (start, bank_start) = (at, used);
            while let Some(op) = ops.next_if(|op| op.kind != OpKind::Keep) {
                match op.kind {
                    OpKind::Insert => used += op.chars as usize,
                    _ => at += op.chars as usize,
                }
            }
            Some(Splice { range: start..at, text: self.0.bank.get(bank_start..used).unwrap_or_default() })
        })
    }

    /// The range of the old document from the first place that it changes, text or attributes, to the last; `None` for the
    /// identity. O(n).
    pub fn touched(&self) -> Option<Range<usize>> {
        let is_plain = |op: &&Op| op.kind == OpKind::Keep && op.attribs.is_empty();
        let start: usize = self.0.ops.iter().take_while(is_plain).map(|op| op.old_span()).sum();
        let end = self.0.ops.iter().map(|op| op.old_span()).sum::<usize>();
        let tail: usize = self.0.ops.iter().rev().take_while(is_plain).map(|op| op.old_span()).sum();
        self.0.ops.iter().any(|op| !is_plain(&op)).then(|| start..end - tail)
    }

    /// Where a position of the old document is in the new one.
    ///
    /// Order is kept: of two positions the first never comes after the second. Inside a range that is replaced, the start
    /// stays at the start, the end at the end, and between them `assoc` decides. Positions past the end move with the end.
    /// O(n).
    #[doc(alias = "map_pos")]
    pub fn map_position(&self, position: usize, assoc: Assoc) -> usize {
        let (mut grown, mut shrunk) = (0, 0);
        for Splice { range, text } in self.splices() {
            if position < range.start {
                break;
            }
            let start = range.start + grown - shrunk;
            if position <= range.end {
                let at_start = match position {
                    _ if range.is_empty() => assoc == Assoc::Before,
                    _ if position == range.start => true,
                    _ if position == range.end => false,
                    _ => assoc == Assoc::Before,
                };
                return if at_start { start } else { start + text.len() };
            }
            grown += text.len();
            shrunk += range.len();
        }
        position + grown - shrunk
    }

    /// Where a position of the new document was in the old one.
    ///
    /// The other way round than [`Changeset::map_position`]: what is within inserted text was where that text begins, what is
    /// at its end was at the end of what it replaced. Order is kept. O(n).
    pub fn unmap_position(&self, position: usize) -> usize {
        let (mut grown, mut shrunk) = (0, 0);
        for Splice { range, text } in self.splices() {
            let start = range.start + grown - shrunk;
            let end = start + text.len();
            if position < start {
                break;
            }
            if position <= end {
                return if position == end && !text.is_empty() { range.end } else { range.start };
            }
            grown += text.len();
            shrunk += range.len();
        }
        position + shrunk - grown
    }

    /// Where a selected range of the old document is in the new one, as Etherpad's editor moves it.
    ///
    /// Text inserted at an edge stays outside. A range that is replaced as a whole, and a caret (an empty range) at which
    /// text is inserted, goes before the new text for [`Assoc::Before`], after it for [`Assoc::After`]. O(n).
    ///
    /// Source: `characterRangeFollow` in Etherpad's `src/static/js/Changeset.ts`, with `insertionsAfter` for
    /// [`Assoc::Before`].
    #[doc(alias = "character_range_follow")]
    pub fn map_range(&self, range: Range<usize>, assoc: Assoc) -> Range<usize> {
        let Range { mut start, mut end } = range;
        let (mut grown, mut shrunk) = (0, 0);
        for Splice { range: old, text } in self.splices() {
            // In the document with all earlier splices done.
            let (from, to) = (old.start + grown - shrunk, old.end + grown - shrunk);
            let after = from + text.len();
            let shifted = |position: usize| position + text.len() - old.len();
            if from <= start && to >= end {
                start = if assoc == Assoc::Before { from } else { after };
                end = start;
            } else if to <= start {
                (start, end) = (shifted(start), shifted(end));
            } else if from >= end {
                // behind the range
            } else if from >= start && to <= end {
                end = shifted(end);
            } else if to < end {
                (start, end) = (after, shifted(end));
            } else {
                end = from;
            }
            grown += text.len();
            shrunk += old.len();
        }
        start..end
    }
}
