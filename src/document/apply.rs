//! Changesets on documents: checked as a whole, then done in place.

use super::leaf::{Extent, LeafBuilder, MAX_TEXT, TextLeaf};
use super::tree::{Edited, Leaf, Place, Summary, Tree};
use super::{Document, check_known};
use crate::attrib::{AttribPool, AttribSet, EmptyValue};
use crate::changeset::{Changeset, OpKind};
use crate::error::{Error, ErrorKind};
use crate::text::count_newlines;
use std::ops::Range;

impl Document {
    /// Applies a changeset, whole or not at all.
    ///
    /// ```text
    /// doc.apply(a.compose(b)) == doc.apply(a).apply(b)
    /// ```
    ///
    /// Attributes on a keep are composed with those of the text, run by run; those on an insert are taken as they are.
    ///
    /// O(log n + length of the change) for each op. In place, unless memory is shared with a clone.
    ///
    /// Newline counts must be exact. Where in a keep or removal the last newline stands is not asked: pads exist whose
    /// changesets end such an op in mid-line, and their text is the same either way.
    ///
    /// # Errors
    ///
    /// The document is as it was. [`ErrorKind::LengthMismatch`]; [`ErrorKind::NewlineMismatch`];
    /// [`ErrorKind::MissingAttribute`] if a number is not in `pool`, also on inserts, where Etherpad copies it unseen.
    ///
    /// Source: `applyToAText` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn apply(&mut self, changeset: &Changeset, pool: &AttribPool) -> Result<(), Error> {
        if changeset.old_len() != self.len_utf16() {
            return Err(ErrorKind::LengthMismatch { expected: changeset.old_len(), found: self.len_utf16() }.into());
        }
        check_known(changeset.ops(), pool)?;
        // A walk that ends in a refusal has copied what was shared on its way; give that back.
        let shared = self.tree.is_shared().then(|| self.clone());
        if self.apply_in_one_leaf(changeset) {
            return Ok(());
        }
        if let Some(shared) = shared {
            *self = shared;
        }
        self.check_newlines(changeset)?;
        let formats = changeset.ops().iter().any(|op| op.kind == OpKind::Keep && !op.attribs.is_empty());
        // Only composing attributes can still fail, when the document's own numbers are not in the pool.
        let before = formats.then(|| self.clone());
        let result = self.apply_checked(changeset, pool);
        if let (Err(_), Some(before)) = (&result, before) {
            *self = before;
        }
        result
    }

    /// Applies a changeset that a document of the same text and attributes has taken: it is not checked once more. O(log n + length
    /// of the change) for each op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthMismatch`]; the document is as it was. [`ErrorKind::MissingAttribute`]; then it is to be thrown away.
    pub(crate) fn apply_known(&mut self, changeset: &Changeset, pool: &AttribPool) -> Result<(), Error> {
        if changeset.old_len() != self.len_utf16() {
            return Err(ErrorKind::LengthMismatch { expected: changeset.old_len(), found: self.len_utf16() }.into());
        }
        self.apply_checked(changeset, pool)
    }

    /// Does what nearly all changesets of people who type are: one removal, one insert, or both, in one place that lies in
    /// one leaf. One walk down the tree both checks and changes, two if the line is long. Says whether it was that, and
    /// right.
    fn apply_in_one_leaf(&mut self, changeset: &Changeset) -> bool {
        let (mut at, mut removed) = (0, 0);
        let mut insert = None;
        for op in changeset.ops() {
            match op.kind {
                OpKind::Keep if removed == 0 && insert.is_none() && op.attribs.is_empty() => at += op.chars as usize,
                OpKind::Remove if insert.is_none() => removed += op.chars as usize,
                OpKind::Insert if insert.is_none() => insert = Some(op),
                _ => return false,
            }
        }
        let text = changeset.char_bank();
        if removed >= MAX_TEXT || text.len() > MAX_TEXT / 2 {
            return false;
        }
        let end = at + removed;
        // The start of a long line is probably in another leaf.
        let line_start = changeset.ops().first().filter(|op| op.lines > 0 && op.kind == OpKind::Keep);
        let mut known = 0;
        if let Some(op) = line_start
            && end - op.chars as usize > MAX_TEXT / 4
        {
            known = op.chars as usize;
            let line = (known, op.lines as usize);
            if self.line != line && self.newlines_before(known) != line.1 {
                return false;
            }
            self.line = line;
        } else if self.line.0 > at {
            self.line = (0, 0);
        }
        let (newlines, attribs) = insert.map_or((0, &AttribSet::EMPTY), |op| (op.lines, &op.attribs));
        self.tree.edit_leaf(end, |leaf, before| {
            if !newlines_are_right(changeset, known, leaf, before) {
                return Edited::OutOfReach;
            }
            leaf.splice(end - before.len(), removed, text, newlines, attribs)
        })
    }

    /// All newline counts must be exact. O(log n) for each op.
    fn check_newlines(&self, changeset: &Changeset) -> Result<(), Error> {
        let mut counter = NewlineCounter { tree: &self.tree, place: None };
        let (mut position, mut before) = (0, 0);
        for (index, op) in changeset.ops().iter().enumerate() {
            if op.kind == OpKind::Insert {
                continue;
            }
            position += op.chars as usize;
            let after = counter.before(position);
            if after - before != op.lines as usize {
                let found = after - before;
                return Err(ErrorKind::NewlineMismatch { op: index, expected: op.lines as usize, found }.into());
            }
            before = after;
        }
        Ok(())
    }

    fn apply_checked(&mut self, changeset: &Changeset, pool: &AttribPool) -> Result<(), Error> {
        self.line = (0, 0);
        let mut position = 0;
        // A removal and the insert after it are done in one go.
        let mut removed = 0;
        for (op, text) in changeset.steps() {
            let chars = op.chars as usize;
            match op.kind {
                OpKind::Remove => removed += chars,
                OpKind::Insert => {
                    let removed = std::mem::take(&mut removed);
                    self.replace(position..position + removed, text, op.lines, &op.attribs);
                    position += chars;
                }
                OpKind::Keep => {
                    let removed = std::mem::take(&mut removed);
                    self.replace(position..position + removed, &[], 0, &AttribSet::EMPTY);
                    if !op.attribs.is_empty() {
                        self.format(position..position + chars, &op.attribs, pool)?;
                    }
                    position += chars;
                }
            }
        }
        self.replace(position..position + removed, &[], 0, &AttribSet::EMPTY);
        Ok(())
    }

    /// Replaces a range, which is within the document, by a text with `newlines` newlines.
    fn replace(&mut self, range: Range<usize>, text: &[u16], newlines: u32, attribs: &AttribSet) {
        let removed = range.len();
        if removed == 0 && text.is_empty() {
            return;
        }
        let in_one_leaf = removed < MAX_TEXT
            && text.len() <= MAX_TEXT / 2
            && self.tree.edit_leaf(range.end, |leaf, before| {
                leaf.splice(range.end - before.len(), removed, text, newlines, attribs)
            });
        if !in_one_leaf {
            let mut leaves = LeafBuilder::default();
            leaves.push(text, attribs);
            self.tree.replace(range, Tree::from_leaves(leaves.finish()));
        }
    }

    /// Composes a change of attributes with those of a range, which is within the document.
    fn format(&mut self, range: Range<usize>, change: &AttribSet, pool: &AttribPool) -> Result<(), Error> {
        // Runs that alternate between few sets are common; remember the last one.
        let mut last: Option<(AttribSet, AttribSet)> = None;
        let mut compose = |old: &AttribSet| {
            if let Some((known, new)) = &last
                && known == old
            {
                return Ok(new.clone());
            }
            let new = old.compose(change, EmptyValue::Delete, pool)?;
            last = Some((old.clone(), new.clone()));
            Ok(new)
        };
        let len = range.len();
        if len < MAX_TEXT {
            let mut failure = None;
            let in_one_leaf = self.tree.edit_leaf(range.end, |leaf, before| {
                leaf.format(range.end - before.len(), len, &mut compose).unwrap_or_else(|error| {
                    failure = Some(error);
                    Edited::OutOfReach
                })
            });
            if let Some(error) = failure {
                return Err(error);
            }
            if in_one_leaf {
                return Ok(());
            }
        }
        let mut middle = self.tree.split_off(range.start);
        let right = middle.split_off(len);
        let mut leaves = Vec::new();
        for Place { leaf, .. } in middle.leaves_from(0) {
            let mut leaf = leaf.clone();
            let len = leaf.summary().len();
            leaf.format(len, len, &mut compose)?;
            leaves.push(leaf);
        }
        self.tree.append(Tree::from_leaves(leaves));
        self.tree.append(right);
        Ok(())
    }
}

/// Whether the newline counts of keeps and removals that end behind `known` are exact, as far as this leaf can tell: they
/// must end in it.
fn newlines_are_right(changeset: &Changeset, known: usize, leaf: &TextLeaf, before: Extent) -> bool {
    let (mut position, mut newlines) = (0, 0);
    // Where counting has come to within the leaf.
    let mut counted: Option<(usize, usize)> = None;
    changeset.ops().iter().filter(|op| op.kind != OpKind::Insert).all(|op| {
        position += op.chars as usize;
        newlines += op.lines as usize;
        if position <= known {
            return true;
        }
        let Some(end) = position.checked_sub(before.len()).filter(|&end| end <= leaf.text().len()) else {
            return false;
        };
        let found = match counted {
            Some((offset, found)) => found + count_newlines(leaf.text().get(offset..end).unwrap_or_default()),
            None => before.newlines as usize + leaf.newlines_before(end),
        };
        counted = Some((end, found));
        found == newlines
    })
}

/// Counts newlines before ascending positions, looking twice into no leaf in which it already stands.
struct NewlineCounter<'a> {
    tree: &'a Tree<TextLeaf>,
    place: Option<(Place<'a, TextLeaf>, usize, usize)>,
}

impl NewlineCounter<'_> {
    fn before(&mut self, position: usize) -> usize {
        if let Some((place, offset, newlines)) = &mut self.place {
            let wanted = position - place.before.len();
            if let Some(between) = place.leaf.text().get(*offset..wanted) {
                *newlines += count_newlines(between);
                *offset = wanted;
                return *newlines;
            }
        }
        let place = self.tree.seek(|sum| sum.len() >= position);
        let offset = position - place.before.len();
        let newlines = place.before.newlines as usize + place.leaf.newlines_before(offset);
        self.place = Some((place, offset, newlines));
        newlines
    }
}
