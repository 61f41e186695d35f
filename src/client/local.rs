//! What a user has changed and the server has not acknowledged, without the document that it was changed in.

use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Tie};
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

    /// All of it moved past a revision of the server, and the revision moved past all of it. O(n + m).
    ///
    /// At equal positions the revision goes before what was submitted, because the server will put it there, and what is
    /// pending goes before the revision.
    pub fn past(&self, revision: &Changeset, pool: &AttribPool) -> Result<(Self, Changeset), Error> {
        let mut past_submitted = revision.clone();
        let mut submitted = VecDeque::with_capacity(self.submitted.len());
        for Submitted { changeset, sent } in &self.submitted {
            let moved = changeset.follow(&past_submitted, Tie::OtherFirst, pool)?;
            past_submitted = past_submitted.follow(changeset, Tie::SelfFirst, pool)?;
            submitted.push_back(Submitted { changeset: moved, sent: sent.clone() });
        }
        if self.pending.is_identity() {
            let pending = Changeset::identity(past_submitted.new_len())?;
            let is_normal = past_submitted.is_normal();
            let past_all = if is_normal { past_submitted } else { past_submitted.to_normal() };
            return Ok((Self { submitted, pending }, past_all));
        }
        let past_all = past_submitted.follow(&self.pending, Tie::OtherFirst, pool)?;
        let pending = self.pending.follow(&past_submitted, Tie::SelfFirst, pool)?;
        Ok((Self { submitted, pending }, past_all))
    }
}

/// Whether two changesets say the same, whatever the order of attributes.
fn is_same(one: &Changeset, other: &Changeset, pool: &AttribPool) -> bool {
    let canonical = |changeset: &Changeset| changeset.with_canonical_attribs(pool);
    canonical(one).is_ok_and(|one| canonical(other) == Ok(one))
}
