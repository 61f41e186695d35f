//! What a user has changed and the server has not acknowledged, without the document that it was changed in.

use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Tie};
use crate::error::Error;

/// Changes that were sent, and changes on top of them that were not.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub submitted: Option<Changeset>,
    /// The identity if there are none.
    pub pending: Changeset,
}

impl Local {
    /// Whether there is nothing that the server does not have.
    pub fn is_empty(&self) -> bool {
        self.submitted.is_none() && self.pending.is_identity()
    }

    /// Both as one changeset. O(n).
    pub fn whole(&self, pool: &AttribPool) -> Result<Changeset, Error> {
        match &self.submitted {
            Some(submitted) => submitted.compose(&self.pending, pool),
            None => Ok(self.pending.clone()),
        }
    }

    /// Both moved past a revision of the server, and the revision moved past both. O(n + m).
    ///
    /// At equal positions the revision goes before what was submitted, because the server will put it there, and what is
    /// pending goes before the revision.
    pub fn past(&self, revision: &Changeset, pool: &AttribPool) -> Result<(Self, Changeset), Error> {
        let (submitted, past_submitted) = match &self.submitted {
            Some(submitted) => (
                Some(submitted.follow(revision, Tie::OtherFirst, pool)?),
                revision.follow(submitted, Tie::SelfFirst, pool)?,
            ),
            None => (None, revision.clone()),
        };
        if self.pending.is_identity() {
            let pending = Changeset::identity(past_submitted.new_len())?;
            let is_normal = past_submitted.is_normal();
            let past_both = if is_normal { past_submitted } else { past_submitted.to_normal() };
            return Ok((Self { submitted, pending }, past_both));
        }
        let past_both = past_submitted.follow(&self.pending, Tie::OtherFirst, pool)?;
        let pending = self.pending.follow(&past_submitted, Tie::SelfFirst, pool)?;
        Ok((Self { submitted, pending }, past_both))
    }
}
