//! One changeset past another that was made from the same document at the same time.

use super::compose::shorter;
use super::heads::Heads;
use super::{Changeset, Op, OpAssembler, OpKind};
use crate::attrib::{AttribId, AttribPool};
use crate::error::{Error, ErrorKind};
use crate::text::NEWLINE;

/// Whose text comes first when two changesets insert in the same gap.
///
/// It is asked last. Before it, an insert that carries the attribute `insertorder` = `first` goes before one that does
/// not, and an insert that begins with a newline goes after one that does not, so that lines are not split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tie {
    /// The changeset that is moved puts its text after the other's. Etherpad's `reverseInsertOrder = false`.
    OtherFirst,
    /// The changeset that is moved puts its text before the other's. Etherpad's `reverseInsertOrder = true`.
    SelfFirst,
}

impl Tie {
    /// The same decision seen from the other side.
    #[must_use]
    pub const fn flip(self) -> Self {
        match self {
            Self::OtherFirst => Self::SelfFirst,
            Self::SelfFirst => Self::OtherFirst,
        }
    }
}

impl Changeset {
    /// Moves this changeset past `other`, which was made from the same document at the same time.
    ///
    /// The result applies to the document that `other` produces. Both orders of work end in one document:
    ///
    /// ```text
    /// a.compose(&b.follow(&a, tie)) == b.compose(&a.follow(&b, tie.flip()))
    /// ```
    ///
    /// When both insert in the same gap, `tie` says whose text comes first, after the rules that look at the text and
    /// attributes themselves (see [`Tie`]). What `other` has removed cannot be removed or formatted any more. Where both
    /// give a key a value, the smaller value wins, so a removed attribute stays removed. Formatting never spreads to text
    /// that `other` inserts.
    ///
    /// The arguments stand the other way round than in Etherpad, whose `follow(other, this, reverse)` this is.
    ///
    /// O(n + m) for n and m ops, plus the text inserted. The documents are not needed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthMismatch`] if the two were not made from documents of one length;
    /// [`ErrorKind::NewlineMismatch`] if their newline counts cannot both be right;
    /// [`ErrorKind::MissingAttribute`] where both change attributes of the same text.
    ///
    /// ```
    /// use easysync::{AttribPool, Changeset, Tie};
    /// let pool = AttribPool::new();
    /// // "hi\n": one side types "a" in front, the other an emoji, two code units, after "hi".
    /// let a = Changeset::parse("Z:3>1+1$a")?;
    /// let b = Changeset::parse("Z:3>2=2+2$😀")?;
    /// assert_eq!(b.follow(&a, Tie::OtherFirst, &pool)?.to_string(), "Z:4>2=3+2$😀");
    /// # Ok::<(), easysync::Error>(())
    /// ```
    ///
    /// Source: `follow` in Etherpad's `src/static/js/Changeset.ts`.
    #[doc(alias = "transform", alias = "map", alias = "rebase")]
    pub fn follow(&self, other: &Self, tie: Tie, pool: &AttribPool) -> Result<Self, Error> {
        use OpKind::{Insert, Keep, Remove};
        if self.0.old_len != other.0.old_len {
            return Err(ErrorKind::LengthMismatch { expected: self.old_len(), found: other.old_len() }.into());
        }
        let mut out = OpAssembler::new();
        let (mut ours, mut theirs) = (Heads::new(&self.0.ops), Heads::new(&other.0.ops));
        let (mut our_text, mut their_text) = (&*self.0.bank, &*other.0.bank);
        loop {
            let (our, their) = (ours.head(), theirs.head());
            // What is left of the other side alone would only be kept, up to the end.
            let Some(our) = our else { break };
            let Some(their) = their else {
                out.push(our.clone());
                out.push_run(ours.rest());
                break;
            };
            // A small change past a large one touches little of it.
            if let Some(run) = ours.run_within(their) {
                our_text = our_text.get(run.inserted..).unwrap_or_default();
                out.push_run(run.ops);
                theirs.advance(run.chars, run.lines);
                ours.skip(run.ops.len());
                continue;
            }
            if let Some(run) = theirs.run_within(our) {
                their_text = their_text.get(run.inserted..).unwrap_or_default();
                out.push_kept(run.ops);
                ours.advance(run.chars, run.lines);
                theirs.skip(run.ops.len());
                continue;
            }
            match (our.kind, their.kind) {
                (Insert, their_kind) => {
                    let self_goes = their_kind != Insert || {
                        let side = |op, text| Candidate::new(op, text, pool.insert_order_first());
                        goes_before(&side(our, our_text), &side(their, their_text), tie)
                    };
                    if self_goes {
                        our_text = our_text.get(our.chars as usize..).unwrap_or_default();
                        out.push(ours.take_all());
                    } else {
                        their_text = their_text.get(their.chars as usize..).unwrap_or_default();
                        out.push(Op::keep(their.chars, their.lines));
                        theirs.take_all();
                    }
                }
                (_, Insert) => {
                    their_text = their_text.get(their.chars as usize..).unwrap_or_default();
                    out.push(Op::keep(their.chars, their.lines));
                    theirs.take_all();
                }
                (kind, their_kind) => {
                    let (chars, lines) = shorter(their, our, ours.index)?;
                    if their_kind == Keep {
                        let attribs = match kind {
                            Remove => our.attribs.clone(),
                            _ => our.attribs.follow(&their.attribs, pool)?,
                        };
                        out.push(Op { kind, chars, lines, attribs });
                    }
                    ours.advance(chars, lines);
                    theirs.advance(chars, lines);
                }
            }
        }
        Self::checked(other.new_len(), out.finish(), self.0.bank.clone())
    }
}

/// One of two inserts in the same gap.
struct Candidate {
    first: bool,
    newline: bool,
}

impl Candidate {
    fn new(op: &Op, text: &[u16], insert_order_first: Option<AttribId>) -> Self {
        Self {
            first: insert_order_first.is_some_and(|id| op.attribs.contains(id)),
            newline: text.first() == Some(&NEWLINE),
        }
    }
}

fn goes_before(ours: &Candidate, theirs: &Candidate, tie: Tie) -> bool {
    if ours.first != theirs.first {
        ours.first
    } else if ours.newline != theirs.newline {
        theirs.newline
    } else {
        tie == Tie::SelfFirst
    }
}
