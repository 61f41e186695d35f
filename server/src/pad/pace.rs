//! When the next round of sending begins.
//!
//! With few people each revision goes out at once. With many, sending costs more than anything else, and costs the same for one
//! revision as for a batch; so revisions are let gather for as long as the last round took. Then at most half of the time goes
//! into sending, however many there are, and the faster the machine or the fewer the people, the shorter the wait.

use std::time::{Duration, Instant};

/// Revisions wait no longer than this for others to gather.
pub const MAX_PAUSE: Duration = Duration::from_millis(50);
/// Timers are no finer than this; what is shorter is not worth a pause.
pub const MIN_PAUSE: Duration = Duration::from_millis(1);

/// Where the rounds of a pad stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The next may begin.
    Free,
    /// The connections are having their turn.
    Sending {
        /// Since then.
        since: Instant,
    },
    /// Revisions gather.
    Gathering {
        /// Until then.
        until: Instant,
    },
}

impl Pace {
    /// Whether a round may begin.
    pub fn allows(self, now: Instant) -> bool {
        match self {
            Self::Free => true,
            Self::Sending { .. } => false,
            Self::Gathering { until } => now >= until,
        }
    }

    /// A round has begun.
    pub fn begin(&mut self, now: Instant) {
        *self = Self::Sending { since: now };
    }

    /// All connections have had their turn.
    pub fn end(&mut self, now: Instant) {
        let Self::Sending { since } = *self else { return };
        let pause = now.duration_since(since).min(MAX_PAUSE);
        *self = if pause < MIN_PAUSE { Self::Free } else { Self::Gathering { until: now + pause } };
    }

    /// When to look again, if there is something to send.
    pub fn wake(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Free => Some(now),
            // Its end is told.
            Self::Sending { .. } => None,
            Self::Gathering { until } => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn who_is_quick_never_waits() {
        let now = Instant::now();
        let mut pace = Pace::Free;
        assert_eq!((pace.allows(now), pace.wake(now)), (true, Some(now)));
        pace.begin(now);
        pace.end(now + MS / 2);
        assert_eq!(pace, Pace::Free);
    }

    #[test]
    fn revisions_gather_for_as_long_as_the_last_round_took() {
        let start = Instant::now();
        let mut pace = Pace::Free;
        pace.begin(start);
        assert_eq!((pace.allows(start + 99 * MS), pace.wake(start)), (false, None));
        pace.end(start + 7 * MS);
        assert_eq!(pace.wake(start + 7 * MS), Some(start + 14 * MS));
        assert_eq!((pace.allows(start + 13 * MS), pace.allows(start + 14 * MS)), (false, true));
        // An end that is told twice changes nothing.
        pace.end(start + 99 * MS);
        assert_eq!(pace, Pace::Gathering { until: start + 14 * MS });
    }

    #[test]
    fn there_is_a_limit_to_waiting() {
        let start = Instant::now();
        let mut pace = Pace::Free;
        pace.begin(start);
        pace.end(start + 900 * MS);
        assert_eq!(pace.wake(start), Some(start + 900 * MS + MAX_PAUSE));
    }
}
