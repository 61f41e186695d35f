//! Trouble on request, for demonstrations and tests: what a bad network does to the messages of a socket.
//!
//! Everything can be late; only revisions get lost, doubled or overtaken. And all that only if the server was started with
//! `--faults`.

use crate::pad::fanout::{Outlet, Refused};
use crate::socketio::Kind;
use engineioxide::Str;
use rand::Rng;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// So many messages may be under way on a slow socket.
const QUEUE: usize = 128;
/// A message that is to be overtaken waits so long for one that does it.
const OVERTAKEN_WITHIN: Duration = Duration::from_millis(200);
/// A connection that takes nothing is tried again so often.
const RETRY: Duration = Duration::from_millis(5);

/// What goes wrong on a socket, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Faults {
    /// Every message is so late.
    delay: Duration,
    /// The share of messages that get lost,
    drop: f64,
    /// that come twice,
    duplicate: f64,
    /// and that are overtaken by the next.
    reorder: f64,
    /// Revisions wait until there are so many, so that they come in a batch.
    pub batch: u32,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Sent,
    Lost,
    Doubled,
    Overtaken,
}

impl FromStr for Faults {
    type Err = String;

    /// Reads `delay=80,drop=0.01,duplicate=0.02,reorder=0.02,batch=20`, or any of it: milliseconds, shares, revisions.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty() && *part != "none") {
            let wrong = || format!("not a fault: {part}");
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let share = || value.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong);
            let number = || value.parse::<u32>().map_err(|_| wrong());
            match name {
                "delay" => faults.delay = Duration::from_millis(number()?.into()),
                "drop" => faults.drop = share()?,
                "duplicate" => faults.duplicate = share()?,
                "reorder" => faults.reorder = share()?,
                "batch" => faults.batch = number()?,
                _ => return Err(wrong()),
            }
        }
        Ok(faults)
    }
}

impl Faults {
    /// Whether messages are touched on their way.
    pub fn is_on_the_way(&self) -> bool {
        *self != Self { batch: self.batch, ..Self::default() }
    }

    /// What becomes of a message, by a number from 0 to 1.
    fn fate(&self, number: f64) -> Fate {
        match number {
            number if number < self.drop => Fate::Lost,
            number if number < self.drop + self.duplicate => Fate::Doubled,
            number if number < self.drop + self.duplicate + self.reorder => Fate::Overtaken,
            _ => Fate::Sent,
        }
    }
}

/// A way to a client on which things go wrong.
pub struct Faulty {
    inner: Arc<dyn Outlet>,
    queue: mpsc::Sender<(Str, Instant)>,
    delay: Duration,
}

impl Faulty {
    /// Puts faults in front of a way.
    pub fn new(inner: Arc<dyn Outlet>, faults: Faults) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(carry(inner.clone(), faults, receiver));
        Self { inner, queue, delay: faults.delay }
    }
}

impl Outlet for Faulty {
    fn send(&self, packet: Str) -> Result<(), Refused> {
        self.queue.try_send((packet, Instant::now() + self.delay)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Full,
            mpsc::error::TrySendError::Closed(_) => Refused::Closed,
        })
    }

    fn close(&self) {
        self.inner.close();
    }
}

/// Carries messages to their connection, as the faults have it.
async fn carry(outlet: Arc<dyn Outlet>, faults: Faults, mut queue: mpsc::Receiver<(Str, Instant)>) {
    let mut overtaken: Option<Str> = None;
    loop {
        let next = match overtaken {
            Some(_) => timeout(OVERTAKEN_WITHIN, queue.recv()).await,
            None => Ok(queue.recv().await),
        };
        let mut due = Vec::new();
        match next {
            Ok(Some((packet, at))) => {
                sleep_until(at).await;
                let fate = match Kind::of(&packet).is_revision() {
                    true => faults.fate(rand::rng().random()),
                    false => Fate::Sent,
                };
                match fate {
                    Fate::Lost => {}
                    Fate::Sent => due.push(packet),
                    Fate::Doubled => due.extend([packet.clone(), packet]),
                    Fate::Overtaken if overtaken.is_none() => {
                        overtaken = Some(packet);
                        continue;
                    }
                    Fate::Overtaken => due.push(packet),
                }
            }
            Ok(None) => return,
            Err(_) => {}
        }
        due.extend(overtaken.take());
        for packet in due {
            loop {
                match outlet.send(packet.clone()) {
                    Ok(()) => break,
                    Err(Refused::Full) => sleep(RETRY).await,
                    Err(Refused::Closed) => return,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn faults_are_read_and_nonsense_is_not() {
        let faults: Faults = "delay=80,drop=0.1,duplicate=0.2,reorder=0.3,batch=20".parse().unwrap();
        let expected = Faults { delay: Duration::from_millis(80), drop: 0.1, duplicate: 0.2, reorder: 0.3, batch: 20 };
        assert_eq!(faults, expected);
        assert_eq!(["none", ""].map(|text| text.parse::<Faults>().unwrap()), [Faults::default(); 2]);
        for text in ["drop", "drop=2", "drop=-1", "drop=NaN", "delay=-1", "delay=x", "lose=1"] {
            assert!(text.parse::<Faults>().is_err(), "{text}");
        }
        assert!(faults.is_on_the_way() && !"batch=5".parse::<Faults>().unwrap().is_on_the_way());
    }

    #[test]
    fn each_fault_has_its_share() {
        let faults: Faults = "drop=0.1,duplicate=0.2,reorder=0.3".parse().unwrap();
        let fates = [0.0, 0.09, 0.11, 0.29, 0.31, 0.59, 0.61, 0.99].map(|number| faults.fate(number));
        let expected = [Fate::Lost, Fate::Doubled, Fate::Overtaken, Fate::Sent].map(|fate| [fate, fate]);
        assert_eq!(fates.as_slice(), expected.concat());
        assert_eq!(Faults::default().fate(0.0), Fate::Sent);
    }
}
