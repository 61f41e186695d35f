//! How much one client may have. No clock: times come in as arguments.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A client may send what it is allowed in so many seconds all at once.
const BURST_SECONDS: f64 = 10.0;

/// What may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages a second from one connection; 0 for any number.
    pub rate: u32,
    /// Code units in a pad.
    pub pad_size: usize,
    /// Connections from one address; 0 for any number.
    pub connections: usize,
}

/// What a connection may still send.
#[derive(Debug, Default)]
pub struct Allowance {
    /// What was left, and when.
    left: Option<(f64, Instant)>,
}

impl Allowance {
    /// Takes one message out of the allowance; `false` if nothing is left.
    pub fn take(&mut self, rate: u32, now: Instant) -> bool {
        if rate == 0 {
            return true;
        }
        let rate = f64::from(rate);
        let full = rate * BURST_SECONDS;
        let (left, since) = self.left.unwrap_or((full, now));
        let left = (left + now.duration_since(since).as_secs_f64() * rate).min(full);
        let may = left >= 1.0;
        self.left = Some((if may { left - 1.0 } else { left }, now));
        may
    }
}

/// How many connections each address has.
#[derive(Debug, Default)]
pub struct Addresses {
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    /// Counts one more; `false` if that is more than `limit`. It is counted all the same, until [`Addresses::leave`].
    pub fn enter(&self, address: IpAddr, limit: usize) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        *count += 1;
        limit == 0 || *count <= limit
    }

    /// Counts one less.
    pub fn leave(&self, address: IpAddr) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    #[test]
    fn an_allowance_is_used_up_and_comes_back() {
        let start = Instant::now();
        let mut allowance = Allowance::default();
        assert_eq!((0..30).filter(|_| allowance.take(2, start)).count(), 20);
        assert!(!allowance.take(2, start + Duration::from_millis(499)));
        assert!(allowance.take(2, start + Duration::from_millis(500)));
        assert!(!allowance.take(2, start + Duration::from_millis(500)));
        assert_eq!((0..30).filter(|_| allowance.take(2, start + Duration::from_secs(3600))).count(), 20);
        assert!((0..1000).all(|_| allowance.take(0, start)));
    }

    #[test]
    fn addresses_have_their_connections_and_no_others() {
        let addresses = Addresses::default();
        let [one, other] = [1, 2].map(|last| IpAddr::from(Ipv4Addr::new(10, 0, 0, last)));
        assert!(addresses.enter(one, 2) && addresses.enter(one, 2) && !addresses.enter(one, 2));
        assert!(addresses.enter(other, 2));
        addresses.leave(one);
        assert!(!addresses.enter(one, 2));
        addresses.leave(one);
        addresses.leave(one);
        assert!(addresses.enter(one, 2));
        assert!(addresses.enter(one, 0));
    }
}
