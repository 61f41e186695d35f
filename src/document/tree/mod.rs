//! A persistent balanced tree over any leaf that can be summarised.
//!
//! Nodes are shared by reference count and copied when they are written to while shared, so a clone is O(1) and an edit
//! copies at most the nodes on its path. A tree that shares nothing is edited in place.
//!
//! Every node's children have the same height. A parent keeps the summary of each child beside the link to it, so that a
//! search looks into no node that is not on its path.

#![allow(clippy::indexing_slicing, reason = "indices come from searches in the same node; check_invariants() tells")]

mod concat;
mod diff;
mod node;

pub(crate) use diff::{Gap, unshared};
pub(crate) use node::{Edited, Leaf, Summary};

use node::{Branch, Inner, Link};
use std::ops::Range;

/// A sequence of leaves with the sums of their summaries.
#[derive(Clone)]
pub(crate) struct Tree<L: Leaf> {
    root: Branch<L>,
}

/// A leaf, and what comes before it.
pub(crate) struct Place<'a, L: Leaf> {
    pub leaf: &'a L,
    /// The sum of all leaves before this one.
    pub before: L::Summary,
}

impl<L: Leaf> Tree<L> {
    /// Builds a tree from leaves in O(n). There is always at least one leaf; it may be empty.
    pub(crate) fn from_leaves(leaves: impl IntoIterator<Item = L>) -> Self {
        let mut level: Vec<Branch<L>> = leaves.into_iter().map(Branch::leaf).collect();
        while level.len() > 1 {
            level = Branch::group(level);
        }
        Self { root: level.pop().unwrap_or_else(|| Branch::leaf(L::default())) }
    }

    /// The sum of all leaves. O(1).
    pub(crate) fn summary(&self) -> L::Summary {
        self.root.sum
    }

    /// The first leaf at whose end `past` holds for the sum so far, or the last leaf. `past` must be monotonic. O(log n).
    pub(crate) fn seek(&self, past: impl Fn(&L::Summary) -> bool) -> Place<'_, L> {
        let mut link = &self.root.link;
        let mut before = L::Summary::default();
        loop {
            match link {
                Link::Leaf(leaf) => return Place { leaf, before },
                Link::Inner(inner) => {
                    let mut index = 0;
                    loop {
                        let after = before + inner.sums[index];
                        if index + 1 == inner.sums.len() || past(&after) {
                            break;
                        }
                        before = after;
                        index += 1;
                    }
                    link = &inner.links[index];
                }
            }
        }
    }

    /// The last leaf. O(log n).
    pub(crate) fn last_leaf(&self) -> &L {
        let mut link = &self.root.link;
        loop {
            match link {
                Link::Leaf(leaf) => return leaf,
                Link::Inner(inner) => link = &inner.links[inner.links.len() - 1],
            }
        }
    }

    /// Changes one leaf in place: the one in which `at` lies or, between two, the left one. `edit` gets the leaf and the
    /// sum of those before it; it may be asked twice. Says whether it was done. O(log n).
    pub(crate) fn edit_leaf(&mut self, at: usize, mut edit: impl FnMut(&mut L, L::Summary) -> Edited) -> bool {
        let (edited, sum) = node::edit(&mut self.root.link, L::Summary::default(), self.root.sum, at, &mut edit);
        self.root.sum = sum;
        self.root.collapse();
        edited == Edited::Done
    }

    /// Cuts the tree in two at `at`. O(log n).
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let root = std::mem::replace(&mut self.root, Branch::leaf(L::default()));
        let (left, right) = concat::split(root, at);
        if let Some(left) = left {
            self.root = left;
        }
        Self { root: right.unwrap_or_else(|| Branch::leaf(L::default())) }
    }

    /// Appends a tree. O(log n).
    pub(crate) fn append(&mut self, other: Self) {
        if other.root.sum.len() == 0 {
            return;
        }
        let root = std::mem::replace(&mut self.root, Branch::leaf(L::default()));
        self.root = if root.sum.len() == 0 { other.root } else { concat::concat(root, other.root) };
    }

    /// Replaces a range by a tree. O(log n).
    pub(crate) fn replace(&mut self, range: Range<usize>, with: Self) {
        let mut right = self.split_off(range.start);
        let right = right.split_off(range.end - range.start);
        self.append(with);
        self.append(right);
    }

    /// The leaves from the one in which `at` lies (between two, the right one) to the end, each with what comes before.
    pub(crate) fn leaves_from(&self, at: usize) -> Leaves<'_, L> {
        let mut leaves = Leaves::<L> { stack: Vec::new(), next: None, before: L::Summary::default() };
        let mut link = &self.root.link;
        loop {
            match link {
                Link::Leaf(leaf) => {
                    leaves.next = Some(leaf);
                    return leaves;
                }
                Link::Inner(inner) => {
                    let mut index = 0;
                    while index + 1 < inner.sums.len() && (leaves.before + inner.sums[index]).len() <= at {
                        leaves.before = leaves.before + inner.sums[index];
                        index += 1;
                    }
                    leaves.stack.push((inner, index + 1));
                    link = &inner.links[index];
                }
            }
        }
    }

    /// Whether both are the same node: O(1), and if so they are equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.root.link.is_same(&other.root.link)
    }

    /// Whether another tree has the same root. O(1).
    pub(crate) fn is_shared(&self) -> bool {
        self.root.link.is_shared()
    }

    /// Checks sums, heights, fill and the leaves' own invariants. O(n), for tests.
    ///
    /// # Panics
    ///
    /// If one does not hold.
    pub(crate) fn check_invariants(&self) {
        self.root.check(true);
    }
}

/// See [`Tree::leaves_from`].
pub(crate) struct Leaves<'a, L: Leaf> {
    /// The inner nodes on the path, each with the index of the child after it.
    stack: Vec<(&'a Inner<L>, usize)>,
    next: Option<&'a L>,
    before: L::Summary,
}

impl<'a, L: Leaf> Iterator for Leaves<'a, L> {
    type Item = Place<'a, L>;

    fn next(&mut self) -> Option<Place<'a, L>> {
        let leaf = self.next.take()?;
        let before = self.before;
        self.before = before + leaf.summary();
        while let Some((inner, index)) = self.stack.pop() {
            if let Some(mut link) = inner.links.get(index) {
                self.stack.push((inner, index + 1));
                while let Link::Inner(inner) = link {
                    self.stack.push((inner, 1));
                    link = &inner.links[0];
                }
                if let Link::Leaf(leaf) = link {
                    self.next = Some(leaf);
                }
                break;
            }
        }
        Some(Place { leaf, before })
    }
}
