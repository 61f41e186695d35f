//! Commits in flight: how many there may be, and which answer is whose.
//!
//! A server that knows of numbers gets up to two commits at once, the second on top of the first, and answers each by its
//! number. Any other server gets one, without a number, and its next answer is for that.

use super::Client;
use crate::protocol::{CommitId, CommitNumber, PIPELINE_DEPTH};
use crate::text::Utf16String;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(super) struct Flight {
    /// What the server calls this session, if commits have numbers in it.
    session: Option<Utf16String>,
    /// The server has answered without a number. That can happen again, so commits have none any more, in no session.
    is_off: bool,
    /// The number of the next commit.
    next: u32,
    /// So many of the submitted commits, the oldest, are under way on this connection.
    out: usize,
    /// A commit without a number came as a revision, and its answer is still to come.
    is_owed: bool,
    /// Answers that have come before their turn: the revision of each number, and whether the commit is none itself.
    early: BTreeMap<u32, (u32, bool)>,
    /// Whether nothing new may be sent.
    is_closing: bool,
}

/// Whose answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// That of the oldest commit.
    First,
    /// That of a later one: it waits.
    Later,
    /// One that has been answered.
    Old,
    /// One that was never sent.
    Unknown,
}

impl Flight {
    /// How many commits may be without an answer.
    pub fn depth(&self) -> usize {
        if self.session.is_some() { PIPELINE_DEPTH } else { 1 }
    }

    /// How many have none.
    pub fn count(&self) -> usize {
        self.out + usize::from(self.is_owed)
    }

    /// How many of the submitted commits are under way.
    pub fn out(&self) -> usize {
        self.out
    }

    /// Whether new commits may be sent.
    pub fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// No answer is awaited any more.
    pub fn forget(&mut self) {
        (self.out, self.is_owed) = (0, false);
        self.early.clear();
    }

    /// The oldest commit was taken, by an answer or as a revision.
    pub fn taken(&mut self) {
        self.out = self.out.saturating_sub(1);
        self.is_owed = false;
    }

    /// The oldest commit came as a revision.
    pub fn came_as_revision(&mut self) {
        let was_out = self.out > 0;
        self.taken();
        // An answer with a number will be known as an old one.
        self.is_owed = was_out && self.session.is_none();
    }

    /// An answer that belongs to no commit here has come: whether one was awaited.
    pub fn settle_owed(&mut self) -> bool {
        std::mem::take(&mut self.is_owed)
    }
}

impl Client {
    /// How many commits have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.flight.count()
    }

    /// No new commit is to be made any more; those in flight are answered as ever. The host can close the connection when
    /// [`Client::in_flight`] is 0; what is not sent is [kept](Client::kept).
    pub fn finish(&mut self) {
        self.flight.is_closing = true;
    }

    /// A session has begun, which the server calls `session` if it knows of numbers. In another session than before
    /// everything gets a new number.
    pub(super) fn flight_begins(&mut self, session: Option<Utf16String>) {
        self.flight.forget();
        let session = session.filter(|_| !self.flight.is_off);
        if session != self.flight.session || session.is_none() {
            self.flight.next = 0;
            self.layers.iter_mut().flat_map(|layers| layers.sent_mut()).for_each(|sent| sent.seq = None);
        }
        self.flight.session = session;
    }

    /// The oldest submitted commit that is not under way goes out: gives back its number, if it has one.
    pub(super) fn takes_off(&mut self) -> Option<CommitNumber> {
        let Flight { session, next, out, .. } = &mut self.flight;
        let above = *out as u32;
        let sent = self.layers.as_mut()?.sent_mut().nth(*out);
        *out += 1;
        let (session, sent) = (session.as_ref()?, sent?);
        let seq = *sent.seq.get_or_insert(*next);
        *next = (*next).max(seq + 1);
        let own = CommitId { session: session.clone(), seq };
        if !sent.may_be_stored {
            sent.id.get_or_insert_with(|| own.clone());
        }
        // The same number says that it is the same commit.
        let is_repeat = sent.id.as_ref() != Some(&own);
        Some(CommitNumber { seq, above, is_repeat, first: sent.id.clone().filter(|_| is_repeat) })
    }

    /// Whose answer has come; an answer without a number is that of the oldest commit, and the last that was awaited with
    /// one.
    pub(super) fn whose(&mut self, seq: Option<u32>) -> Answer {
        let Some(seq) = seq else {
            if self.flight.session.take().is_some() {
                self.flight.is_off = true;
                self.flight.early.clear();
            }
            return Answer::First;
        };
        let mut commits = self.layers.iter().flat_map(|layers| layers.commits());
        match commits.position(|commit| commit.sent.seq == Some(seq)) {
            Some(0) => Answer::First,
            Some(_) => Answer::Later,
            None if seq < self.flight.next => Answer::Old,
            None => Answer::Unknown,
        }
    }

    /// The number of the oldest commit.
    pub(super) fn first_seq(&self) -> Option<u32> {
        self.layers.as_ref()?.commits().front()?.sent.seq
    }

    /// An answer has come before its turn.
    pub(super) fn answered_early(&mut self, seq: u32, new_rev: u32, no_changes: bool) {
        self.flight.early.insert(seq, (new_rev, no_changes));
    }

    /// The answer to the oldest commit, if it has come early and it is its turn: number, revision, and whether the commit is
    /// none.
    pub(super) fn early_answer(&mut self) -> Option<(u32, u32, bool)> {
        let (seq, rev) = (self.first_seq()?, self.rev());
        let (new_rev, no_changes) = *self.flight.early.get(&seq)?;
        if no_changes && new_rev > rev {
            return None;
        }
        self.flight.early.remove(&seq);
        Some((seq, new_rev, no_changes))
    }

    /// The number that is awaited next.
    pub(super) fn due(&self) -> u32 {
        self.first_seq().unwrap_or(self.flight.next)
    }
}
