//! Nodes, and changing one leaf.

use arrayvec::ArrayVec;
use std::ops::{Add, Sub};
use triomphe::Arc;

/// How many children a node has at most.
pub(super) const MAX_CHILDREN: usize = if cfg!(feature = "__small_tree") { 4 } else { 16 };
/// How many it has at least, unless it is the root.
pub(super) const MIN_CHILDREN: usize = MAX_CHILDREN / 4 + 1;

/// What a parent knows of its children. Adding must be associative and commutative, with `default()` as zero.
pub(crate) trait Summary:
    Copy + Default + PartialEq + Add<Output = Self> + Sub<Output = Self> + std::fmt::Debug
{
    /// The length: what positions in the tree count.
    fn len(&self) -> usize;
}

/// What a tree is made of. Empty leaves occur only as the only leaf of an empty tree.
pub(crate) trait Leaf: Clone + Default {
    type Summary: Summary;

    /// What is in the leaf. O(1).
    fn summary(&self) -> Self::Summary;

    /// Cuts the leaf in two; gives back the right part. `at` is inside.
    fn split_off(&mut self, at: usize) -> Self;

    /// Appends another leaf if both fit into one, and says whether it did.
    fn try_append(&mut self, right: &Self) -> bool;

    /// Whether the leaf is so small that it should join a neighbour.
    fn is_small(&self) -> bool;

    /// Whether two leaves fit into one with room to spare, so that joining them is worth it.
    fn should_join(&self, right: &Self) -> bool;

    /// Panics if the leaf contradicts itself. For tests.
    fn check_invariants(&self);
}

/// What came of an edit of one leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edited {
    /// It is done.
    Done,
    /// The leaf is as it was: it has no room for what was to go in.
    NoRoom,
    /// The leaf is as it was: the edit reaches past it.
    OutOfReach,
}

pub(super) enum Link<L: Leaf> {
    Leaf(Arc<L>),
    Inner(Arc<Inner<L>>),
}

#[derive(Clone)]
pub(super) struct Inner<L: Leaf> {
    /// 1 if the children are leaves.
    pub height: usize,
    pub sums: ArrayVec<L::Summary, MAX_CHILDREN>,
    pub links: ArrayVec<Link<L>, MAX_CHILDREN>,
    /// The child that was edited last, and the sum of those before it: the next edit is often in the same one.
    finger: (usize, L::Summary),
}

/// A node together with the sum of what is in it.
#[derive(Clone)]
pub(super) struct Branch<L: Leaf> {
    pub sum: L::Summary,
    pub link: Link<L>,
}

impl<L: Leaf> Clone for Link<L> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(leaf) => Self::Leaf(leaf.clone()),
            Self::Inner(inner) => Self::Inner(inner.clone()),
        }
    }
}

impl<L: Leaf> Link<L> {
    pub fn height(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Inner(inner) => inner.height,
        }
    }

    /// A name for the node: two links have the same one if, and only if, they lead to one node.
    pub fn id(&self) -> *const () {
        match self {
            Self::Leaf(leaf) => Arc::as_ptr(leaf).cast(),
            Self::Inner(inner) => Arc::as_ptr(inner).cast(),
        }
    }

    pub fn is_shared(&self) -> bool {
        match self {
            Self::Leaf(leaf) => !leaf.is_unique(),
            Self::Inner(inner) => !inner.is_unique(),
        }
    }

    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.id(), other.id())
    }
}

impl<L: Leaf> Inner<L> {
    /// The child in which `at` lies, the left one between two, and the sum of those before it.
    fn find(&mut self, at: usize) -> (usize, L::Summary) {
        let (index, before) = self.finger;
        if at > before.len() && at <= before.len() + self.sums[index].len() {
            return self.finger;
        }
        let (mut index, mut offset) = (0, at);
        // Lengths first, in a loop that only subtracts; the rest of the sums in one that the compiler makes vector code of.
        while index + 1 < self.sums.len() && offset > self.sums[index].len() {
            offset -= self.sums[index].len();
            index += 1;
        }
        self.finger = (index, sum_of(&self.sums[..index]));
        self.finger
    }

    /// Must follow when children come, go, or change other than by [`edit`].
    fn lose_finger(&mut self) {
        self.finger = (0, L::Summary::default());
    }

    /// Mends the neighbourhood of a child that may have become small or empty.
    fn settle(&mut self, index: usize) {
        if self.sums[index].len() == 0 && self.sums.len() > 1 {
            self.lose_finger();
            self.sums.remove(index);
            self.links.remove(index);
            return;
        }
        let small = match &self.links[index] {
            Link::Leaf(leaf) => leaf.is_small(),
            Link::Inner(inner) => inner.sums.len() < MIN_CHILDREN,
        };
        if small {
            if index + 1 < self.sums.len() && self.join(index) {
                return;
            }
            if index > 0 {
                self.join(index - 1);
            }
        }
    }

    /// Joins a child with its right neighbour, or shares their children out evenly; says whether it did either.
    fn join(&mut self, index: usize) -> bool {
        let (left, right) = self.links.split_at_mut(index + 1);
        match (&mut left[index], &mut right[0]) {
            (Link::Leaf(left), Link::Leaf(right)) => {
                if !left.should_join(right) || !Arc::make_mut(left).try_append(right) {
                    return false;
                }
            }
            (Link::Inner(left), Link::Inner(right)) => {
                if left.sums.len() + right.sums.len() > MAX_CHILDREN {
                    let (left, right) = (Arc::make_mut(left), Arc::make_mut(right));
                    left.share(right);
                    self.sums[index] = left.sum();
                    self.sums[index + 1] = right.sum();
                    self.lose_finger();
                    return true;
                }
                let left = Arc::make_mut(left);
                left.sums.extend(right.sums.iter().copied());
                left.links.extend(right.links.iter().cloned());
            }
            _ => return false,
        }
        self.lose_finger();
        let gone = self.sums.remove(index + 1);
        self.sums[index] = self.sums[index] + gone;
        self.links.remove(index + 1);
        true
    }

    /// Moves children between neighbours until both have the same number, or one differs by one.
    fn share(&mut self, right: &mut Self) {
        self.lose_finger();
        right.lose_finger();
        let half = (self.sums.len() + right.sums.len()) / 2;
        let sums: Vec<_> = self.sums.drain(..).chain(right.sums.drain(..)).collect();
        let links: Vec<_> = self.links.drain(..).chain(right.links.drain(..)).collect();
        for (index, (sum, link)) in sums.into_iter().zip(links).enumerate() {
            let side = if index < half { &mut *self } else { &mut *right };
            side.sums.push(sum);
            side.links.push(link);
        }
    }

    /// Cuts a leaf in two and tries the edit on the part in which `offset` lies.
    fn edit_halves(&mut self, index: usize, at: usize, before: L::Summary, edit: &mut impl Edit<L>) -> bool {
        let offset = at - before.len();
        let Link::Leaf(leaf) = &mut self.links[index] else { return false };
        if self.sums.len() == MAX_CHILDREN {
            return false;
        }
        let len = self.sums[index].len();
        // At its end, as when someone types on, the leaf stays full and a new one begins.
        let cut = if offset == len { len } else { len / 2 };
        let left = Arc::make_mut(leaf);
        let mut right = left.split_off(cut);
        let edited =
            if offset > cut || offset == len { edit(&mut right, before + left.summary()) } else { edit(left, before) };
        self.sums[index] = left.summary();
        let sum = right.summary();
        if sum.len() > 0 {
            self.sums.insert(index + 1, sum);
            self.links.insert(index + 1, Link::Leaf(Arc::new(right)));
        }
        self.lose_finger();
        edited == Edited::Done
    }

    pub fn sum(&self) -> L::Summary {
        sum_of(&self.sums)
    }
}

fn sum_of<S: Summary>(sums: &[S]) -> S {
    sums.iter().fold(S::default(), |total, &sum| total + sum)
}

/// A change of one leaf, which gets the leaf and the sum of those before it.
pub(super) trait Edit<L: Leaf>: FnMut(&mut L, L::Summary) -> Edited {}

impl<L: Leaf, F: FnMut(&mut L, L::Summary) -> Edited> Edit<L> for F {}

/// Changes the leaf below `link` in which `at` lies, counted from the start of the tree. `before` is the sum of all nodes
/// before this one, `total` that of this one. Gives back what came of it, and the new total. A leaf without room is cut in
/// two if its parent has room for one more.
pub(super) fn edit<L: Leaf>(
    link: &mut Link<L>,
    before: L::Summary,
    total: L::Summary,
    at: usize,
    edit: &mut impl Edit<L>,
) -> (Edited, L::Summary) {
    match link {
        Link::Leaf(leaf) => {
            let leaf = Arc::make_mut(leaf);
            (edit(leaf, before), leaf.summary())
        }
        Link::Inner(inner) => {
            let inner = Arc::make_mut(inner);
            let (index, before_child) = inner.find(at - before.len());
            let before_child = before + before_child;
            let old = inner.sums[index];
            let (edited, new) = self::edit(&mut inner.links[index], before_child, old, at, edit);
            inner.sums[index] = new;
            if new.len() < old.len() {
                inner.settle(index);
            }
            if edited == Edited::NoRoom && inner.edit_halves(index, at, before_child, edit) {
                return (Edited::Done, inner.sum());
            }
            (edited, total - old + new)
        }
    }
}

impl<L: Leaf> Branch<L> {
    pub fn leaf(leaf: L) -> Self {
        Self { sum: leaf.summary(), link: Link::Leaf(Arc::new(leaf)) }
    }

    /// One node from 1 to [`MAX_CHILDREN`] branches of one height.
    fn inner(children: impl IntoIterator<Item = Self>) -> Self {
        let finger = (0, L::Summary::default());
        let mut inner = Inner { height: 1, sums: ArrayVec::new(), links: ArrayVec::new(), finger };
        let mut total = L::Summary::default();
        for Self { sum, link } in children {
            inner.height = link.height() + 1;
            total = total + sum;
            inner.sums.push(sum);
            inner.links.push(link);
        }
        Self { sum: total, link: Link::Inner(Arc::new(inner)) }
    }

    /// Branches of one height as few, evenly filled nodes of the next height.
    pub fn group(children: Vec<Self>) -> Vec<Self> {
        let count = children.len().div_ceil(MAX_CHILDREN);
        let (each, extra) = (children.len() / count.max(1), children.len() % count.max(1));
        let mut children = children.into_iter();
        (0..count).map(|node| Self::inner(children.by_ref().take(each + usize::from(node < extra)))).collect()
    }

    /// One branch from up to `MAX_CHILDREN` squared branches of one height.
    pub fn from_children(mut level: Vec<Self>) -> Option<Self> {
        while level.len() > 1 {
            level = Self::group(level);
        }
        level.pop()
    }

    /// The children of an inner node.
    pub fn into_children(self) -> Vec<Self> {
        match self.link {
            Link::Leaf(_) => vec![self],
            Link::Inner(inner) => {
                let sums = inner.sums.clone();
                let branch = |(sum, link)| Self { sum, link };
                match Arc::try_unwrap(inner) {
                    Ok(inner) => sums.into_iter().zip(inner.links).map(branch).collect(),
                    Err(inner) => sums.into_iter().zip(inner.links.iter().cloned()).map(branch).collect(),
                }
            }
        }
    }

    /// Takes away roots with only one child.
    pub fn collapse(&mut self) {
        while let Link::Inner(inner) = &self.link
            && inner.links.len() == 1
        {
            self.link = inner.links[0].clone();
        }
    }

    pub fn check(&self, is_root: bool) {
        match &self.link {
            Link::Leaf(leaf) => {
                leaf.check_invariants();
                assert!(is_root || self.sum.len() > 0, "empty leaf in a tree");
                assert_eq!(leaf.summary(), self.sum, "sum of a leaf");
            }
            Link::Inner(inner) => {
                let least = if is_root { 2 } else { MIN_CHILDREN };
                assert!(inner.links.len() >= least, "{} children, fewer than {least}", inner.links.len());
                assert_eq!(inner.sums.len(), inner.links.len(), "a sum for each child");
                assert_eq!(inner.sum(), self.sum, "sum of an inner node");
                assert_eq!(inner.finger.1, sum_of(&inner.sums[..inner.finger.0]), "sum before the finger");
                assert!(inner.finger.0 < inner.sums.len(), "the finger is at a child");
                for (&sum, link) in inner.sums.iter().zip(&inner.links) {
                    assert_eq!(link.height() + 1, inner.height, "heights of children");
                    Self { sum, link: link.clone() }.check(false);
                }
            }
        }
    }
}
