//! What an editor has to do to show a change.

use super::{Change, Document, Patch};
use crate::changeset::{Changeset, OpKind};
use crate::text::Utf16String;
use std::ops::Range;

/// What changed in the text that an editor shows: one list for all revisions since it was told last.
///
/// Documents end in a newline that editors do not have, because in an editor a newline stands *between* lines. So no change
/// here begins behind that newline or takes it away; what a changeset does there is said with the newline before it.
/// All numbers are UTF-16 code units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownPatch {
    /// Three numbers for each change, ascending: from and to in the old text, and the length of what comes there.
    pub changes: Vec<u32>,
    /// Everything that is inserted, one after the other.
    pub text: Utf16String,
    /// Two numbers for each stretch whose attributes changed: from and to, in the new text.
    pub formatted: Vec<u32>,
}

impl ShownPatch {
    /// Whether the editor has nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.formatted.is_empty()
    }

    /// What `changeset` changes, from a text of which `old` is known to `new`; in place of what was here. O(changeset), plus O(log n).
    pub(crate) fn set(&mut self, changeset: &Changeset, old: Outline, new: &Document) {
        let patch = self;
        patch.clear();
        if !old.ends_in_newline || !new.ends_in_newline() {
            patch.replace_all(old, new);
            return;
        }
        let (mut old_at, mut new_at) = (0u32, 0u32);
        // The change that is being put together, from the last keep on.
        let mut start = 0;
        let mut inserted = 0;
        for (op, text) in changeset.steps() {
            match op.kind {
                OpKind::Keep => {
                    patch.push_change(start, old_at, inserted);
                    if !op.attribs.is_empty() {
                        patch.push_format(new_at, new_at + op.chars);
                    }
                    old_at += op.chars;
                    new_at += op.chars;
                    (start, inserted) = (old_at, 0);
                }
                OpKind::Remove => old_at += op.chars,
                OpKind::Insert => {
                    patch.text.push_units(text);
                    inserted += op.chars;
                    new_at += op.chars;
                }
            }
        }
        patch.push_change(start, old_at, inserted);
        patch.leave_final_newline(old.len as u32, new.len_utf16() as u32);
    }

    /// Nothing to do; the memory is kept.
    fn clear(&mut self) {
        self.changes.clear();
        self.text.clear();
        self.formatted.clear();
    }

    /// What leads from `old` to `new`, given what [`Document::diff`] found between them. O(patch), plus O(log n).
    pub(crate) fn from_patch(found: &Patch, old: &Document, new: &Document) -> Self {
        let mut patch = Self::default();
        if !old.ends_in_newline() || !new.ends_in_newline() {
            patch.replace_all(old.outline(), new);
            return patch;
        }
        let (mut old_at, mut new_at) = (0u32, 0u32);
        for change in &found.changes {
            let Range { start, end } = change.range();
            let (start, end) = (start as u32, end as u32);
            new_at += start - old_at;
            old_at = end;
            match change {
                Change::Replace { pieces, .. } => {
                    let before = patch.text.len();
                    pieces.iter().for_each(|(text, _)| patch.text.push_units(text));
                    let inserted = (patch.text.len() - before) as u32;
                    patch.push_change(start, end, inserted);
                    new_at += inserted;
                }
                Change::Format { .. } => {
                    patch.push_format(new_at, new_at + end - start);
                    new_at += end - start;
                }
            }
        }
        patch.leave_final_newline(old.len_utf16() as u32, new.len_utf16() as u32);
        patch
    }

    fn push_change(&mut self, from: u32, to: u32, inserted: u32) {
        match &mut *self.changes {
            // Two changes that touch are one.
            [.., _, end, text] if *end == from => (*end, *text) = (to, *text + inserted),
            _ if from < to || inserted > 0 => self.changes.extend([from, to, inserted]),
            _ => {}
        }
    }

    fn push_format(&mut self, from: u32, to: u32) {
        match self.formatted.last_mut() {
            Some(end) if *end == from => *end = to,
            _ => self.formatted.extend([from, to]),
        }
    }

    /// Both documents end in a newline. So if the last change reaches over that of the old one, its text ends in a newline
    /// or it begins behind another one, and the same can be said one code unit further left.
    fn leave_final_newline(&mut self, old_len: u32, new_len: u32) {
        if let [.., from, to, inserted] = &mut *self.changes
            && *to == old_len
        {
            *to -= 1;
            let mut units = std::mem::take(&mut self.text).into_units();
            if *from > *to {
                // "x\n" behind the last newline is "\nx" before it.
                *from -= 1;
                let at = units.len() - *inserted as usize;
                units.get_mut(at..).unwrap_or_default().rotate_right(1);
            } else if *inserted > 0 {
                *inserted -= 1;
                units.pop();
            } else {
                // The newline before takes the place of the last one.
                *from -= 1;
            }
            self.text = units.into();
        }
        if let [.., from, to] = &mut *self.formatted
            && *to == new_len
        {
            *to -= 1;
            if from == to {
                self.formatted.truncate(self.formatted.len() - 2);
            }
        }
    }

    /// Old documents of old pads may lack the newline; there is nothing to save then.
    fn replace_all(&mut self, old: Outline, new: &Document) {
        self.text = new.slice(0..new.outline().shown_len()).unwrap_or_default();
        self.changes = vec![0, old.shown_len() as u32, self.text.len() as u32];
    }
}

/// What has to be known of a text to say what an editor has to do in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outline {
    len: usize,
    ends_in_newline: bool,
}

impl Outline {
    /// The length without the final newline.
    fn shown_len(self) -> usize {
        self.len - usize::from(self.ends_in_newline)
    }
}

impl Document {
    /// O(log n).
    pub(crate) fn outline(&self) -> Outline {
        Outline { len: self.len_utf16(), ends_in_newline: self.ends_in_newline() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use crate::attrib::AttribPool;

    #[test]
    fn the_final_newline_is_not_touched() {
        #[rustfmt::skip]
        let cases: [(&str, &str, &[u32], &str); 9] = [
            ("a\n", "Z:2>2|1=2|1+2$b\n", &[1, 1, 2], "\nb"),
            ("a\n", "Z:2>1|1=2|1+1$\n", &[1, 1, 1], "\n"),
            ("a\n", "Z:2>1=1|1-1|1+2$b\n", &[1, 1, 1], "b"),
            ("a\n", "Z:2>1=1|1-1|2+2$\n\n", &[1, 1, 1], "\n"),
            ("a\nb\n", "Z:4<2|1=2|1-2$", &[1, 3, 0], ""),
            ("a\nb\n", "Z:4<1|1=2|1-2|1+1$\n", &[2, 3, 0], ""),
            ("a\n", "Z:2>0|1-2|1+2$b\n", &[0, 1, 1], "b"),
            ("a\n", "Z:2>1=1+1$b", &[1, 1, 1], "b"),
            ("ab\n", "Z:3>2-1=1|1=1|1+3$c\nd\n", &[], ""),
        ];
        for (old, changeset, changes, text) in cases {
            let old = Document::from_text(old);
            let Ok(changeset) = Changeset::parse(changeset) else { continue };
            let mut new = old.clone();
            new.apply(&changeset, &AttribPool::new()).unwrap();
            let mut patch = ShownPatch { changes: vec![7], text: "before".into(), formatted: vec![7, 9] };
            patch.set(&changeset, old.outline(), &new);
            assert_eq!((&*patch.changes, patch.text.to_string().as_str()), (changes, text), "{changeset}");
        }
    }

    #[test]
    fn a_difference_does_not_touch_it_either() {
        #[rustfmt::skip]
        let cases: [(&str, &str, &[u32], &str); 7] = [
            ("a\n", "a\nb\n", &[1, 1, 2], "\nb"),
            ("a\nb\n", "a\n", &[1, 3, 0], ""),
            ("\n", "\n\n", &[0, 0, 1], "\n"),
            ("ab\n", "b\n", &[0, 1, 0], ""),
            ("a\n", "b\n", &[0, 1, 1], "b"),
            ("a\n\n", "\na\n", &[0, 1, 0, 2, 2, 1], "a"),
            ("a\n", "a\n", &[], ""),
        ];
        for (old, new, changes, text) in cases {
            let (old, new) = (Document::from_text(old), Document::from_text(new));
            let patch = ShownPatch::from_patch(&old.diff(&new), &old, &new);
            assert_eq!((&*patch.changes, patch.text.to_string().as_str()), (changes, text), "{old:?} to {new:?}");
        }
    }
}
