//! Undo.

use super::{Bank, Changeset, Op, OpAssembler, OpKind, ops_from_text};
use crate::attrib::{AttribPool, AttribSet, Attribute};
use crate::error::{Error, ErrorKind};
use std::ops::Range;

/// What is called for each piece of an [`AttributedText`].
pub type Visitor<'a> = dyn FnMut(&[u16], &AttribSet) -> Result<(), Error> + 'a;

/// A text with attributes that can be read piece by piece.
pub trait AttributedText {
    /// Length in UTF-16 code units.
    fn len_utf16(&self) -> usize;

    /// Calls `visit` for the pieces of a range, in order. Each piece has one attribute set; neighbours may have the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`], and whatever `visit` returns.
    fn visit(&self, range: Range<usize>, visit: &mut Visitor<'_>) -> Result<(), Error>;
}

impl Changeset {
    /// The changeset that takes this one back, from the document *before* it.
    ///
    /// ```text
    /// doc.apply(a).apply(a.inverse(doc)) == doc
    /// ```
    ///
    /// Attributes that did not exist come back as removals, `key` = "", for which `pool` gets numbers. An attribute whose
    /// value in the document is already "" cannot be restored: as a change "" means removal.
    ///
    /// O(n) for n ops plus what they remove or format, plus finding the places.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthMismatch`] if `old` has another length, [`ErrorKind::NewlineMismatch`] if an op's newlines are
    /// not those of `old`, [`ErrorKind::MissingAttribute`].
    ///
    /// ```
    /// use easysync::{AttribPool, Changeset, Document};
    /// let mut pool = AttribPool::new();
    /// let doc = Document::from_text("a😀b\n");
    /// let cut = Changeset::parse("Z:5<2=1-2$")?;
    /// assert_eq!(cut.inverse(&doc, &mut pool)?.to_string(), "Z:3>2=1+2$😀");
    /// # Ok::<(), easysync::Error>(())
    /// ```
    ///
    /// Source: `inverse` in Etherpad's `src/static/js/Changeset.ts`.
    #[doc(alias = "invert", alias = "undo")]
    pub fn inverse(&self, old: &impl AttributedText, pool: &mut AttribPool) -> Result<Self, Error> {
        if old.len_utf16() != self.old_len() {
            return Err(ErrorKind::LengthMismatch { expected: self.old_len(), found: old.len_utf16() }.into());
        }
        let mut out = OpAssembler::new();
        let mut bank = Bank::new();
        let mut pos = 0;
        for (index, op) in self.0.ops.iter().enumerate() {
            let range = pos..pos + op.old_span();
            pos = range.end;
            let mut lines = 0;
            match op.kind {
                OpKind::Insert => {
                    out.push(Op::remove(op.chars, op.lines));
                    continue;
                }
                OpKind::Keep if op.attribs.is_empty() => {
                    out.push(op.clone());
                    continue;
                }
                OpKind::Keep => old.visit(range, &mut |text, attribs| {
                    let back = restore(attribs, &op.attribs, pool)?;
                    for op in ops_from_text(OpKind::Keep, text, &back) {
                        lines += op.lines;
                        out.push(op);
                    }
                    Ok(())
                })?,
                OpKind::Remove => old.visit(range, &mut |text, attribs| {
                    for op in ops_from_text(OpKind::Insert, text, attribs) {
                        lines += op.lines;
                        out.push(op);
                    }
                    bank.extend_from_slice(text);
                    Ok(())
                })?,
            }
            if lines != op.lines {
                return Err(ErrorKind::NewlineMismatch {
                    op: index,
                    expected: op.lines as usize,
                    found: lines as usize,
                }
                .into());
            }
        }
        Self::checked(self.new_len(), out.finish(), bank)
    }
}

/// The change that brings text which had `old` back from `change`.
pub(super) fn restore(old: &AttribSet, change: &AttribSet, pool: &mut AttribPool) -> Result<AttribSet, Error> {
    let mut back = Vec::new();
    for &id in change.ids() {
        let Attribute { key, value } = pool.get(id)?.clone();
        let old_value = old.value(&key, pool)?.cloned().unwrap_or_default();
        if old_value != value {
            back.push(pool.put(Attribute { key, value: old_value }));
        }
    }
    back.into_iter().collect::<AttribSet>().to_canonical(pool)
}
