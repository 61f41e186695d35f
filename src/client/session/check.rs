//! Whether the server's revisions go on from the ones here.

use crate::attrib::AttribPool;
use crate::changeset::Changeset;
use crate::protocol::{Mark, fingerprint};

/// Compares what the server says of a revision with what is remembered of it, while later ones are fetched. A pad that was
/// deleted and begun anew has revisions of the same numbers.
#[derive(Debug, Clone)]
pub(super) struct Check {
    mark: Mark,
    /// The revision that the mark is of.
    rev: u32,
    /// The revision at which the client has joined, and when that was made.
    joined: (u32, Option<f64>),
    /// How much later than the marked revision the last one was made that has come, in milliseconds.
    elapsed: Option<f64>,
}

impl Check {
    pub fn new(mark: Mark, rev: u32, joined: (u32, Option<f64>)) -> Self {
        Self { mark, rev, joined, elapsed: Some(0.0) }
    }

    /// Which revision to ask for first: the marked one itself, if something is known of what it changed.
    pub fn first(&self) -> u32 {
        if self.mark.change.is_some() && self.rev > 0 { self.rev } else { self.rev.saturating_add(1) }
    }

    /// Whether the marked revision, if it is the one of the join, was made when the mark says.
    pub fn passes_at_once(&self) -> bool {
        self.joined.0 != self.rev || self.is_time(0.0)
    }

    /// Looks at a revision that was fetched, and how long after the one before it was made. O(change), once.
    pub fn passes(&mut self, rev: u32, changeset: &Changeset, delta: Option<f64>, pool: &AttribPool) -> bool {
        if rev == self.rev {
            return self.mark.change.is_none_or(|sum| fingerprint(changeset, pool).is_ok_and(|found| found == sum));
        }
        if rev > self.rev {
            self.elapsed = self.elapsed.zip(delta).map(|(elapsed, delta)| elapsed + delta);
        }
        rev != self.joined.0 || self.elapsed.is_none_or(|elapsed| self.is_time(elapsed))
    }

    /// What the revision changed says more than its time: a join that takes long can tell the time of a later revision.
    fn is_time(&self, elapsed: f64) -> bool {
        self.mark.change.is_some()
            || self.mark.time.zip(self.joined.1).is_none_or(|(marked, joined)| marked + elapsed == joined)
    }
}
