//! Requests at a rate that servers bear.

use std::collections::VecDeque;

/// How many requests go out in a second. Etherpad drops what one address sends beyond ten, everything counted.
const PER_SECOND: usize = 8;

/// When the last requests went out.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    sent: VecDeque<f64>,
}

impl Pace {
    /// Whether one may go out now, in milliseconds; if so, it has.
    pub fn take(&mut self, now: f64) -> bool {
        while self.sent.front().is_some_and(|&sent| now - sent >= 1000.0) {
            self.sent.pop_front();
        }
        let is_free = self.sent.len() < PER_SECOND;
        if is_free {
            self.sent.push_back(now);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_its_share() {
        let mut pace = Pace::default();
        let sent: Vec<f64> = (0..500).map(|tick| f64::from(tick) * 10.0).filter(|&now| pace.take(now)).collect();
        assert!(sent.windows(PER_SECOND + 1).all(|window| match window {
            [first, .., last] => last - first >= 1000.0,
            _ => false,
        }));
        assert_eq!(sent.len(), 5 * PER_SECOND);
    }
}
