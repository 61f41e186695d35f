//! A document so simple that it cannot be wrong: one unit and one attribute set per place.

use easysync::{AttribPool, AttribSet, Change, Changeset, Document, EmptyValue, OpKind, Patch};

#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub units: Vec<(u16, AttribSet)>,
}

impl Model {
    pub fn of(doc: &Document) -> Self {
        let pieces = doc.pieces(0..doc.len_utf16()).unwrap();
        Self { units: pieces.flat_map(|(text, attribs)| text.iter().map(|&unit| (unit, attribs.clone()))).collect() }
    }

    pub fn text(&self) -> Vec<u16> {
        self.units.iter().map(|(unit, _)| *unit).collect()
    }

    pub fn apply(&mut self, changeset: &Changeset, pool: &AttribPool) {
        let mut old = std::mem::take(&mut self.units).into_iter();
        for (op, text) in changeset.steps() {
            match op.kind {
                OpKind::Keep => self.units.extend(
                    old.by_ref()
                        .take(op.chars as usize)
                        .map(|(unit, attribs)| (unit, attribs.compose(&op.attribs, EmptyValue::Delete, pool).unwrap())),
                ),
                OpKind::Remove => drop(old.by_ref().take(op.chars as usize).count()),
                OpKind::Insert => self.units.extend(text.iter().map(|&unit| (unit, op.attribs.clone()))),
            }
        }
        self.units.extend(old);
    }

    pub fn patch(&mut self, patch: &Patch) {
        for change in patch.changes.iter().rev() {
            match change {
                Change::Replace { range, pieces } => {
                    let new = pieces.iter().flat_map(|(text, set)| text.iter().map(move |&unit| (unit, set.clone())));
                    self.units.splice(range.clone(), new.collect::<Vec<_>>());
                }
                Change::Format { range, attribs } => {
                    self.units[range.clone()].iter_mut().for_each(|(_, old)| *old = attribs.clone());
                }
            }
        }
    }

    /// The ranges of the lines.
    pub fn lines(&self) -> Vec<std::ops::Range<usize>> {
        let mut lines = Vec::new();
        let mut start = 0;
        for (at, (unit, _)) in self.units.iter().enumerate() {
            if *unit == 0x0a {
                lines.push(start..at + 1);
                start = at + 1;
            }
        }
        if start < self.units.len() {
            lines.push(start..self.units.len());
        }
        lines
    }
}
