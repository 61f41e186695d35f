//! When revisions were made: some times are told, the others follow from how long the steps between took.

use super::route::{Route, Wants};
use super::steps::{BlockId, Grain, StepId, Steps};
use crate::protocol::DeltaUnit;
use std::collections::BTreeMap;

/// Times of places, in milliseconds since 1970.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    told: BTreeMap<u32, f64>,
    /// Some of those that follow, so that no walk is long.
    walked: BTreeMap<u32, f64>,
}

impl Times {
    /// What a source says of the time of a place, beside what its step says.
    pub fn told(&self, place: u32) -> Option<f64> {
        self.told.get(&place).copied()
    }

    /// Notes what a source says.
    pub fn tell(&mut self, place: u32, time: f64) {
        self.told.insert(place, time);
    }

    /// Forgets what a source said, for what the steps tell as well.
    pub fn forget(&mut self, place: u32) {
        self.told.remove(&place);
    }

    /// When the document of a place was made. O(log places), plus a walk to the nearest known time.
    pub fn at(&mut self, steps: &Steps, place: u32) -> Option<f64> {
        // The first revision takes no time, so that coarse steps tell its time too.
        self.walk_to(steps, place).or_else(|| if place == 1 { self.walk_to(steps, 0) } else { None })
    }

    fn walk_to(&mut self, steps: &Steps, place: u32) -> Option<f64> {
        let said = place.checked_sub(1).and_then(|index| steps.time(StepId { grain: Grain::One, index }));
        if let Some(time) = said.or_else(|| self.told(place)).or_else(|| self.walked.get(&place).copied()) {
            return Some(time);
        }
        let known = |(&place, &time): (&u32, &f64)| (place, time);
        let [told, walked] = [&self.told, &self.walked];
        let before = [told, walked].into_iter().filter_map(|times| times.range(..place).next_back().map(known));
        let behind = [told, walked].into_iter().filter_map(|times| times.range(place..).next().map(known));
        let nearest = [before.max_by_key(|&(at, _)| at), behind.min_by_key(|&(at, _)| at)];
        let found = nearest.into_iter().flatten().find_map(|(anchor, time)| {
            let (exact, told) = passed(steps, anchor, place)?;
            let took = exact + told * steps.delta_unit().in_ms();
            Some(if place < anchor { time - took } else { time + took })
        })?;
        if place.is_multiple_of(100) {
            self.walked.insert(place, found);
        }
        Some(found)
    }

    /// Finds out the unit in which a server tells how long steps took, if a block that has come leads from one told time to
    /// another.
    pub fn weigh(&mut self, steps: &mut Steps, block: BlockId) {
        let (first, last) = (block.start(), block.end());
        let places = self.told.range(..=first).next_back().into_iter().chain(self.told.range(first + 1..=last));
        let places: Vec<_> = places.chain(self.told.range(last + 1..).next()).map(|(&at, &time)| (at, time)).collect();
        for pair in places.windows(2) {
            if let &[(from, began), (to, ended)] = pair
                && let Some((exact, told)) = passed(steps, from, to)
            {
                self.compare(steps, told, ended - began - exact);
            }
        }
    }

    /// The same, from one duration that is told and known. Seconds are differences of times that were rounded down.
    pub fn compare(&mut self, steps: &mut Steps, told: f64, known: f64) {
        let unit = match (told == known, (told * DeltaUnit::Seconds.in_ms() - known).abs() < DeltaUnit::Seconds.in_ms())
        {
            (true, false) => DeltaUnit::Milliseconds,
            (false, true) => DeltaUnit::Seconds,
            _ => return,
        };
        if unit != steps.delta_unit() {
            self.walked.clear();
            steps.set_delta_unit(unit);
        }
    }
}

/// How long the steps between two places took: those whose times are known, in milliseconds, and the others as they were told.
fn passed(steps: &Steps, from: u32, to: u32) -> Option<(f64, f64)> {
    let route = Route::between(steps, from, to, Grain::Hundred, Wants::Facts);
    if !route.missing.is_empty() {
        return None;
    }
    route.steps.iter().try_fold((0.0, 0.0), |(exact, told), &step| {
        let delta = steps.delta(step)?;
        Some(if steps.time(step).is_some() { (exact + delta, told) } else { (exact, told + delta) })
    })
}
