//! A long changeset and a short one past each other, without walking along all of the long one.
//!
//! ```text
//!   long    ──── left ────┬── window ──┬──── right ────
//!   short   ─── kept ─────┤  touched   ├──── kept ─────
//! ```
//!
//! The window has every op of the long one that the short one can meet, and only it is moved past it, by
//! [`Changeset::follow`]'s own walk. What is left of it stays as it is, and so does what is right of it.

use super::follow::{Side, follow_ops};
use super::{Changeset, Op, OpAssembler, OpKind, Ops, Parts, Tie};
use crate::attrib::AttribPool;
use crate::error::Error;
use std::ops::Range;
use std::sync::Arc;

/// Changesets of fewer ops are walked along.
const MIN_LONG: usize = if cfg!(feature = "__small_tree") { 4 } else { 128 };
/// How many ops are summed up in one block, about.
const BLOCK: usize = if cfg!(feature = "__small_tree") { 2 } else { 64 };
/// So many changesets are known at a time; a client has a few.
const MAX_KNOWN: usize = 4;

/// What is known of the long changesets that short ones are moved past, one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crossings {
    /// Each with its blocks. As long as a changeset is held here, no other one can have its place in memory.
    known: Vec<(Changeset, Vec<Block>)>,
}

/// What becomes of the long changeset; see [`Crossings::carry_out`].
#[derive(Debug)]
pub(crate) enum Crossed {
    /// It becomes this one.
    Whole(Changeset),
    /// A part of its ops is replaced.
    Part(Part),
}

#[derive(Debug)]
pub(crate) struct Part {
    range: Range<usize>,
    ops: Ops,
    blocks: Range<usize>,
    old_len: usize,
    new_len: usize,
}

/// The sum of some neighbouring ops.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    ops: usize,
    /// What they cover of the old document and of the new one.
    old: Stretch,
    new: Stretch,
    /// How much of the char bank they use.
    bank: usize,
}

/// A piece of text.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    chars: u32,
    lines: u32,
    /// The code units behind the last op with newlines, which ends in one.
    tail: u32,
}

type Block = Sum;

impl Stretch {
    fn add(&mut self, chars: u32, lines: u32, tail: u32) {
        self.chars += chars;
        self.lines += lines;
        self.tail = if lines > 0 { tail } else { self.tail + tail };
    }

    fn add_op(&mut self, op: &Op) {
        self.add(op.chars, op.lines, if op.lines > 0 { 0 } else { op.chars });
    }
}

impl Sum {
    fn of(ops: &[Op]) -> Self {
        let mut sum = Self::default();
        ops.iter().for_each(|op| sum.add_op(op));
        sum
    }

    fn add_op(&mut self, op: &Op) {
        self.ops += 1;
        if op.kind != OpKind::Insert {
            self.old.add_op(op);
        }
        if op.kind != OpKind::Remove {
            self.new.add_op(op);
        }
        if op.kind == OpKind::Insert {
            self.bank += op.chars as usize;
        }
    }

    fn add(&mut self, other: &Self) {
        self.ops += other.ops;
        self.old.add(other.old.chars, other.old.lines, other.old.tail);
        self.new.add(other.new.chars, other.new.lines, other.new.tail);
        self.bank += other.bank;
    }
}

/// Cuts ops into blocks. None begins in the middle of what could be one op.
fn blocks_of(mut ops: &[Op]) -> Vec<Block> {
    let mut blocks = Vec::new();
    while !ops.is_empty() {
        let mut len = ops.len().min(BLOCK);
        while goes_on(ops, len) {
            len += 1;
        }
        let (block, rest) = ops.split_at_checked(len).unwrap_or((ops, &[]));
        blocks.push(Sum::of(block));
        ops = rest;
    }
    blocks
}

/// Whether the op at an index may come to be one with that before it.
fn goes_on(ops: &[Op], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| ops.get(before));
    matches!((before, ops.get(at)), (Some(a), Some(b)) if a.kind == b.kind && a.attribs == b.attribs)
}

impl Crossings {
    /// Moves two changesets of one document past each other. Gives back what becomes of `long`, and `short` past it; `tie` says whose
    /// text comes first if it is `long` that is moved.
    ///
    /// As two calls of [`Changeset::follow`], in O(short + n / 64) if `long` has n ops, is in normal form, and has been moved by this
    /// before; otherwise O(short + n).
    ///
    /// # Errors
    ///
    /// As [`Changeset::follow`].
    pub fn cross(
        &mut self,
        long: &Changeset,
        short: &Changeset,
        tie: Tie,
        pool: &AttribPool,
    ) -> Result<(Crossed, Changeset), Error> {
        if long.ops().len() >= MIN_LONG
            && long.old_len() == short.old_len()
            && let Some(found) = self.cross_part(long, short, tie, pool)
        {
            return Ok(found);
        }
        let whole = long.follow(short, tie, pool)?;
        Ok((Crossed::Whole(whole), short.follow(long, tie.flip(), pool)?))
    }

    /// `None` where it is not as simple as that, or something is wrong.
    fn cross_part(
        &mut self,
        long: &Changeset,
        short: &Changeset,
        tie: Tie,
        pool: &AttribPool,
    ) -> Option<(Crossed, Changeset)> {
        let touched = short.touched().filter(|_| short.is_normal())?;
        let blocks = self.blocks(long)?;
        let ops = long.ops();
        let Window { before, end, blocks } = Window::around(&touched, ops, blocks)?;
        let window = ops.get(before.ops..end)?;
        let text = long.char_bank().get(before.bank..)?;
        let rest = without_start(short.ops(), before.old)?;
        let moved_long =
            follow_ops(Side { ops: window, text }, Side { ops: &rest, text: short.char_bank() }, tie, pool).ok()?;
        let moved_short =
            follow_ops(Side { ops: &rest, text: short.char_bank() }, Side { ops: window, text }, tie.flip(), pool)
                .ok()?;
        let mut all = OpAssembler::new();
        let Stretch { chars, lines, tail } = before.new;
        all.push(Op::keep(chars - tail, lines));
        all.push(Op::keep(tail, 0));
        moved_short.finish().into_iter().for_each(|op| all.push(op));
        let moved_short = Changeset::checked(long.new_len(), all.finish(), short.0.bank.clone()).ok()?;
        let ops = if end == ops.len() { moved_long.finish() } else { moved_long.finish_open() };
        let (old_len, new_len) = (short.new_len(), moved_short.new_len());
        let part = Part { range: before.ops..end, ops, blocks, old_len, new_len };
        Some((Crossed::Part(part), moved_short))
    }

    /// The blocks of a changeset, which are made now if it is not known; `None` if it is not in normal form.
    fn blocks(&mut self, changeset: &Changeset) -> Option<&[Block]> {
        let known = self.known.iter().position(|(known, _)| Arc::ptr_eq(&known.0, &changeset.0));
        let index = match known {
            Some(index) => index,
            None => {
                if !changeset.is_normal() {
                    return None;
                }
                // What nobody else holds is done with.
                self.known.retain(|(known, _)| Arc::strong_count(&known.0) > 1);
                if self.known.len() == MAX_KNOWN {
                    self.known.remove(0);
                }
                self.known.push((changeset.clone(), blocks_of(changeset.ops())));
                self.known.len() - 1
            }
        };
        self.known.get(index).map(|(_, blocks)| &**blocks)
    }

    /// Makes of a changeset what [`Crossings::cross`] has found. O(1) if the number of its ops stays the same.
    pub fn carry_out(&mut self, crossed: Crossed, long: &mut Changeset) {
        let known = self.known.iter().position(|(known, _)| Arc::ptr_eq(&known.0, &long.0));
        // Not held here, it is changed in place.
        let known = known.map(|index| self.known.swap_remove(index).1);
        let part = match crossed {
            Crossed::Whole(whole) => {
                *long = whole;
                return;
            }
            Crossed::Part(part) => part,
        };
        let Part { range, ops: new, blocks, old_len, new_len } = part;
        let parts = Arc::make_mut(&mut long.0);
        replace(parts, range, new);
        (parts.old_len, parts.new_len) = (old_len as u32, new_len as u32);
        let Some(mut sums) = known else { return };
        let start = sums.iter().take(blocks.start).map(|block| block.ops).sum::<usize>();
        let rest = sums.get(blocks.end..).unwrap_or_default().iter().map(|block| block.ops).sum::<usize>();
        let end = parts.ops.len() - rest;
        sums.splice(blocks, blocks_of(parts.ops.get(start..end).unwrap_or_default()));
        self.known.push((long.clone(), sums));
    }
}

/// Puts ops in place of others.
fn replace(parts: &mut Parts, range: Range<usize>, new: Ops) {
    if range.len() == new.len() {
        parts.ops.iter_mut().skip(range.start).zip(new).for_each(|(place, op)| *place = op);
    } else {
        let start = range.start;
        parts.ops.drain(range);
        parts.ops.insert_many(start, new);
    }
}

/// The ops that what is touched can meet.
struct Window {
    /// What comes before it.
    before: Sum,
    /// Behind its last op.
    end: usize,
    /// The blocks in which it is.
    blocks: Range<usize>,
}

impl Window {
    /// It begins with the op that covers the code unit before what is touched, and ends with the one that covers the code unit behind
    /// it; so nothing at its edges is touched, and they stay as they are. What may come to be one op is not cut apart. `None` if the
    /// blocks do not allow that.
    fn around(touched: &Range<usize>, ops: &[Op], blocks: &[Block]) -> Option<Self> {
        let (mut at, mut first) = (Sum::default(), 0);
        while let Some(block) = blocks.get(first)
            && at.old.chars as usize + (block.old.chars as usize) < touched.start
        {
            at.add(block);
            first += 1;
        }
        let (mut before, mut covered) = (at, at.ops);
        loop {
            if !goes_on(ops, at.ops) {
                before = at;
            }
            let Some(op) = ops.get(at.ops) else { break };
            at.add_op(op);
            if at.old.chars as usize >= touched.start {
                break;
            }
        }
        (!goes_on(ops, before.ops)).then_some(())?;
        let (mut end, mut old_end) = (before.ops, before.old.chars as usize);
        while let Some(op) = ops.get(end)
            && (old_end <= touched.end || goes_on(ops, end))
        {
            old_end += op.spans().0;
            end += 1;
        }
        let mut last = first;
        while covered < end {
            covered += blocks.get(last)?.ops;
            last += 1;
        }
        Some(Self { before, end, blocks: first..last })
    }
}

/// The ops without what they say of the beginning of a document, which is all plain keeps; `None` if it is not, or their newlines do not add up.
fn without_start(ops: &[Op], start: Stretch) -> Option<Ops> {
    let (mut chars, mut lines) = (start.chars, start.lines);
    let mut rest = Ops::new();
    for op in ops {
        if chars == 0 {
            rest.push(op.clone());
            continue;
        }
        (op.kind == OpKind::Keep && op.attribs.is_empty()).then_some(())?;
        if op.chars <= chars {
            chars -= op.chars;
            lines = lines.checked_sub(op.lines)?;
        } else {
            rest.push(Op::keep(op.chars - chars, op.lines.checked_sub(lines)?));
            (chars, lines) = (0, 0);
        }
    }
    (lines == 0).then_some(rest)
}
