//! What a user has changed and the server has not acknowledged, without the document that it was changed in.

use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Crossed, Crossings, Tie};
use crate::error::Error;
use crate::protocol::CommitId;
use std::collections::VecDeque;

/// Changes that were sent, and changes on top of them that were not.
#[derive(Debug, Clone)]
pub(super) struct Local {
    /// What was sent, oldest first, each on top of the one before.
    pub submitted: VecDeque<Submitted>,
    /// The identity if there are none.
    pub pending: Changeset,
}

/// A commit.
#[derive(Debug, Clone)]
pub(super) struct Submitted {
    pub changeset: Changeset,
    pub sent: Sent,
}

/// How a commit was sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    /// By what the server knows it, if it had a number when it was sent first.
    pub id: Option<CommitId>,
    /// Its number in the present session.
    pub seq: Option<u32>,
    /// Whether the server may have it, although the answer to it is not to be expected any more: it can come as a revision.
    pub may_be_stored: bool,
}

impl Local {
    /// Whether there is nothing that the server does not have.
    pub fn is_empty(&self) -> bool {
        self.submitted.is_empty() && self.pending.is_identity()
    }

    /// All changes, oldest first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &Changeset> {
        self.submitted.iter().map(|commit| &commit.changeset).chain([&self.pending])
    }

    /// All of it as one changeset. O(n).
    pub fn whole(&self, pool: &AttribPool) -> Result<Changeset, Error> {
        let mut changes = self.changes();
        let Some(first) = changes.next().cloned() else { return Ok(self.pending.clone()) };
        changes.try_fold(first, |whole, change| whole.compose(change, pool))
    }

    /// Which of the commits a revision is, moved past everything before it, of those that `can_be`.
    ///
    /// A server that has a later one has handled those before it; if they have not come as revisions, they changed nothing,
    /// and every place is the same with them as without. O(submitted).
    pub fn position(&self, revision: &Changeset, can_be: impl Fn(&Sent) -> bool, pool: &AttribPool) -> Option<usize> {
        let mut commits = self.submitted.iter();
        let index = commits.position(|commit| can_be(&commit.sent) && is_same(&commit.changeset, revision, pool))?;
        let mut before = self.submitted.iter().take(index).map(|commit| &commit.changeset);
        before.all(|changeset| changeset.old_len() == changeset.new_len()).then_some(index)
    }

    /// All of it moved past a revision of the server, and the revision moved past all of it; see [`Local::plan`]. O(n + m).
    pub fn past(&self, revision: &Changeset, pool: &AttribPool) -> Result<(Self, Changeset), Error> {
        let mut crossings = Crossings::default();
        let (plan, past_all) = self.plan(revision, &mut crossings, pool)?;
        let mut moved = self.clone();
        moved.carry_out(plan, &mut crossings);
        Ok((moved, past_all))
    }

    /// What all of it becomes past a revision of the server, and the revision moved past all of it. O(m) for a revision of m ops;
    /// O(n + m) if what is local was changed since.
    ///
    /// At equal positions the revision goes before what was submitted, because the server will put it there, and what is
    /// pending goes before the revision.
    pub fn plan(
        &self,
        revision: &Changeset,
        crossings: &mut Crossings,
        pool: &AttribPool,
    ) -> Result<(Plan, Changeset), Error> {
        let mut past_submitted = revision.clone();
        let mut submitted = Vec::with_capacity(self.submitted.len());
        for commit in &self.submitted {
            let (crossed, moved) = crossings.cross(&commit.changeset, &past_submitted, Tie::OtherFirst, pool)?;
            submitted.push(crossed);
            past_submitted = moved;
        }
        if self.pending.is_identity() {
            let pending = Crossed::Whole(Changeset::identity(past_submitted.new_len())?);
            return Ok((Plan { submitted, pending }, past_submitted.to_normal()));
        }
        let (pending, past_all) = crossings.cross(&self.pending, &past_submitted, Tie::SelfFirst, pool)?;
        Ok((Plan { submitted, pending }, past_all))
    }

    /// Does what was planned for just this.
    pub fn carry_out(&mut self, plan: Plan, crossings: &mut Crossings) {
        for (commit, crossed) in self.submitted.iter_mut().zip(plan.submitted) {
            crossings.carry_out(crossed, &mut commit.changeset);
        }
        crossings.carry_out(plan.pending, &mut self.pending);
    }
}

/// Whether two changesets say the same, whatever the order of attributes.
fn is_same(one: &Changeset, other: &Changeset, pool: &AttribPool) -> bool {
    let canonical = |changeset: &Changeset| changeset.with_canonical_attribs(pool);
    canonical(one).is_ok_and(|one| canonical(other) == Ok(one))
}

/// What becomes of local changes when a revision comes.
#[derive(Debug)]
pub(super) struct Plan {
    /// Of each commit, oldest first.
    submitted: Vec<Crossed>,
    pending: Crossed,
}
