//! Commits of one session that have not waited for each other.
//!
//! ```text
//!   base_rev ── others' revisions ── head
//!      \                                \
//!     below, not answered               below' (revisions by now)
//!        \                                 \
//!       the commit                         what is appended
//! ```
//!
//! The client made its second commit on top of the first, when it did not know yet which revision that would be. So here the
//! first is moved past others' revisions once more, just as the client does it, and what comes of those is what the second
//! is moved past.

use super::Submission;
use super::rebase::check_fit;
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Tie, UnknownAttrib};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::protocol::{CommitId, CommitNumber, PIPELINE_DEPTH};
use std::collections::{BTreeMap, VecDeque};

/// Of so many commits of a session it is remembered what became of them. A client can ask again for those without answer only.
const REMEMBERED: usize = 2 * PIPELINE_DEPTH;
/// How many commits of sessions that are not here are remembered.
const MAX_STRANGERS: usize = 1024;
/// How long the name of such a session may be, in code units. Clients say it, so it can be anything; ours are shorter.
const MAX_NAME: usize = 64;

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The revision that it became, or the head at which it changed nothing.
    pub rev: u32,
    /// Whether it became a revision.
    pub is_revision: bool,
}

/// Whether it is a commit's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is the next.
    Now,
    /// One before it has not come; it has to be [held](Pipeline::hold).
    Early,
    /// It was there before, and this became of it.
    Known(Outcome),
    /// Nobody waits for an answer to it.
    Stale,
    /// No client that keeps to the rules sends it now.
    Wrong,
}

/// The commits of one session: which is next, which came early, and what became of the last. `T` is what is kept of those that came early.
#[derive(Debug, Clone)]
pub struct Pipeline<T> {
    next: u32,
    outcomes: BTreeMap<u32, Outcome>,
    early: BTreeMap<u32, T>,
    below: Below,
    /// A commit was refused, so those after it are good for nothing.
    is_broken: bool,
}

/// Commits that the client may not have had an answer to, oldest first, each on top of the one before, the first on top of revision `rev`.
#[derive(Debug, Clone, Default)]
struct Below {
    rev: u32,
    commits: VecDeque<(Changeset, Outcome)>,
}

/// A commit in its place on top of those before it.
#[derive(Debug, Clone)]
pub struct Entered {
    submitted: Changeset,
    below: Below,
}

impl<T> Default for Pipeline<T> {
    fn default() -> Self {
        let (outcomes, early) = (BTreeMap::new(), BTreeMap::new());
        Self { next: 0, outcomes, early, below: Below::default(), is_broken: false }
    }
}

impl<T> Pipeline<T> {
    /// Says whether it is the turn of the commit `seq`.
    pub fn turn(&self, seq: u32) -> Turn {
        match self.outcomes.get(&seq) {
            Some(outcome) => Turn::Known(*outcome),
            None if self.is_broken || seq < self.next => Turn::Stale,
            None if seq == self.next => Turn::Now,
            None if seq - self.next < PIPELINE_DEPTH as u32 => Turn::Early,
            None => Turn::Wrong,
        }
    }

    /// Keeps a commit that came early; there are never more than the depth allows.
    pub fn hold(&mut self, seq: u32, commit: T) {
        self.early.insert(seq, commit);
    }

    /// Takes out the commit whose turn it is now, if it came early.
    pub fn release(&mut self) -> Option<T> {
        self.early.remove(&self.next)
    }

    /// Whether a number is awaited that others have overtaken.
    pub fn is_stuck(&self) -> bool {
        !self.early.is_empty()
    }

    /// What became of a commit that has become a revision. One that changed nothing is as good as never sent: when it comes
    /// again in another session, it may change something.
    pub fn outcome(&self, seq: u32) -> Option<Outcome> {
        self.outcomes.get(&seq).copied().filter(|outcome| outcome.is_revision)
    }

    /// A commit was refused: those after it were made on top of it, and are refused as well until the client has joined anew.
    pub fn refuse(&mut self) {
        self.is_broken = true;
        self.early.clear();
    }

    /// The client joins anew on the same connection, and sends again what has no answer.
    pub fn rejoin(&mut self) {
        self.is_broken = false;
        self.early.clear();
    }

    /// Which revision, and all after it, [`Pipeline::enter`] and [`Entered::rebase`] need.
    pub fn needs_from(&self, number: &CommitNumber, base_rev: u32) -> u32 {
        let from = if number.above > 0 { self.below.rev.min(base_rev) } else { base_rev };
        from.saturating_add(1)
    }

    /// Puts a commit in its place. `before` are the revisions from [`Pipeline::needs_from`] to `base_rev`. O(below, for each
    /// of them).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongNumber`] if it is not on top of the commits that it says; [`ErrorKind::MissingAttribute`] for
    /// numbers that its pool lacks; as [`Changeset::follow`].
    pub fn enter<'a>(
        &self,
        number: &CommitNumber,
        base_rev: u32,
        submission: &Submission<'_>,
        before: impl IntoIterator<Item = (u32, &'a Changeset)>,
        pool: &mut AttribPool,
    ) -> Result<Entered, Error> {
        let submitted = submission.changeset.move_to_pool(submission.pool, pool, UnknownAttrib::Refuse)?;
        let mut below = if number.above > 0 { self.below.clone() } else { Below::default() };
        let unheard = number.above as usize;
        for (rev, revision) in before {
            below.past(rev, revision, unheard, pool)?;
        }
        below.rev = base_rev;
        below.shorten(unheard);
        if below.commits.len() != number.above as usize {
            let found = below.commits.len() as u32;
            return Err(ErrorKind::WrongNumber { expected: number.above, found }.into());
        }
        Ok(Entered { submitted, below })
    }

    /// A commit is done.
    pub fn done(&mut self, seq: u32, entered: Entered, outcome: Outcome) {
        let Entered { submitted, mut below } = entered;
        below.commits.push_back((submitted, outcome));
        self.below = below;
        self.tell(seq, outcome);
    }

    /// A commit of this session has been done in another one, or was done there before.
    pub fn tell(&mut self, seq: u32, outcome: Outcome) {
        self.outcomes.insert(seq, outcome);
        self.early.remove(&seq);
        while self.outcomes.contains_key(&self.next) {
            self.next += 1;
        }
        while self.outcomes.len() > REMEMBERED {
            self.outcomes.pop_first();
        }
    }
}

/// What became of commits whose first session their author does not have here: one of another server, or of this one before it
/// began anew, or of the author under another name. Each is known to its author `A` only.
#[derive(Debug, Clone)]
pub struct Strangers<A> {
    outcomes: VecDeque<(CommitId, A, Outcome)>,
}

impl<A> Default for Strangers<A> {
    fn default() -> Self {
        Self { outcomes: VecDeque::new() }
    }
}

impl<A: Clone + PartialEq> Strangers<A> {
    /// A commit was done. Only those that became a revision are remembered, as in [`Pipeline::outcome`], no more than 1,024, and
    /// none of a session whose name has more than 64 code units.
    pub fn tell(&mut self, id: &CommitId, author: &A, outcome: Outcome) {
        if !outcome.is_revision || id.session.len() > MAX_NAME || self.outcome(id, author).is_some() {
            return;
        }
        if self.outcomes.len() == MAX_STRANGERS {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back((id.clone(), author.clone(), outcome));
    }

    /// What became of a commit. O(remembered).
    pub fn outcome(&self, id: &CommitId, author: &A) -> Option<Outcome> {
        let of = |(known, its_author, _): &&(CommitId, A, Outcome)| known == id && its_author == author;
        self.outcomes.iter().rev().find(of).map(|(_, _, outcome)| *outcome)
    }
}

impl Below {
    /// Moves on past a revision, and gives back what that is on top of these commits; `None` if it is one of them. The client
    /// has not heard of the last `unheard`.
    fn past(
        &mut self,
        rev: u32,
        revision: &Changeset,
        unheard: usize,
        pool: &AttribPool,
    ) -> Result<Option<Changeset>, Error> {
        // What had no effect is gone when the client hears of it, which is before the next revision.
        let is_gone = |(_, outcome): &(Changeset, Outcome)| !outcome.is_revision && outcome.rev < rev;
        while self.commits.len() > unheard && self.commits.front().is_some_and(is_gone) {
            self.commits.pop_front();
        }
        self.rev = rev;
        if self.commits.front().is_some_and(|(_, outcome)| outcome.is_revision && outcome.rev == rev) {
            self.commits.pop_front();
            return Ok(None);
        }
        let mut past = revision.clone();
        for (commit, _) in &mut self.commits {
            let moved = commit.follow(&past, Tie::OtherFirst, pool)?;
            past = past.follow(commit, Tie::SelfFirst, pool)?;
            *commit = moved;
        }
        Ok(Some(past))
    }

    /// Drops the first ones, down to `count`, as far as the client can have heard of them.
    fn shorten(&mut self, count: usize) {
        while self.commits.len() > count && self.commits.front().is_some_and(|(_, outcome)| outcome.rev <= self.rev) {
            self.commits.pop_front();
        }
    }
}

impl Entered {
    /// Moves the commit past the revisions after the one that it is based on, `since`, and gives back what to append. If one
    /// of them that `can_be_own` is the commit itself, which was sent before, its number is given back as well, and there is
    /// nothing to append. O(commit and below, for each revision), plus O(log n) for the look at `head`.
    ///
    /// # Errors
    ///
    /// As [`rebase`](super::rebase()).
    pub fn rebase<'a>(
        &self,
        since: impl IntoIterator<Item = (u32, &'a Changeset)>,
        can_be_own: impl Fn(u32) -> bool,
        head: &Document,
        pool: &AttribPool,
    ) -> Result<(Changeset, Option<u32>), Error> {
        let (mut rebased, mut below) = (self.submitted.clone(), self.below.clone());
        let mut own = None;
        for (rev, revision) in since {
            let Some(past) = below.past(rev, revision, 0, pool)? else { continue };
            if can_be_own(rev) && below.commits.is_empty() && (past == self.submitted || past == rebased) {
                rebased = Changeset::identity(past.new_len())?;
                own = Some(rev);
                continue;
            }
            rebased = rebased.follow(&past, Tie::OtherFirst, pool)?;
        }
        check_fit(&rebased, head, pool)?;
        Ok((rebased, own))
    }
}
