//! Walking along an op list piece by piece.

use super::{Op, OpKind};

/// An op list of which a part has been taken: the head is what is left of the op at `index`.
pub(super) struct Heads<'a> {
    ops: &'a [Op],
    head: Option<Op>,
    /// Which op the head belongs to, counted from 0.
    pub(super) index: usize,
}

/// Ops that end before something that covers them does.
pub(super) struct Run<'a> {
    pub(super) ops: &'a [Op],
    /// Code units and newlines of the old document that they cover.
    pub(super) chars: u32,
    pub(super) lines: u32,
    /// Code units that they insert.
    pub(super) inserted: usize,
}

/// Fewer ops are not worth being taken at once.
const SHORTEST_RUN: usize = 8;

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

    /// The ops from the head on that end before `cover` does, which is a keep without attributes. `None` if they are few, or the head is but a
    /// part of an op. What is wrong with newlines ends a run.
    #[inline(never)]
    pub(super) fn run_within(&self, cover: &Op) -> Option<Run<'a>> {
        if cover.kind != OpKind::Keep || !cover.attribs.is_empty() {
            return None;
        }
        let ops = self.ops.get(self.index..).filter(|ops| ops.len() >= SHORTEST_RUN && ops.first() == self.head())?;
        let (mut count, mut inserted) = (0, 0);
        let (mut chars, mut lines) = (cover.chars, cover.lines);
        for op in ops {
            if op.kind == OpKind::Insert {
                inserted += op.chars as usize;
            } else if op.chars < chars && op.lines <= lines && lines <= chars {
                (chars, lines) = (chars - op.chars, lines - op.lines);
            } else {
                break;
            }
            count += 1;
        }
        let ops = ops.get(..count).filter(|ops| ops.len() >= SHORTEST_RUN)?;
        Some(Run { ops, chars: cover.chars - chars, lines: cover.lines - lines, inserted })
    }

    /// Takes so many ops, from the head on.
    pub(super) fn skip(&mut self, count: usize) {
        self.index += count;
        self.head = self.ops.get(self.index).cloned();
    }

    /// Takes all there are behind the head.
    pub(super) fn rest(&self) -> &'a [Op] {
        self.ops.get(self.index + 1..).unwrap_or_default()
    }
}
