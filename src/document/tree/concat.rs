//! Cutting trees apart and putting them together.

use super::node::{Branch, Leaf, Link, MIN_CHILDREN, Summary};
use triomphe::Arc;

/// Cuts a branch in two; a side without content is `None`. O(log n).
pub(super) fn split<L: Leaf>(branch: Branch<L>, at: usize) -> (Option<Branch<L>>, Option<Branch<L>>) {
    if at == 0 {
        return (None, (branch.sum.len() > 0).then_some(branch));
    }
    if at >= branch.sum.len() {
        return (Some(branch), None);
    }
    match branch.link {
        Link::Leaf(mut leaf) => {
            let right = Arc::make_mut(&mut leaf).split_off(at);
            let sum = leaf.summary();
            (Some(Branch { sum, link: Link::Leaf(leaf) }), Some(Branch::leaf(right)))
        }
        Link::Inner(_) => {
            let mut children = branch.into_children();
            let (mut index, mut offset) = (0, at);
            while offset > children[index].sum.len() {
                offset -= children[index].sum.len();
                index += 1;
            }
            let after = children.split_off(index + 1);
            let (left, right) = match children.pop() {
                Some(child) => split(child, offset),
                None => (None, None),
            };
            (join(Branch::from_children(children), left), join(right, Branch::from_children(after)))
        }
    }
}

fn join<L: Leaf>(left: Option<Branch<L>>, right: Option<Branch<L>>) -> Option<Branch<L>> {
    match (left, right) {
        (Some(left), Some(right)) => Some(concat(left, right)),
        (left, right) => left.or(right),
    }
}

/// Puts two branches of any heights together. O(difference of the heights).
pub(super) fn concat<L: Leaf>(left: Branch<L>, right: Branch<L>) -> Branch<L> {
    let level = level_of(left, right);
    match Branch::from_children(level) {
        Some(mut root) => {
            root.collapse();
            root
        }
        None => Branch::leaf(L::default()),
    }
}

/// Two branches as neighbours of the height of the taller one, each well filled: one or two branches.
fn level_of<L: Leaf>(mut left: Branch<L>, mut right: Branch<L>) -> Vec<Branch<L>> {
    let (left_height, right_height) = (left.link.height(), right.link.height());
    if left_height > right_height {
        let mut children = left.into_children();
        if let Some(last) = children.pop() {
            children.extend(level_of(last, right));
        }
        return Branch::group(children);
    }
    if left_height < right_height {
        let mut children = right.into_children();
        if !children.is_empty() {
            let first = children.remove(0);
            children.splice(0..0, level_of(left, first));
        }
        return Branch::group(children);
    }
    match (&mut left.link, &mut right.link) {
        (Link::Leaf(a), Link::Leaf(b)) => {
            if (a.is_small() || b.is_small()) && a.should_join(b) && Arc::make_mut(a).try_append(b) {
                left.sum = a.summary();
                return vec![left];
            }
            vec![left, right]
        }
        (Link::Inner(a), Link::Inner(b)) => {
            if a.links.len() < MIN_CHILDREN || b.links.len() < MIN_CHILDREN {
                let mut children = left.into_children();
                children.extend(right.into_children());
                return Branch::group(children);
            }
            vec![left, right]
        }
        _ => vec![left, right],
    }
}
