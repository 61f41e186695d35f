//! Ways from one place of a history to another.

use super::steps::{BlockId, Grain, StepId, Steps};
use std::ops::Range;

/// A way: steps to be done in this order, and the blocks of those that are not at hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    pub start: u32,
    pub is_backwards: bool,
    pub steps: Vec<StepId>,
    /// Each once, in the order of the way.
    pub missing: Vec<BlockId>,
}

impl Route {
    /// The way between two places, by steps of at most one granularity. A step at hand is preferred to one that is not, a
    /// coarse one to a fine one. O(steps log blocks).
    pub fn between(steps: &Steps, from: u32, to: u32, coarsest: Grain, wants: Wants) -> Self {
        let is_backwards = to < from;
        let mut route = Self { start: from, is_backwards, ..Self::default() };
        let mut at = from;
        while at != to {
            let candidates = || {
                Grain::ALL.into_iter().filter(|&grain| grain <= coarsest).filter_map(move |grain| {
                    let size = grain.size();
                    let fits = at.is_multiple_of(size) && at.abs_diff(to) >= size;
                    fits.then(|| StepId { grain, index: if is_backwards { at / size - 1 } else { at / size } })
                })
            };
            let needs_backwards = is_backwards && wants == Wants::Changesets;
            let found = candidates().find(|&step| steps.has(step, needs_backwards));
            let Some(step) = found.or_else(|| candidates().next()) else { return route };
            if found.is_none() && !route.missing.contains(&step.block()) {
                route.missing.push(step.block());
            }
            route.steps.push(step);
            at = if is_backwards { step.from() } else { step.to() };
        }
        route
    }

    /// The best of several ways: the fewest blocks to wait for, then the fewest steps.
    pub fn best(routes: impl IntoIterator<Item = Self>) -> Option<Self> {
        routes.into_iter().min_by_key(|route| (route.missing.len(), route.steps.len()))
    }
}

/// The finest steps at hand that lead through a range of places, in order; `None` if a part of it has none. Each stretch between
/// two hundreds is gone in the steps of one granularity or coarser. O(steps log blocks).
pub(super) fn finest(steps: &Steps, range: Range<u32>) -> Option<Vec<StepId>> {
    let hundred = Grain::Hundred.size();
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let next = (at - at % hundred).saturating_add(hundred).min(range.end);
        let ways = Grain::ALL.into_iter().rev();
        let mut ways = ways.map(|coarsest| Route::between(steps, at, next, coarsest, Wants::Facts));
        found.extend(ways.find(|way| way.missing.is_empty())?.steps);
        at = next;
    }
    Some(found)
}

/// For what a way is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// To apply its changesets, backwards ones on the way back.
    Changesets,
    /// To know how long it took, or to look at its forward changesets.
    Facts,
}
