//! Walking along an op list piece by piece.

use super::Op;

/// An op list of which a part has been taken: the head is what is left of the op at `index`.
pub(super) struct Heads<'a> {
    ops: &'a [Op],
    head: Option<Op>,
    /// Which op the head belongs to, counted from 0.
    pub(super) index: usize,
}

impl<'a> Heads<'a> {
    pub(super) fn new(ops: &'a [Op]) -> Self {
        Self { ops, head: ops.first().cloned(), index: 0 }
    }

    pub(super) fn head(&self) -> Option<&Op> {
        self.head.as_ref()
    }

    /// Takes the head whole; an op of length zero if there is none.
    pub(super) fn take_all(&mut self) -> Op {
        self.index += 1;
        std::mem::replace(&mut self.head, self.ops.get(self.index).cloned()).unwrap_or_else(|| Op::keep(0, 0))
    }

    /// Takes a part of the head, or all of it.
    pub(super) fn advance(&mut self, chars: u32, lines: u32) {
        match &mut self.head {
            Some(head) if head.chars > chars => {
                head.chars -= chars;
                head.lines = head.lines.saturating_sub(lines);
            }
            _ => drop(self.take_all()),
        }
    }
}
