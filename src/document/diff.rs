//! The patch from one document to another.
//!
//! Shared nodes are skipped, so that the cost follows what differs. What is left is compared as text, and where the text
//! is equal, as attributes.

#![allow(clippy::indexing_slicing, reason = "indices are bounded by the loops that make them")]

use super::Document;
use super::equal::{Match, equal_stretches};
use super::tree::{Gap, unshared};
use crate::attrib::AttribSet;
use crate::text::Utf16String;
use std::ops::Range;

/// One place where two documents differ. Positions are UTF-16 code units of the old document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another text stands in place of a range; the range or the text can be empty, not both.
    Replace {
        /// What is replaced.
        range: Range<usize>,
        /// What comes in its place, in pieces of equal attributes.
        pieces: Vec<(Utf16String, AttribSet)>,
    },
    /// The text is the same, its attributes are others.
    Format {
        /// Where.
        range: Range<usize>,
        /// All attributes that it has now.
        attribs: AttribSet,
    },
}

impl Change {
    /// The range of the old document.
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Replace { range, .. } | Self::Format { range, .. } => range.clone(),
        }
    }
}

/// All changes from one document to another, ascending; they do not overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// The changes.
    pub changes: Vec<Change>,
}

impl Patch {
    /// Whether the documents are equal.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Document {
    /// The patch that leads from this document to `new`.
    ///
    /// O(what is not shared): after a small edit of a clone O(log n), whatever the size; O(n) for two documents that were
    /// made apart. Within a stretch that is not shared it is the shortest edit, if that has at most 64 code units and is not
    /// more than a quarter of both texts, or eight. Above that, lines that occur once in either document stay if they can, or
    /// else words; what is between them is treated in the same way, sixteen deep at most, and what has none is replaced from
    /// its first to its last difference. Surrogate pairs are not cut where both documents have whole ones.
    ///
    /// ```
    /// use easysync::{AttribSet, Change, Document, Utf16String};
    /// let (old, new) = (Document::from_text("a😀c\n"), Document::from_text("a😁c\n"));
    /// let pieces = vec![(Utf16String::from("😁"), AttribSet::EMPTY)];
    /// assert_eq!(old.diff(&new).changes, [Change::Replace { range: 1..3, pieces }]);
    /// ```
    pub fn diff(&self, new: &Self) -> Patch {
        let mut changes = Vec::new();
        if !self.is_same(new) {
            for Gap { old, new: new_range } in unshared(&self.tree, &new.tree) {
                Comparison::new(self, new, old, new_range).run(&mut changes);
            }
        }
        Patch { changes }
    }
}

impl Document {
    /// How many code units of this document are in memory that it does not share with `other`, and in how many stretches.
    /// O(nodes not shared).
    pub(crate) fn unshared_len(&self, other: &Self) -> (usize, usize) {
        let gaps = unshared(&other.tree, &self.tree);
        (gaps.iter().map(|gap| gap.new.len()).sum(), gaps.len())
    }

    /// Whether a position stands between the two halves of a pair. O(log n).
    fn cuts_pair(&self, position: usize) -> bool {
        let around = position.wrapping_sub(1)..position + 1;
        self.slice(around).is_ok_and(|units| is_pair(&units))
    }
}

/// The parts of two documents that stand in one gap.
struct Comparison<'a> {
    old_doc: &'a Document,
    new_doc: &'a Document,
    old_start: usize,
    new_start: usize,
    old: Vec<u16>,
    new: Vec<u16>,
}

impl<'a> Comparison<'a> {
    /// A gap, a unit wider where its edge would cut a pair. What is outside of it is the same in both documents.
    fn new(old_doc: &'a Document, new_doc: &'a Document, old: Range<usize>, new: Range<usize>) -> Self {
        let before = usize::from(old_doc.cuts_pair(old.start) || new_doc.cuts_pair(new.start));
        let after = usize::from(old_doc.cuts_pair(old.end) || new_doc.cuts_pair(new.end));
        let (old_start, new_start) = (old.start - before, new.start - before);
        let units = |doc: &Document, start: usize, end: usize| {
            let mut units = Vec::with_capacity(end + after - start);
            doc.stretch(start, end + after - start).for_each(|(text, _)| units.extend_from_slice(text));
            units
        };
        let (old, new) = (units(old_doc, old_start, old.end), units(new_doc, new_start, new.end));
        Self { old_doc, new_doc, old_start, new_start, old, new }
    }

    fn run(&self, changes: &mut Vec<Change>) {
        let (mut old_at, mut new_at) = (0, 0);
        for (old, new, len) in self.matches() {
            self.replace(old_at..old, new_at..new, changes);
            self.format(old, new, len, changes);
            (old_at, new_at) = (old + len, new + len);
        }
        self.replace(old_at..self.old.len(), new_at..self.new.len(), changes);
    }

    fn matches(&self) -> Vec<Match> {
        equal_stretches(&self.old, &self.new).into_iter().filter_map(|found| self.without_half_pairs(found)).collect()
    }

    /// A match without the half of a pair at either end whose other half is not in the match.
    fn without_half_pairs(&self, (mut old, mut new, mut len): Match) -> Option<Match> {
        if cuts_pair(&self.old, old) || cuts_pair(&self.new, new) {
            (old, new, len) = (old + 1, new + 1, len.checked_sub(1)?);
        }
        if cuts_pair(&self.old, old + len) || cuts_pair(&self.new, new + len) {
            len = len.checked_sub(1)?;
        }
        (len > 0).then_some((old, new, len))
    }

    fn replace(&self, old: Range<usize>, new: Range<usize>, changes: &mut Vec<Change>) {
        if old.is_empty() && new.is_empty() {
            return;
        }
        let mut pieces: Vec<(Utf16String, AttribSet)> = Vec::new();
        for (text, attribs) in self.new_doc.stretch(self.new_start + new.start, new.len()) {
            match pieces.last_mut() {
                Some((last, set)) if set == attribs => last.push_units(text),
                _ => pieces.push((text.into(), attribs.clone())),
            }
        }
        changes.push(Change::Replace { range: self.old_start + old.start..self.old_start + old.end, pieces });
    }

    /// Compares the attributes of equal text.
    fn format(&self, old: usize, new: usize, len: usize, changes: &mut Vec<Change>) {
        let mut at = self.old_start + old;
        let mut old_pieces = self.old_doc.stretch(at, len).map(|(text, attribs)| (text.len(), attribs));
        let mut left: Option<(usize, &AttribSet)> = None;
        for (text, attribs) in self.new_doc.stretch(self.new_start + new, len) {
            let mut rest = text.len();
            while rest > 0 {
                let Some((available, old_attribs)) = left.take().or_else(|| old_pieces.next()) else { return };
                let both = available.min(rest);
                if old_attribs != attribs {
                    match changes.last_mut() {
                        Some(Change::Format { range, attribs: last }) if range.end == at && last == attribs => {
                            range.end += both;
                        }
                        _ => changes.push(Change::Format { range: at..at + both, attribs: attribs.clone() }),
                    }
                }
                at += both;
                rest -= both;
                left = (available > both).then_some((available - both, old_attribs));
            }
        }
    }
}

fn cuts_pair(text: &[u16], at: usize) -> bool {
    at > 0 && at < text.len() && is_pair(&text[at - 1..=at])
}

fn is_pair(units: &[u16]) -> bool {
    matches!(units, [0xd800..=0xdbff, 0xdc00..=0xdfff])
}
