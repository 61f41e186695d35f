//! The order of revisions: each exactly one after the last.

use std::collections::VecDeque;

/// How many items that came too early are kept.
const MAX_HELD: usize = 1000;
/// How large they may be together, in code units or bytes, as their owner counts them.
const MAX_HELD_SIZE: usize = 4_000_000;

/// What to do with something that belongs to a revision.
#[derive(Debug, PartialEq, Eq)]
pub enum Placed<T> {
    /// It is the next.
    Next(T),
    /// It was there before; dropped.
    Duplicate,
    /// It came too early, and waits in the window.
    Held,
    /// It came too early, and there is no room to wait: what is missing must be asked for.
    Full(T),
}

/// The last revision, and a bounded window of what came too early.
#[derive(Debug, Clone)]
pub struct Order<T> {
    rev: u32,
    /// Revision, item and size of what came too early, ascending.
    held: VecDeque<(u32, T, usize)>,
    size: usize,
}

impl<T> Order<T> {
    /// Begins behind revision `rev`.
    pub fn new(rev: u32) -> Self {
        Self { rev, held: VecDeque::new(), size: 0 }
    }

    /// The last revision.
    pub fn rev(&self) -> u32 {
        self.rev
    }

    /// How many items wait for others before them.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Says what to do with what belongs to revision `rev` and has some size. O(log held), and O(held) where it comes before what is held.
    pub fn place(&mut self, rev: u32, item: T, size: usize) -> Placed<T> {
        let at = self.held.partition_point(|held| held.0 < rev);
        if rev <= self.rev || self.held.get(at).is_some_and(|held| held.0 == rev) {
            return Placed::Duplicate;
        }
        if rev == self.rev + 1 {
            return Placed::Next(item);
        }
        if self.held.len() >= MAX_HELD || self.size + size > MAX_HELD_SIZE {
            return Placed::Full(item);
        }
        self.size += size;
        self.held.insert(at, (rev, item, size));
        Placed::Held
    }

    /// Forgets what waits: it comes again on another way, or was never right.
    pub fn forget_held(&mut self) {
        self.held.clear();
        self.size = 0;
    }

    /// The next revision is done. To be called after it has been applied, not before.
    pub fn advance(&mut self) {
        self.rev += 1;
        // What waited for this revision has come on another way.
        self.take(self.rev);
    }

    /// What waited and is next now.
    pub fn take_next(&mut self) -> Option<T> {
        self.take(self.rev + 1)
    }

    /// The first of what waits, if it belongs to this revision.
    fn take(&mut self, rev: u32) -> Option<T> {
        let (_, item, size) = self.held.pop_front_if(|held| held.0 == rev)?;
        self.size -= size;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_once_and_in_order() {
        let mut order = Order::new(7);
        let mut seen = Vec::new();
        for rev in [8, 10, 10, 8, 12, 9, 7, 11, 3, 13] {
            let mut next = match order.place(rev, rev, 1) {
                Placed::Next(rev) => Some(rev),
                _ => None,
            };
            while let Some(rev) = next {
                seen.push(rev);
                order.advance();
                next = order.take_next();
            }
        }
        assert_eq!(seen, [8, 9, 10, 11, 12, 13]);
        assert_eq!((order.rev(), order.held(), order.size), (13, 0, 0));
    }

    #[test]
    fn the_window_is_bounded_by_count_and_by_size() {
        let mut order = Order::new(0);
        assert!((2..).take(MAX_HELD).all(|rev| order.place(rev, (), 1) == Placed::Held));
        assert_eq!(order.place(u32::MAX, (), 1), Placed::Full(()));
        let mut order = Order::new(0);
        assert_eq!(order.place(2, (), MAX_HELD_SIZE), Placed::Held);
        assert_eq!(order.place(3, (), 1), Placed::Full(()));
    }
}
