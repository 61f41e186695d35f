//! Comparing two trees by skipping the nodes that they share.

use super::Tree;
use super::node::{Leaf, Link, Summary};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A range of the old tree in whose place the new tree has other leaves. What lies between two gaps is shared.
pub(crate) struct Gap {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// The gaps between the nodes that two trees share, in order. O(nodes not shared).
pub(crate) fn unshared<L: Leaf>(old: &Tree<L>, new: &Tree<L>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let (old, new) = (Item::new(&old.root.link, old.root.sum), Item::new(&new.root.link, new.root.sum));
    compare(&mut gaps, &[old], &[new], 0, 0);
    gaps
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

/// Compares two rows of neighbours; the nodes of one row have one height.
fn compare<L: Leaf>(
    gaps: &mut Vec<Gap>,
    old: &[Item<'_, L>],
    new: &[Item<'_, L>],
    mut old_at: usize,
    mut new_at: usize,
) {
    let height = |row: &[Item<'_, L>]| row.first().map(|item| item.link.height());
    match (height(old), height(new)) {
        (Some(a), Some(b)) if a > b => return compare(gaps, &children(old), new, old_at, new_at),
        (Some(a), Some(b)) if a < b => return compare(gaps, old, &children(new), old_at, new_at),
        (Some(_), Some(_)) => {}
        // Nothing is shared with nothing.
        _ => return gap(gaps, old, new, old_at, new_at),
    }
    // Nodes never change places, so the shared ones stand in the same order on both sides.
    let places: FxHashMap<_, _> = new.iter().enumerate().map(|(index, item)| (item.link.id(), index)).collect();
    let (mut old_from, mut new_from) = (0, 0);
    for (index, item) in old.iter().enumerate() {
        if let Some(&place) = places.get(&item.link.id())
            && place >= new_from
        {
            descend(gaps, &old[old_from..index], &new[new_from..place], old_at, new_at);
            old_at += len(&old[old_from..=index]);
            new_at += len(&new[new_from..=place]);
            (old_from, new_from) = (index + 1, place + 1);
        }
    }
    descend(gaps, &old[old_from..], &new[new_from..], old_at, new_at);
}

/// Looks into rows that have no node of one height in common; their children may be shared.
fn descend<L: Leaf>(gaps: &mut Vec<Gap>, old: &[Item<'_, L>], new: &[Item<'_, L>], old_at: usize, new_at: usize) {
    if old.first().or(new.first()).is_some_and(|item| item.link.height() > 0) {
        compare(gaps, &children(old), &children(new), old_at, new_at);
    } else {
        gap(gaps, old, new, old_at, new_at);
    }
}

fn gap<L: Leaf>(gaps: &mut Vec<Gap>, old: &[Item<'_, L>], new: &[Item<'_, L>], old_at: usize, new_at: usize) {
    if !old.is_empty() || !new.is_empty() {
        gaps.push(Gap { old: old_at..old_at + len(old), new: new_at..new_at + len(new) });
    }
}

fn len<L: Leaf>(row: &[Item<'_, L>]) -> usize {
    row.iter().map(|item| item.len).sum()
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
