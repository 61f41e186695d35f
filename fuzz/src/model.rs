//! Documents as one attribute set for each code unit, and the algebra written down straight from its rules.

use easysync::{AText, AttribId, AttribPool, AttribSet, Attribute, Change, Changeset, Document, Op, OpKind, Patch};
use std::collections::BTreeMap;
use std::ops::Range;

/// A text, and the attributes of each of its code units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    pub text: Vec<u16>,
    pub attribs: Vec<AttribSet>,
}

impl Model {
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn push(&mut self, text: &[u16], attribs: &AttribSet) {
        self.text.extend_from_slice(text);
        self.attribs.resize(self.text.len(), attribs.clone());
    }

    pub fn splice(&mut self, range: Range<usize>, text: &[u16], attribs: &AttribSet) {
        self.text.splice(range.clone(), text.iter().copied());
        self.attribs.splice(range, std::iter::repeat_n(attribs.clone(), text.len()));
    }

    /// What a document becomes, or `None` if the changeset does not fit it.
    pub fn apply(&self, changeset: &Changeset, pool: &AttribPool) -> Option<Self> {
        if changeset.old_len() != self.len() {
            return None;
        }
        let mut new = Self::default();
        let mut at = 0;
        for (op, text) in changeset.steps() {
            if op.attribs.ids().iter().any(|&id| pool.get(id).is_err()) {
                return None;
            }
            if op.kind == OpKind::Insert {
                new.push(text, &op.attribs);
                continue;
            }
            let covered = at..at + op.chars as usize;
            at = covered.end;
            if newlines(self.text.get(covered.clone())?) != op.lines as usize {
                return None;
            }
            if op.kind == OpKind::Keep {
                new.text.extend_from_slice(&self.text[covered.clone()]);
                let mut last: Option<(&AttribSet, AttribSet)> = None;
                for old in &self.attribs[covered] {
                    if last.as_ref().is_none_or(|last| last.0 != old) {
                        last = Some((old, compose_sets(old, &op.attribs, true, pool)?));
                    }
                    new.attribs.extend(last.iter().map(|last| last.1.clone()));
                }
            }
        }
        new.text.extend_from_slice(&self.text[at..]);
        new.attribs.extend_from_slice(&self.attribs[at..]);
        Some(new)
    }

    /// Replaces what a patch names, from the end so that positions stay.
    pub fn patch(&self, patch: &Patch) -> Self {
        let mut new = self.clone();
        for change in patch.changes.iter().rev() {
            match change {
                Change::Replace { range, pieces } => {
                    let mut with = Self::default();
                    pieces.iter().for_each(|(text, attribs)| with.push(text, attribs));
                    new.text.splice(range.clone(), with.text);
                    new.attribs.splice(range.clone(), with.attribs);
                }
                Change::Format { range, attribs } => new.attribs[range.clone()].fill(attribs.clone()),
            }
        }
        new
    }

    /// Stretches of equal attributes.
    pub fn runs(&self) -> impl Iterator<Item = (&[u16], &AttribSet)> {
        let mut at = 0;
        self.attribs.chunk_by(|a, b| a == b).map(move |run| {
            at += run.len();
            (&self.text[at - run.len()..at], &run[0])
        })
    }

    pub fn document(&self) -> Document {
        Document::from_pieces(self.runs())
    }

    /// The attribution, merged.
    pub fn ops(&self) -> Vec<Op> {
        self.runs().flat_map(|(text, attribs)| easysync::ops_from_text(OpKind::Insert, text, attribs)).collect()
    }

    pub fn atext(&self) -> AText {
        AText { text: self.text.clone().into(), attribs: easysync::print_ops(&self.ops()) }
    }

    /// Whether an undo gives the attributes back as they are: canonical, and none that reads as a removal.
    pub fn is_restorable(&self, pool: &AttribPool) -> bool {
        self.runs().all(|(_, set)| {
            canonical(set, pool).as_ref() == Some(set)
                && set.ids().iter().all(|&id| pool.get(id).is_ok_and(|attribute| !attribute.value.is_empty()))
        })
    }

    /// Panics unless the document is this one, inside and out.
    #[track_caller]
    pub fn check(&self, doc: &Document) {
        doc.check_invariants();
        assert_eq!(doc.len_utf16(), self.len(), "length");
        assert_eq!(doc.newlines(), newlines(&self.text), "newlines");
        let mut at = 0;
        for (text, attribs) in doc.pieces(0..self.len()).expect("all of the document") {
            assert!(!text.is_empty(), "an empty piece at {at}");
            let end = at + text.len();
            assert_eq!(text, &self.text[at..end], "text at {at}");
            assert!(self.attribs[at..end].iter().all(|set| set == attribs), "attributes at {at}");
            at = end;
        }
        assert_eq!(at, self.len(), "length of the pieces");
    }
}

pub fn newlines(text: &[u16]) -> usize {
    text.iter().filter(|&&unit| unit == 0x0a).count()
}

/// `first`, then `second`, on the same text; `content` if `first` belongs to text and not to a change.
pub fn compose_sets(first: &AttribSet, second: &AttribSet, content: bool, pool: &AttribPool) -> Option<AttribSet> {
    if second.is_empty() {
        return Some(first.clone());
    }
    if first.is_empty() && !content {
        return Some(second.clone());
    }
    let mut map = by_key(first, pool)?;
    for &id in second.ids() {
        let Attribute { key, value } = pool.get(id).ok()?;
        if content && value.is_empty() {
            map.remove(&**key);
        } else {
            map.insert(key, id);
        }
    }
    Some(map.into_values().collect())
}

/// What is left of `second` when `first` has changed the same text. Both are canonical.
pub fn follow_sets(first: &AttribSet, second: &AttribSet, pool: &AttribPool) -> Option<AttribSet> {
    if first.is_empty() || second.is_empty() {
        return Some(second.clone());
    }
    let (theirs, ours) = (by_key(first, pool)?, by_key(second, pool)?);
    let value = |id: AttribId| pool.get(id).ok().map(|attribute| &*attribute.value);
    let left = ours.iter().filter(|(key, id)| theirs.get(*key).is_none_or(|their| value(*their) > value(**id)));
    Some(left.map(|(_, &id)| id).collect())
}

pub fn canonical(set: &AttribSet, pool: &AttribPool) -> Option<AttribSet> {
    Some(by_key(set, pool)?.into_values().collect())
}

/// The last number of each key, by UTF-16 order of the keys.
fn by_key<'a>(set: &AttribSet, pool: &'a AttribPool) -> Option<BTreeMap<&'a [u16], AttribId>> {
    set.ids().iter().map(|&id| Some((&*pool.get(id).ok()?.key, id))).collect()
}
