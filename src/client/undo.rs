//! Undo and redo of one's own changes, while others go on.
//!
//! A step is the changeset that takes an edit back. What others did after it waits above it, unapplied, until the step is
//! asked for; then the two are moved past each other, and the others' part goes down to the step below:
//!
//! ```text
//!   now ── others ── after the edit ── undo ── before it
//!    \                                          /
//!     undo'                              others'
//!       \________________________________/
//! ```

use super::backlog::Backlog;
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Tie};
use crate::error::Error;
use std::collections::VecDeque;

/// How many steps can be taken back.
const MAX_STEPS: usize = 1000;
/// Edits of one kind that come no later than this after the one before, in milliseconds, are one step.
const GROUP_MS: f64 = 1000.0;

/// What kind of edit a step is; only typing and deleting go on in the same step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EditKind {
    /// Text was only inserted, without a newline.
    Type,
    /// Text was only removed.
    Delete,
    /// Anything else: a step of its own.
    Whole,
}

impl EditKind {
    pub fn of(changeset: &Changeset) -> Self {
        use crate::changeset::OpKind::{Insert, Keep, Remove};
        let has = |kind| changeset.ops().iter().any(|op| op.kind == kind);
        let is_plain = changeset.ops().iter().all(|op| op.kind != Keep || op.attribs.is_empty());
        let has_newline = changeset.ops().iter().any(|op| op.kind == Insert && op.lines > 0);
        match (has(Insert), has(Remove)) {
            (true, false) if is_plain && !has_newline => Self::Type,
            (false, true) if is_plain => Self::Delete,
            _ => Self::Whole,
        }
    }
}

#[derive(Debug, Clone)]
struct Step {
    inverse: Changeset,
    /// What others did since.
    others: Backlog,
    kind: EditKind,
    /// When the last edit of the step was made, in milliseconds.
    at: f64,
}

#[derive(Debug, Clone, Default)]
struct Stack {
    steps: VecDeque<Step>,
}

impl Stack {
    fn push(&mut self, inverse: Changeset, kind: EditKind, at: f64) {
        if self.steps.len() == MAX_STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(Step { inverse, others: Backlog::default(), kind, at });
    }

    fn others(&mut self, changeset: &Changeset, pool: &AttribPool) -> Result<(), Error> {
        self.steps.back_mut().map_or(Ok(()), |step| step.others.push(changeset.clone(), pool))
    }

    /// The uppermost step, moved past what others did since.
    fn pop(&mut self, pool: &AttribPool) -> Result<Option<Changeset>, Error> {
        let Some(Step { inverse, mut others, .. }) = self.steps.pop_back() else { return Ok(None) };
        let Some(others) = others.take(pool)? else { return Ok(Some(inverse)) };
        self.others(&others.follow(&inverse, Tie::OtherFirst, pool)?, pool)?;
        Ok(Some(inverse.follow(&others, Tie::SelfFirst, pool)?))
    }
}

/// One's own steps, done and taken back. Every changeset here is one of the view.
#[derive(Debug, Clone, Default)]
pub(super) struct Undo {
    done: Stack,
    undone: Stack,
}

impl Undo {
    pub fn can_undo(&self) -> bool {
        !self.done.steps.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.undone.steps.is_empty()
    }

    /// Others changed the view. O(change), amortised with a logarithm of what waits.
    pub fn others(&mut self, changeset: &Changeset, pool: &AttribPool) -> Result<(), Error> {
        self.done.others(changeset, pool)?;
        self.undone.others(changeset, pool)
    }

    /// The user changed the view; `inverse` takes it back.
    pub fn edited(&mut self, inverse: Changeset, kind: EditKind, now: f64, pool: &AttribPool) -> Result<(), Error> {
        self.undone = Stack::default();
        let goes_on = self.done.steps.back().is_some_and(|step| {
            kind != EditKind::Whole && step.kind == kind && (0.0..=GROUP_MS).contains(&(now - step.at))
        });
        let inverse = match if goes_on { self.done.pop(pool)? } else { None } {
            Some(before) => inverse.compose(&before, pool)?,
            None => inverse,
        };
        self.done.push(inverse, kind, now);
        Ok(())
    }

    /// Takes the last step from the done ones: to be applied to the view, and its inverse put on the undone ones.
    pub fn undo(&mut self, pool: &AttribPool) -> Result<Option<Changeset>, Error> {
        self.done.pop(pool)
    }

    /// The other way.
    pub fn redo(&mut self, pool: &AttribPool) -> Result<Option<Changeset>, Error> {
        self.undone.pop(pool)
    }

    /// What takes an undo back. `repair` is the part of it that is none of the undo's, so that to the steps left it is as
    /// if others had done it.
    pub fn put_undone(
        &mut self,
        inverse: Changeset,
        repair: Option<&Changeset>,
        pool: &AttribPool,
    ) -> Result<(), Error> {
        self.undone.push(inverse, EditKind::Whole, f64::NEG_INFINITY);
        repair.map_or(Ok(()), |repair| self.done.others(repair, pool))
    }

    /// What takes a redo back.
    pub fn put_done(&mut self, inverse: Changeset, repair: Option<&Changeset>, pool: &AttribPool) -> Result<(), Error> {
        self.done.push(inverse, EditKind::Whole, f64::NEG_INFINITY);
        repair.map_or(Ok(()), |repair| self.undone.others(repair, pool))
    }
}
