//! Changesets: what they are, how they are read, written, combined, and moved past each other.
//!
//! | file | operation |
//! |---|---|
//! | `parse`, `print` | wire text to [`Changeset`] and back |
//! | `assemble` | ops into normal form |
//! | `build` | changesets from scratch: keep, remove, insert, splice |
//! | `compose` | one after the other |
//! | `cut` | one in two |
//! | `follow` | one past the other, made at the same time |
//! | `inverse` | undo |
//! | `position` | where a position or range goes; what is replaced by what |
//! | `renumber` | from one attribute pool to another |
//! | `attribution` | the flat form of a document's attributes |
//! | `flat` | documents that a host keeps as a text, or as lists of lines |

mod assemble;
mod attribution;
mod build;
mod compose;
mod cut;
mod flat;
mod follow;
mod heads;
mod inverse;
mod parse;
mod position;
mod print;
mod renumber;

pub use assemble::{OpAssembler, OpMerger};
pub use attribution::{compose_attribution, join_attribution_lines, slice_attribution, split_attribution_lines};
pub use build::{Builder, ops_from_text};
pub use flat::{AttributedLines, LineSplice};
pub use follow::Tie;
pub use inverse::{AttributedText, Visitor};
pub use parse::{Unpacked, parse_ops, unpack};
pub use position::{Assoc, Splice};
pub use print::print_ops;
pub(crate) use renumber::PoolMap;
pub use renumber::{UnknownAttrib, Wire, move_ops_to_pool};

use crate::attrib::AttribSet;
use crate::error::{Error, ErrorKind, NormalForm};
use crate::text::{MAX_LEN, NEWLINE, count_newlines};
use smallvec::SmallVec;
use triomphe::Arc;

/// What an op does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpKind {
    /// `=`: leaves text where it is and applies the attributes to it as a change.
    #[doc(alias = "retain")]
    Keep,
    /// `-`: takes text out.
    #[doc(alias = "delete")]
    Remove,
    /// `+`: puts in the next code units of the char bank, with exactly these attributes.
    Insert,
}

impl OpKind {
    /// `=`, `-` or `+`.
    pub const fn symbol(self) -> char {
        match self {
            Self::Keep => '=',
            Self::Remove => '-',
            Self::Insert => '+',
        }
    }
}

/// One step of a changeset: a kind, the code units and newlines that it covers, and attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// What it does.
    pub kind: OpKind,
    /// Its length in UTF-16 code units, at most 2^31 - 1.
    pub chars: u32,
    /// How many of them are `\n`. In a changeset, an op with newlines ends in one.
    pub lines: u32,
    /// Attributes to set (keep) or to have (insert). A removal carries none; if it does, they are ignored.
    pub attribs: AttribSet,
}

impl Op {
    /// A keep without attributes.
    pub fn keep(chars: u32, lines: u32) -> Self {
        Self { kind: OpKind::Keep, chars, lines, attribs: AttribSet::EMPTY }
    }

    /// A removal.
    pub fn remove(chars: u32, lines: u32) -> Self {
        Self { kind: OpKind::Remove, chars, lines, attribs: AttribSet::EMPTY }
    }

    /// An insert.
    pub fn insert(chars: u32, lines: u32, attribs: AttribSet) -> Self {
        Self { kind: OpKind::Insert, chars, lines, attribs }
    }

    /// How much of the old document the op covers.
    fn old_span(&self) -> usize {
        if self.kind == OpKind::Insert { 0 } else { self.chars as usize }
    }
}

/// Few ops and short texts, the common case, take no memory of their own.
type Ops = SmallVec<[Op; 3]>;
type Bank = SmallVec<[u16; 8]>;

/// A change to a whole document: keeps, removals and inserts from its start; the rest is kept.
///
/// All lengths and positions are **UTF-16 code units**, and the only newline is `\n`.
///
/// These hold for every value of this type, whatever it was made from:
///
/// 1. lengths are at most 2^31 - 1, and no op has more newlines than code units;
/// 2. keeps and removals end within the old length;
/// 3. old length, removals and inserts add up to the new length;
/// 4. the inserts use up the char bank exactly, have the newlines that they claim, and end in a newline if they claim
///    any.
///
/// Not known before it meets a document: whether keeps and removals have the newlines that they claim. A changeset from
/// [`Changeset::parse`], and any result computed from such ones, is also in [normal form](Changeset::is_normal).
///
/// ```
/// use easysync::{AttribPool, Changeset, Document};
/// let pool = AttribPool::new();
/// let mut doc = Document::from_text("abc\ndef\n");
/// // keep "ab", remove "c\n", insert "X\n" and "Y"
/// let changeset = Changeset::parse("Z:8>1=2|1-2|1+2+1$X\nY")?;
/// doc.apply(&changeset, &pool)?;
/// assert_eq!(doc.text(), "abX\nYdef\n");
/// assert_eq!(changeset.to_string(), "Z:8>1=2|1-2|1+2+1$X\nY");
/// # Ok::<(), easysync::Error>(())
/// ```
///
/// A clone is O(1) and shares all memory with the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset(Arc<Parts>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts {
    old_len: u32,
    new_len: u32,
    ops: Ops,
    bank: Bank,
}

impl Parts {
    /// Sets both lengths, if all that stands at [`Changeset`] holds for the ops and the bank. Every changeset has come through here,
    /// or has the parts of one that has.
    fn settle(&mut self, old_len: usize) -> Result<(), Error> {
        if old_len > MAX_LEN {
            return Err(ErrorKind::TooLong { len: old_len }.into());
        }
        // Where it has come to in the old document, what it has removed of that, and what of the bank is used.
        let (mut old_pos, mut removed, mut used) = (0, 0, 0);
        for (index, op) in self.ops.iter().enumerate() {
            let (chars, lines) = (op.chars as usize, op.lines as usize);
            if lines > chars {
                return Err(ErrorKind::MoreLinesThanChars { op: index, lines, chars }.into());
            }
            if op.kind == OpKind::Insert {
                let end = used + chars;
                let Some(text) = self.bank.get(used..end) else {
                    return Err(ErrorKind::BankTooShort { op: index, expected: end, found: self.bank.len() }.into());
                };
                check_insert(index, lines, text)?;
                used = end;
                continue;
            }
            old_pos += chars;
            removed += if op.kind == OpKind::Remove { chars } else { 0 };
            if old_pos > old_len {
                return Err(ErrorKind::PastEnd { op: index, end: old_pos, old_len }.into());
            }
        }
        if used < self.bank.len() {
            return Err(ErrorKind::BankLeftOver { expected: used, found: self.bank.len() }.into());
        }
        let new_len = old_len - removed + used;
        if new_len > MAX_LEN {
            return Err(ErrorKind::TooLong { len: new_len }.into());
        }
        (self.old_len, self.new_len) = (old_len as u32, new_len as u32);
        Ok(())
    }
}

impl Changeset {
    /// The changeset that changes nothing in a document of `len` code units.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`] above 2^31 - 1.
    #[doc(alias = "empty")]
    pub fn identity(len: usize) -> Result<Self, Error> {
        Self::from_ops(len, [], &[])
    }

    /// Makes a changeset from ops as they are, in normal form or not, and the text of its inserts. O(n).
    ///
    /// # Errors
    ///
    /// Whatever breaks the invariants that stand at [`Changeset`].
    pub fn from_ops(old_len: usize, ops: impl IntoIterator<Item = Op>, char_bank: &[u16]) -> Result<Self, Error> {
        Self::checked(old_len, ops.into_iter().collect(), Bank::from_slice(char_bank))
    }

    fn checked(old_len: usize, ops: Ops, bank: Bank) -> Result<Self, Error> {
        let mut parts = Parts { ops, bank, ..Parts::default() };
        parts.settle(old_len)?;
        Ok(Self(Arc::new(parts)))
    }

    /// The same lengths and texts with other ops, which must cover the same.
    fn with_ops(&self, ops: Ops) -> Self {
        let Parts { old_len, new_len, bank, .. } = &*self.0;
        Self(Arc::new(Parts { old_len: *old_len, new_len: *new_len, ops, bank: bank.clone() }))
    }

    /// Makes the identity the one for documents of `len` code units, which is at most 2^31 - 1.
    pub(crate) fn set_identity(&mut self, len: usize) {
        match Arc::get_mut(&mut self.0) {
            Some(Parts { old_len, new_len, ops, .. }) if ops.is_empty() => {
                (*old_len, *new_len) = (len as u32, len as u32)
            }
            _ => {
                let (ops, bank) = (Ops::new(), Bank::new());
                self.0 = Arc::new(Parts { old_len: len as u32, new_len: len as u32, ops, bank });
            }
        }
    }

    /// The length of the documents that it applies to, in code units.
    #[doc(alias = "base_len")]
    pub fn old_len(&self) -> usize {
        self.0.old_len as usize
    }

    /// The length of the documents that it makes, in code units.
    #[doc(alias = "target_len")]
    pub fn new_len(&self) -> usize {
        self.0.new_len as usize
    }

    /// The ops, in the order of the old document.
    pub fn ops(&self) -> &[Op] {
        &self.0.ops
    }

    /// The text of all inserts, one after the other.
    pub fn char_bank(&self) -> &[u16] {
        &self.0.bank
    }

    /// The ops, each with the text that it inserts; empty for keeps and removals.
    pub fn steps(&self) -> impl Iterator<Item = (&Op, &[u16])> {
        let mut rest = &*self.0.bank;
        self.0.ops.iter().map(move |op| match op.kind {
            OpKind::Insert => {
                let (text, after) = rest.split_at_checked(op.chars as usize).unwrap_or((rest, &[]));
                rest = after;
                (op, text)
            }
            OpKind::Keep | OpKind::Remove => (op, &[][..]),
        })
    }

    /// Whether it changes neither text nor attributes of any document: it has no ops. In normal form there is no other
    /// way to say so.
    #[doc(alias = "is_noop")]
    pub fn is_identity(&self) -> bool {
        self.0.ops.is_empty()
    }

    /// Whether the ops are in normal form: none of length zero; between two keeps all removals before all inserts;
    /// neighbours that can be one op are; no plain keep at the end. O(n).
    ///
    /// Source: `checkRep` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn is_normal(&self) -> bool {
        let last = std::iter::once(None).chain(self.0.ops.iter().map(Some));
        last.zip(&self.0.ops).all(|(last, op)| check_next(last, op).is_ok()) && check_last(self.0.ops.last()).is_ok()
    }

    /// The same change in normal form. O(n).
    pub fn to_normal(&self) -> Self {
        if self.is_normal() {
            return self.clone();
        }
        let mut out = OpAssembler::new();
        self.0.ops.iter().for_each(|op| out.push(op.clone()));
        self.with_ops(out.finish())
    }
}

/// An insert must have the newlines that it claims, and end in one if there are any.
fn check_insert(op: usize, lines: usize, text: &[u16]) -> Result<(), Error> {
    let found = count_newlines(text);
    if found != lines {
        return Err(ErrorKind::NewlineMismatch { op, expected: lines, found }.into());
    }
    if lines > 0 && text.last() != Some(&NEWLINE) {
        return Err(ErrorKind::InsertEnd { op }.into());
    }
    Ok(())
}

/// Whether an op may stand behind another in normal form.
fn check_next(last: Option<&Op>, op: &Op) -> Result<(), NormalForm> {
    if op.chars == 0 {
        return Err(NormalForm::ZeroLength);
    }
    let Some(last) = last else { return Ok(()) };
    if last.kind == OpKind::Insert && op.kind == OpKind::Remove {
        return Err(NormalForm::RemoveAfterInsert);
    }
    // A multi-line op may be followed by its in-line tail, and only by that.
    let is_tail = last.lines > 0 && op.lines == 0;
    if last.kind == op.kind && !is_tail && last.attribs == op.attribs {
        return Err(NormalForm::Unmerged);
    }
    Ok(())
}

/// Whether an op may stand at the end in normal form.
fn check_last(last: Option<&Op>) -> Result<(), NormalForm> {
    match last {
        Some(op) if op.kind == OpKind::Keep && op.attribs.is_empty() => Err(NormalForm::FinalKeep),
        _ => Ok(()),
    }
}
