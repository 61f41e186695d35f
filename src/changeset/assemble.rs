//! Ops into normal form.
//!
//! In normal form no op has length zero; between two keeps all removals come before all inserts; neighbours of one kind
//! with equal attributes are one op, or a multi-line op and its in-line tail; and there is no plain keep at the end.
//! Removals and inserts keep their order among themselves, so the char bank never moves.
//!
//! Source: `SmartOpAssembler` and `MergingOpAssembler` in Etherpad's `src/static/js`.

use super::{Op, OpKind, Ops, check_next};
use smallvec::SmallVec;

/// Merges neighbouring ops, without changing their order. For attributions, which have inserts only.
#[derive(Debug, Default)]
pub struct OpMerger {
    pending: Option<Op>,
    /// Code units after the last newline of `pending`, which form an op of their own unless more newlines follow.
    tail: u32,
}

impl OpMerger {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next op; ops that nothing can be added to any more go to `out`. Ops of length zero vanish. O(1).
    pub fn push(&mut self, op: Op, out: &mut impl Extend<Op>) {
        if op.chars == 0 {
            return;
        }
        if !self.absorb(&op) {
            self.flush(out);
            self.pending = Some(op);
        }
    }

    /// Adds an op to the pending one, if they are alike and the sum of their lengths is still a number.
    fn absorb(&mut self, op: &Op) -> bool {
        let Some(pending) = &mut self.pending else { return false };
        if pending.kind != op.kind || pending.attribs != op.attribs {
            return false;
        }
        let (Some(tail), Some(lines)) = (self.tail.checked_add(op.chars), pending.lines.checked_add(op.lines)) else {
            return false;
        };
        let Some(chars) = pending.chars.checked_add(tail) else { return false };
        if op.lines > 0 || pending.lines == 0 {
            (pending.chars, pending.lines, self.tail) = (chars, lines, 0);
        } else {
            self.tail = tail;
        }
        true
    }

    /// Gives out what is left.
    pub fn flush(&mut self, out: &mut impl Extend<Op>) {
        if let Some(op) = self.pending.take() {
            let tail = std::mem::take(&mut self.tail);
            let tail = (tail > 0).then(|| Op { chars: tail, lines: 0, ..op.clone() });
            out.extend(Some(op));
            if tail.is_some() {
                out.extend(tail);
            }
        }
    }

    /// Gives out what is left, unless it is a keep without attributes.
    pub fn finish(&mut self, out: &mut impl Extend<Op>) {
        match &self.pending {
            Some(op) if op.kind == OpKind::Keep && op.attribs.is_empty() => *self = Self::default(),
            _ => self.flush(out),
        }
    }
}

/// Takes ops in any order within a gap and gives them out in normal form.
#[derive(Debug, Default)]
pub struct OpAssembler {
    out: Ops,
    keeps: OpMerger,
    removes: OpMerger,
    inserts: OpMerger,
    /// Inserts of the gap that are complete; they wait until no removal can come before them any more.
    gap: Ops,
}

impl OpAssembler {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next op. O(1), amortised.
    pub fn push(&mut self, op: Op) {
        if op.chars == 0 {
            return;
        }
        match op.kind {
            OpKind::Keep => {
                self.flush_gap();
                self.keeps.push(op, &mut self.out);
            }
            OpKind::Remove => {
                self.keeps.flush(&mut self.out);
                self.removes.push(op, &mut self.out);
            }
            OpKind::Insert => {
                self.keeps.flush(&mut self.out);
                self.inserts.push(op, &mut self.gap);
            }
        }
    }

    /// Takes ops that stand behind each other in a changeset, as [`OpAssembler::push`] takes each; what is in normal form already is copied.
    /// O(n).
    pub(super) fn push_run(&mut self, ops: &[Op]) {
        // A keep behind another kind is never joined with what stands before it; so from the first to the last of these all stays as it is.
        let (mut first, mut last) = (0, 0);
        let mut before = None;
        for (at, op) in ops.iter().enumerate() {
            if check_next(before, op).is_err() {
                break;
            }
            if op.kind == OpKind::Keep && before.is_some_and(|before| before.kind != OpKind::Keep) {
                first = if first == 0 { at } else { first };
                last = at;
            }
            before = Some(op);
        }
        let (rest, tail) = ops.split_at_checked(last).unwrap_or((ops, &[]));
        let (head, copied) = rest.split_at_checked(first).unwrap_or((rest, &[]));
        head.iter().for_each(|op| self.push(op.clone()));
        if !copied.is_empty() {
            self.flush_gap();
            self.out.extend(copied.iter().cloned());
        }
        tail.iter().for_each(|op| self.push(op.clone()));
    }

    /// Takes a plain keep over what ops that stand behind each other leave of a document and insert into it. O(n).
    pub(super) fn push_kept(&mut self, ops: &[Op]) {
        // Up to the last newline, and behind it.
        let (mut kept, mut tail) = (Op::keep(0, 0), 0);
        for op in ops.iter().filter(|op| op.kind != OpKind::Remove) {
            tail += op.chars;
            if op.lines > 0 {
                kept = Op::keep(kept.chars + tail, kept.lines + op.lines);
                tail = 0;
            }
        }
        self.push(kept);
        self.push(Op::keep(tail, 0));
    }

    /// The ops, a plain keep at the end left out.
    pub fn finish(mut self) -> SmallVec<[Op; 3]> {
        self.flush_gap();
        self.keeps.finish(&mut self.out);
        self.out
    }

    /// The ops, a plain keep at the end included, for lists that end in the middle of a document.
    pub fn finish_open(mut self) -> SmallVec<[Op; 3]> {
        self.flush_gap();
        self.keeps.flush(&mut self.out);
        self.out
    }

    fn flush_gap(&mut self) {
        self.removes.flush(&mut self.out);
        self.inserts.flush(&mut self.gap);
        self.out.append(&mut self.gap);
    }
}
