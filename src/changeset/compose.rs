//! One changeset after another, as one.

use super::heads::Heads;
use super::{Bank, Changeset, Op, OpAssembler, OpKind};
use crate::attrib::{AttribPool, EmptyValue};
use crate::error::{Error, ErrorKind};
use crate::text::NEWLINE;
use std::cmp::Ordering;

impl Changeset {
    /// This changeset, then `next`, as one.
    ///
    /// ```text
    /// doc.apply(a.compose(b)) == doc.apply(a).apply(b)
    /// a.compose(b).compose(c) == a.compose(b.compose(c))
    /// ```
    ///
    /// The result is in normal form. Text that `next` removes from what `self` inserts vanishes; attributes on the same
    /// text are composed, as a change where both keep, as content where `self` inserts.
    ///
    /// O(n + m) for n and m ops, plus the text inserted. The documents are not needed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthMismatch`] if `next` was not made from documents of this one's new length,
    /// [`ErrorKind::NewlineMismatch`] if their newline counts cannot both be right,
    /// [`ErrorKind::MissingAttribute`] where attributes must be looked up.
    ///
    /// ```
    /// use easysync::{AttribPool, Changeset};
    /// let pool = AttribPool::new();
    /// let a = Changeset::parse("Z:1>2+2$😀")?; // puts an emoji, two code units, before the newline
    /// let b = Changeset::parse("Z:3>1=2+1$!")?;
    /// assert_eq!(a.compose(&b, &pool)?.to_string(), "Z:1>3+3$😀!");
    /// # Ok::<(), easysync::Error>(())
    /// ```
    ///
    /// Source: `compose` in Etherpad's `src/static/js/Changeset.ts`.
    #[doc(alias = "then")]
    pub fn compose(&self, next: &Self, pool: &AttribPool) -> Result<Self, Error> {
        if self.0.new_len != next.0.old_len {
            return Err(ErrorKind::LengthMismatch { expected: next.old_len(), found: self.new_len() }.into());
        }
        let mut out = OpAssembler::new();
        let mut bank = Bank::new();
        let (mut first, mut second) = (&*self.0.bank, &*next.0.bank);
        zip(&self.0.ops, &next.0.ops, pool, |from, mut op| {
            if op.kind == OpKind::Insert {
                let source = if from == From::Second { &mut second } else { &mut first };
                let (text, rest) = source.split_at_checked(op.chars as usize).unwrap_or((source, &[]));
                *source = rest;
                if from != From::Nowhere {
                    bank.extend_from_slice(text);
                    if let Some(lines) = whole_lines(&mut op, text) {
                        out.push(lines);
                    }
                }
            }
            if from != From::Nowhere {
                out.push(op);
            }
        })?;
        Self::checked(self.old_len(), out.finish(), bank)
    }

    /// Many changesets, each made for what the one before it produces, as one; `None` if there are none.
    ///
    /// O(n log m) for n ops in m changesets: neighbours are composed, then neighbours of what that gave, and so on. One after the
    /// other would go through the first ones again for each that follows.
    ///
    /// # Errors
    ///
    /// As [`Changeset::compose`].
    ///
    /// ```
    /// use easysync::{AttribPool, Changeset};
    /// let typed = ["Z:1>1+1$a", "Z:2>1=1+1$b", "Z:3>2=2+2$😀"].map(|text| Changeset::parse(text).unwrap());
    /// let all = Changeset::compose_all(typed, &AttribPool::new())?;
    /// assert_eq!(all, Some(Changeset::parse("Z:1>4+4$ab😀")?));
    /// # Ok::<(), easysync::Error>(())
    /// ```
    pub fn compose_all(all: impl IntoIterator<Item = Self>, pool: &AttribPool) -> Result<Option<Self>, Error> {
        let mut all: Vec<Self> = all.into_iter().collect();
        while all.len() > 1 {
            let mut rest = all.into_iter();
            all = std::iter::from_fn(|| {
                let first = rest.next()?;
                Some(rest.next().map_or_else(|| Ok(first.clone()), |second| first.compose(&second, pool)))
            })
            .collect::<Result<_, Error>>()?;
        }
        Ok(all.pop())
    }
}

/// Takes the lines off the front of an insert that has some and ends in mid-line. One comes about where the second changeset
/// has an op over several lines that ends so, and the first inserts text there.
fn whole_lines(insert: &mut Op, text: &[u16]) -> Option<Op> {
    if insert.lines == 0 || text.last() == Some(&NEWLINE) {
        return None;
    }
    let chars = text.iter().rposition(|unit| *unit == NEWLINE)? as u32 + 1;
    let lines = Op { chars, ..insert.clone() };
    (insert.chars, insert.lines) = (insert.chars - chars, 0);
    Some(lines)
}

/// Where the text of a composed op comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The first list has it, and the second may have changed its attributes.
    First,
    /// The second list inserts it.
    Second,
    /// The first list inserts it and the second removes it, so there is no such op.
    Nowhere,
}

/// Walks along two op lists, the second made for what the first produces, and gives out the ops of both together.
///
/// | first | second | given out |
/// |---|---|---|
/// | none | any | second |
/// | any | none | first |
/// | remove | any | first |
/// | keep, insert | insert | second |
/// | insert | remove | nothing |
/// | insert | keep | insert, attributes composed as content |
/// | keep | remove | remove |
/// | keep | keep | keep, attributes composed as a change |
///
/// In the last four rows the length of the shorter one counts for both.
pub(super) fn zip(first: &[Op], second: &[Op], pool: &AttribPool, mut emit: impl FnMut(From, Op)) -> Result<(), Error> {
    use OpKind::{Insert, Keep, Remove};
    let (mut first, mut second) = (Heads::new(first), Heads::new(second));
    loop {
        let (a, b) = match (first.head(), second.head()) {
            (None, None) => return Ok(()),
            (Some(a), None) => (a, None),
            (Some(a), Some(b)) if a.kind != Remove && b.kind != Insert => (a, Some(b)),
            (Some(a), Some(_)) if a.kind == Remove => (a, None),
            (_, Some(_)) => {
                emit(From::Second, second.take_all());
                continue;
            }
        };
        let Some(b) = b else {
            emit(From::First, first.take_all());
            continue;
        };
        let (a_kind, b_kind) = (a.kind, b.kind);
        let attribs = match (a_kind, b_kind) {
            (_, Remove) => b.attribs.clone(),
            (Insert, _) => a.attribs.compose(&b.attribs, EmptyValue::Delete, pool)?,
            _ => a.attribs.compose(&b.attribs, EmptyValue::Keep, pool)?,
        };
        let (chars, lines) = shorter(a, b, second.index)?;
        first.advance(chars, lines);
        second.advance(chars, lines);
        match (a_kind, b_kind) {
            (Insert, Remove) => emit(From::Nowhere, Op { kind: Insert, chars, lines, attribs }),
            (_, Remove) => emit(From::First, Op { kind: Remove, chars, lines, attribs }),
            (Insert, _) => emit(From::First, Op { kind: Insert, chars, lines, attribs }),
            _ => emit(From::First, Op { kind: Keep, chars, lines, attribs }),
        }
    }
}

/// Length and newlines of the shorter of two ops over the same text, if the newlines of both can be right.
pub(super) fn shorter(a: &Op, b: &Op, op: usize) -> Result<(u32, u32), Error> {
    let possible = match a.chars.cmp(&b.chars) {
        Ordering::Less => a.lines <= b.lines,
        Ordering::Equal => a.lines == b.lines,
        Ordering::Greater => a.lines >= b.lines,
    } && a.lines <= a.chars
        && b.lines <= b.chars;
    if !possible {
        return Err(ErrorKind::NewlineMismatch { op, expected: b.lines as usize, found: a.lines as usize }.into());
    }
    let shorter = if a.chars <= b.chars { a } else { b };
    Ok((shorter.chars, shorter.lines))
}
