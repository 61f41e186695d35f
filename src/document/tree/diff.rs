//! Comparing two trees by skipping the nodes that they share.

use super::Tree;
use super::node::{Leaf, Link, Summary};
use std::collections::HashMap;

/// Leaves of the old tree in whose place the new tree has others. What lies between two gaps is shared.
pub(crate) struct Gap<'a, L: Leaf> {
    /// Where it begins in the old tree.
    pub old_start: usize,
    /// Where it begins in the new tree.
    pub new_start: usize,
    pub old: Vec<&'a L>,
    pub new: Vec<&'a L>,
}

/// The gaps between the nodes that two trees share, in order. O(nodes not shared).
pub(crate) fn unshared<'a, L: Leaf>(old: &'a Tree<L>, new: &'a Tree<L>) -> Vec<Gap<'a, L>> {
    let mut search = Search { gaps: Vec::new() };
    search.compare(&[Item::new(&old.root.link, old.root.sum)], &[Item::new(&new.root.link, new.root.sum)], 0, 0);
    search.gaps
}

struct Item<'a, L: Leaf> {
    link: &'a Link<L>,
    len: usize,
}

impl<'a, L: Leaf> Item<'a, L> {
    fn new(link: &'a Link<L>, sum: L::Summary) -> Self {
        Self { link, len: sum.len() }
    }
}

struct Search<'a, L: Leaf> {
    gaps: Vec<Gap<'a, L>>,
}

impl<'a, L: Leaf> Search<'a, L> {
    /// Compares two rows of neighbours; the nodes of one row have one height.
    fn compare(&mut self, old: &[Item<'a, L>], new: &[Item<'a, L>], mut old_at: usize, mut new_at: usize) {
        let height = |row: &[Item<'a, L>]| row.first().map(|item| item.link.height());
        match (height(old), height(new)) {
            (None, None) => return,
            (Some(a), Some(b)) if a > b => return self.compare(&children(old), new, old_at, new_at),
            (Some(a), Some(b)) if a < b => return self.compare(old, &children(new), old_at, new_at),
            (Some(0), _) | (_, Some(0)) => {}
            (None, _) => return self.compare(old, &children(new), old_at, new_at),
            (_, None) => return self.compare(&children(old), new, old_at, new_at),
            _ => {}
        }
        // Nodes never change places, so the shared ones stand in the same order on both sides.
        let places: HashMap<_, _> = new.iter().enumerate().map(|(index, item)| (item.link.id(), index)).collect();
        let (mut old_from, mut new_from) = (0, 0);
        for (index, item) in old.iter().enumerate() {
            if let Some(&place) = places.get(&item.link.id())
                && place >= new_from
            {
                self.gap(&old[old_from..index], &new[new_from..place], old_at, new_at);
                old_at += old[old_from..=index].iter().map(|item| item.len).sum::<usize>();
                new_at += new[new_from..=place].iter().map(|item| item.len).sum::<usize>();
                (old_from, new_from) = (index + 1, place + 1);
            }
        }
        self.gap(&old[old_from..], &new[new_from..], old_at, new_at);
    }

    fn gap(&mut self, old: &[Item<'a, L>], new: &[Item<'a, L>], old_start: usize, new_start: usize) {
        let leaves = |row: &[Item<'a, L>]| row.iter().filter_map(|item| leaf(item.link)).collect::<Vec<_>>();
        let is_inner = |row: &[Item<'a, L>]| row.first().is_some_and(|item| item.link.height() > 0);
        if is_inner(old) || is_inner(new) {
            self.compare(&children(old), &children(new), old_start, new_start);
        } else if !old.is_empty() || !new.is_empty() {
            self.gaps.push(Gap { old_start, new_start, old: leaves(old), new: leaves(new) });
        }
    }
}

fn leaf<L: Leaf>(link: &Link<L>) -> Option<&L> {
    match link {
        Link::Leaf(leaf) => Some(leaf),
        Link::Inner(_) => None,
    }
}

/// One level further down.
fn children<'a, L: Leaf>(row: &[Item<'a, L>]) -> Vec<Item<'a, L>> {
    row.iter()
        .filter_map(|item| match item.link {
            Link::Leaf(_) => None,
            Link::Inner(inner) => Some(inner),
        })
        .flat_map(|inner| inner.links.iter().zip(&inner.sums).map(|(link, &sum)| Item::new(link, sum)))
        .collect()
}
