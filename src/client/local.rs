//! What a user has changed and the server has not acknowledged, without the document that it was changed in.

use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Crossed, Crossings, Tie};
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

    /// Both moved past a revision of the server, and the revision moved past both; see [`Local::plan`]. O(n + m).
    pub fn past(&self, revision: &Changeset, pool: &AttribPool) -> Result<(Self, Changeset), Error> {
        let mut crossings = Crossings::default();
        let (plan, past_both) = self.plan(revision, &mut crossings, pool)?;
        let mut moved = self.clone();
        moved.carry_out(plan, &mut crossings);
        Ok((moved, past_both))
    }

    /// What both become past a revision of the server, and the revision moved past both. O(m) for a revision of m ops; O(n + m) if
    /// what is local was changed since.
    ///
    /// At equal positions the revision goes before what was submitted, because the server will put it there, and what is
    /// pending goes before the revision.
    pub fn plan(
        &self,
        revision: &Changeset,
        crossings: &mut Crossings,
        pool: &AttribPool,
    ) -> Result<(Plan, Changeset), Error> {
        let (submitted, past_submitted) = match &self.submitted {
            Some(submitted) => {
                let (submitted, moved) = crossings.cross(submitted, revision, Tie::OtherFirst, pool)?;
                (Some(submitted), moved)
            }
            None => (None, revision.clone()),
        };
        if self.pending.is_identity() {
            let pending = Crossed::Whole(Changeset::identity(past_submitted.new_len())?);
            return Ok((Plan { submitted, pending }, past_submitted.to_normal()));
        }
        let (pending, past_both) = crossings.cross(&self.pending, &past_submitted, Tie::SelfFirst, pool)?;
        Ok((Plan { submitted, pending }, past_both))
    }

    /// Does what was planned for just this.
    pub fn carry_out(&mut self, plan: Plan, crossings: &mut Crossings) {
        if let (Some(crossed), Some(submitted)) = (plan.submitted, &mut self.submitted) {
            crossings.carry_out(crossed, submitted);
        }
        crossings.carry_out(plan.pending, &mut self.pending);
    }
}

/// What becomes of local changes when a revision comes.
#[derive(Debug)]
pub(super) struct Plan {
    submitted: Option<Crossed>,
    pending: Crossed,
}
