//! What comes from the server: put in order, and applied at once or in slices.

use super::super::local::Sent;
use super::super::order::Placed;
use super::flight::Answer;
use super::mailbox::{Mailbox, newest_rev};
use super::{Audience, Client, Effect, Phase};
use crate::changeset::{Changeset, UnknownAttrib};
use crate::error::{Error, ErrorKind};
use crate::protocol::{ChangesetReply, Message, MessageError, Revision, RevisionList, Source};
use crate::text::Utf16String;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many messages may wait to be read.
const MAX_WAITING: usize = 250_000;
/// How large they may be together, in bytes.
const MAX_WAITING_BYTES: usize = 64_000_000;

/// What belongs to a revision.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly always made and used at once; a box would cost more than the copy"
)]
pub(super) enum Arrival {
    Revision {
        /// Numbered by the client's pool.
        changeset: Changeset,
        /// Who made it, if that is known.
        author: Option<Arc<Utf16String>>,
        time: Option<f64>,
        origin: Origin,
    },
    /// Of the commit with this number, or of the oldest.
    Accept(Option<u32>),
}

/// How a revision came, and so whether it can be one's own commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    message: &'static str,
    item: Option<usize>,
    /// In a replay of missed revisions one's own commits come as revisions.
    is_replay: bool,
}

/// What waits to be done. Nothing overtakes.
#[derive(Debug, Clone)]
enum Work {
    Arrival(u32, Arrival),
    /// What is left to do when all revisions of a message are applied.
    End(End),
}

#[derive(Debug, Clone)]
enum End {
    /// Of the answer to a request for missed revisions, which was asked at this revision.
    Fetched { before: u32 },
    /// Of a list of revisions.
    Listed { is_replay: bool, head_rev: Option<u32>, broken: Option<MessageError> },
}

/// What waits: what is left of the message that was read last, and then the messages that came meanwhile, which are not read before
/// it is their turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbound {
    parts: VecDeque<Work>,
    messages: Mailbox,
    /// The highest revision that ever waited.
    last: u32,
}

impl Inbound {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.messages.len() == 0
    }

    /// How many revisions and messages wait.
    pub fn len(&self) -> usize {
        self.revisions() + self.messages.len()
    }

    fn revisions(&self) -> usize {
        self.parts.iter().filter(|part| matches!(part, Work::Arrival(..))).count()
    }

    /// The highest revision that waits or has waited.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// What a lost connection leaves of the message that was read last: revisions stay good, all else was for that connection.
    pub fn keep_revisions(&mut self) {
        self.parts.retain(|part| matches!(part, Work::Arrival(..)));
    }

    pub fn clear(&mut self) {
        self.parts.clear();
        self.messages.clear();
    }

    /// Puts a message behind what waits; `false` if there is no room.
    fn push(&mut self, message: &str, connection: u64) -> bool {
        let Self { messages, last, .. } = self;
        if messages.len() >= MAX_WAITING || messages.bytes() + message.len() > MAX_WAITING_BYTES {
            return false;
        }
        *last = newest_rev(message).unwrap_or_default().max(*last);
        messages.push(message, connection);
        true
    }

    /// Puts the parts of a message before everything else.
    fn put_first(&mut self, parts: Vec<Work>) {
        for part in parts.into_iter().rev() {
            if let Work::Arrival(rev, _) = &part {
                self.last = self.last.max(*rev);
            }
            self.parts.push_front(part);
        }
    }

    /// The next part; without `more`, only if no revision is applied by it.
    fn next_part(&mut self, more: bool) -> Option<Work> {
        (more || matches!(self.parts.front(), Some(Work::End(_)))).then(|| self.parts.pop_front()).flatten()
    }
}

impl Client {
    /// Puts a message behind what waits, to be read in its turn.
    pub(super) fn put_off(&mut self, text: &str) -> Result<(), MessageError> {
        if self.inbound.push(text, self.losses) {
            return Ok(());
        }
        let waiting = self.inbound.len();
        self.inbound.clear();
        let error = ErrorKind::Overflow { waiting }.into();
        Err(MessageError { message: "message".to_owned(), item: None, error })
    }

    /// Goes on with what waits, until `limit` revisions or messages are done or nothing waits. What an error leaves behind is
    /// asked for again, so nothing waits then.
    pub(super) fn work(&mut self, limit: usize) -> Result<(), MessageError> {
        let mut done = 0;
        let mut text = String::new();
        loop {
            let result = match self.inbound.next_part(done < limit) {
                Some(Work::Arrival(rev, arrival)) => {
                    done += 1;
                    self.arrive(rev, arrival)
                }
                Some(Work::End(end)) => self.end_of(end),
                None if done < limit && self.inbound.parts.is_empty() => {
                    let Some(connection) = self.inbound.messages.pop(&mut text) else { return Ok(()) };
                    done += 1;
                    self.take_waiting(&text, connection)
                }
                None => return Ok(()),
            };
            if let Err(error) = result {
                self.inbound.clear();
                return Err(error);
            }
        }
    }

    /// Reads a message whose turn it is. Of a connection that was lost meanwhile, only what is not about that connection counts.
    fn take_waiting(&mut self, text: &str, connection: u64) -> Result<(), MessageError> {
        let message = self.reader.read(text)?;
        let is_past = connection != self.losses;
        if is_past && !matches!(message, Message::Revisions(_) | Message::Other { .. }) {
            return Ok(());
        }
        if !is_past && self.is_premature(&message) {
            return Ok(());
        }
        if Audience::of(&message) == Audience::Host {
            self.for_host.push(text.to_owned());
        }
        self.handle_now(message)
    }

    /// Takes a list of revisions: at once if it is short enough, otherwise a slice of it.
    pub(super) fn revisions(&mut self, list: RevisionList) -> Result<(), MessageError> {
        let RevisionList { source, revisions, broken, head_rev } = list;
        let is_batch = source == Source::NewChangesBatch;
        let is_replay = source == Source::ClientReconnect;
        let origin = |item| Origin { message: source.name(), item: is_batch.then_some(item), is_replay };
        let end = End::Listed { is_replay, head_rev, broken };
        self.take_parts(revisions, end, |client, item, revision| client.arrival(revision, origin(item)))
    }

    /// Takes the revision of a message that brings no other.
    pub(super) fn only_revision(&mut self, revision: Revision) -> Result<(), MessageError> {
        let origin = Origin { message: Source::NewChanges.name(), item: None, is_replay: false };
        let (rev, arrival) = self.arrival(revision, origin);
        self.arrive(rev, arrival)
    }

    /// A revision, numbered by the client's pool.
    fn arrival(&mut self, revision: Revision, origin: Origin) -> (u32, Arrival) {
        let Revision { rev, changeset, pool, author, time } = revision;
        let changeset = self.pool_map.carry(changeset, &pool, &mut self.pool);
        (rev, Arrival::Revision { changeset, author: Some(author), time, origin })
    }

    /// Takes an answer to a request for missed revisions, one's own commits among them.
    pub(super) fn fetched(&mut self, reply: ChangesetReply) -> Result<(), MessageError> {
        if reply.granularity != 1 || self.phase == Phase::Stopped {
            return Ok(());
        }
        if self.is_restore_reply(reply.request_id) {
            self.restore_reply(reply);
            return Ok(());
        }
        if reply.request_id != self.request_id || !matches!(self.phase, Phase::CatchingUp { .. }) {
            return Ok(());
        }
        let before = self.rev();
        let mut parts = Vec::with_capacity(reply.steps.len());
        for (rev, (item, step)) in (reply.start..).zip(reply.steps.into_iter().enumerate()) {
            let origin = Origin { message: "CHANGESET_REQ", item: Some(item), is_replay: true };
            let failed = |error| origin.error(error);
            let changeset =
                step.forwards.move_to_pool(&reply.pool, &mut self.pool, UnknownAttrib::Drop).map_err(failed)?;
            if let Some(check) = &mut self.check
                && !check.passes(rev, &changeset, step.time_delta, &self.pool)
            {
                return Err(failed(ErrorKind::OtherHistory { rev: before }.into()));
            }
            if rev > before {
                parts.push((rev, Arrival::Revision { changeset, author: None, time: None, origin }));
            }
        }
        self.take_parts(parts, End::Fetched { before }, |_, _, part| part)
    }

    /// Applies the parts of a message, each made by `make` of its place and itself, if one slice may have so many; otherwise they
    /// wait.
    fn take_parts<T>(
        &mut self,
        parts: Vec<T>,
        end: End,
        mut make: impl FnMut(&mut Self, usize, T) -> (u32, Arrival),
    ) -> Result<(), MessageError> {
        let parts = parts.into_iter().enumerate();
        if parts.len() <= self.slice {
            for (item, part) in parts {
                let (rev, arrival) = make(self, item, part);
                self.arrive(rev, arrival)?;
            }
            return self.end_of(end);
        }
        let arrivals =
            parts.map(|(item, part)| make(self, item, part)).map(|(rev, arrival)| Work::Arrival(rev, arrival));
        let mut waiting: Vec<_> = arrivals.collect();
        waiting.push(Work::End(end));
        self.inbound.put_first(waiting);
        Ok(())
    }

    fn end_of(&mut self, end: End) -> Result<(), MessageError> {
        match end {
            End::Fetched { before } => {
                let Phase::CatchingUp { until } = self.phase else { return Ok(()) };
                match self.rev() {
                    rev if rev >= until => self.resume(),
                    rev if rev > before => self.fetch(rev + 1),
                    rev => {
                        let error = ErrorKind::Gap { rev, found: until }.into();
                        return Err(MessageError { message: "CHANGESET_REQ".to_owned(), item: None, error });
                    }
                }
                Ok(())
            }
            End::Listed { is_replay, head_rev, broken } => {
                if is_replay && head_rev == Some(self.rev()) {
                    self.resume();
                }
                broken.map_or(Ok(()), Err)
            }
        }
    }

    /// Takes the answer to a commit, by its number if it has one. Answers are taken in the order of the commits.
    pub(super) fn accept(&mut self, new_rev: u32, seq: Option<u32>, no_changes: bool) -> Result<(), MessageError> {
        match (self.whose(seq), seq) {
            (Answer::Later, Some(seq)) => {
                self.answered_early(seq, new_rev, no_changes);
                return Ok(());
            }
            // It had no effect on a document that is not there yet.
            (Answer::First, Some(seq)) if no_changes && new_rev > self.rev() => {
                self.answered_early(seq, new_rev, no_changes);
                return Ok(());
            }
            (Answer::Old, _) => {
                self.counts.duplicates += 1;
                return Ok(());
            }
            (Answer::Unknown, Some(found)) => {
                let error = ErrorKind::WrongNumber { expected: self.due(), found }.into();
                return Err(accept_error(error));
            }
            _ => {}
        }
        if new_rev > self.rev() {
            return self.arrive(new_rev, Arrival::Accept(seq));
        }
        // No revision was made, because nothing would have changed; or the word comes a second time.
        if seq.is_none() && (new_rev < self.rev() || self.in_flight() == 0) {
            self.counts.duplicates += 1;
            return Ok(());
        }
        if seq.is_none() && self.flight.settle_owed() {
            // It was there already, and has been recognised: this is the answer to its repetition.
            self.restore_next();
            return Ok(());
        }
        // The submitted changes must not change the base then; if they do, the two of us mean different documents.
        let mut without_effect = self.layers.clone().ok_or_else(|| accept_error(ErrorKind::NotJoined.into()))?;
        if without_effect.accept(&self.pool).is_ok() && Some(without_effect.base()) != self.base() {
            // What was sent only once, on this revision, cannot be in it.
            if no_changes || seq.is_none() || !self.may_be_stored() {
                self.refusals += 1;
                let error = ErrorKind::UnexpectedEffect { rev: new_rev }.into();
                return Err(accept_error(error));
            }
            self.drop_first(new_rev)?;
        } else {
            self.accept_submitted(new_rev)?;
        }
        self.flight.taken();
        self.restore_next();
        self.take_early_answer()
    }

    /// Takes the answer to what is the oldest commit now, if that has come before the answer to the one before.
    fn take_early_answer(&mut self) -> Result<(), MessageError> {
        self.early_answer().map_or(Ok(()), |(seq, new_rev, no_changes)| self.accept(new_rev, Some(seq), no_changes))
    }

    /// Takes what belongs to a revision in its turn, and what waited for it.
    fn arrive(&mut self, rev: u32, arrival: Arrival) -> Result<(), MessageError> {
        if self.layers.is_none() {
            return Err(arrival.error(ErrorKind::NotJoined.into()));
        }
        let gap =
            |client: &Self, arrival: &Arrival| arrival.error(ErrorKind::Gap { rev: client.rev(), found: rev }.into());
        let size = arrival.size();
        let mut next = match self.order.place(rev, arrival, size) {
            Placed::Next(arrival) => Some(arrival),
            Placed::Duplicate => {
                self.counts.duplicates += 1;
                None
            }
            Placed::Held => {
                self.counts.held += 1;
                None
            }
            Placed::Full(arrival) => return Err(gap(self, &arrival)),
        };
        while let Some(arrival) = next {
            let rev = self.rev() + 1;
            match arrival {
                Arrival::Accept(seq) if self.is_doubtful(seq) => {
                    self.flight.forget();
                    self.phase = Phase::CatchingUp { until: rev };
                    self.fetch(rev);
                    return Ok(());
                }
                Arrival::Accept(_) => {
                    let changeset = self.accept_submitted(rev)?;
                    self.flight.taken();
                    self.advance(changeset, None, false);
                }
                Arrival::Revision { changeset, author, time, origin } => {
                    self.apply(rev, changeset, author, time, origin)?;
                }
            }
            self.compare_with_join()?;
            // What had no effect at a revision is gone before the next.
            self.take_early_answer()?;
            next = self.order.take_next();
        }
        Ok(())
    }

    /// Whether the missed revisions have led to the text that the join brought, once they all have come. A pad that was begun anew
    /// can have revisions that fit. O(1), and O(n) once for each join that was behind.
    fn compare_with_join(&mut self) -> Result<(), MessageError> {
        let rev = self.rev();
        let joined = self.joined.0;
        let Some(text) = self.joined_text.take_if(|_| joined <= rev) else { return Ok(()) };
        if joined == rev && self.base().is_some_and(|base| base.text() != text) {
            let error = ErrorKind::OtherHistory { rev }.into();
            return Err(MessageError { message: "CHANGESET_REQ".to_owned(), item: None, error });
        }
        Ok(())
    }

    /// Applies the next revision first, and only then counts it.
    fn apply(
        &mut self,
        rev: u32,
        changeset: Changeset,
        author: Option<Arc<Utf16String>>,
        time: Option<f64>,
        origin: Origin,
    ) -> Result<(), MessageError> {
        let failed = |error| origin.error(error);
        let is_own_author = author.as_ref().is_none_or(|author| **author == self.author);
        // What an earlier connection has sent can still come in when this one has begun.
        let can_be = |sent: &Sent| is_own_author && (origin.is_replay || sent.may_be_stored);
        let submitted = self.layers.as_ref().and_then(|layers| layers.position(&changeset, can_be, &self.pool));
        if let Some(index) = submitted {
            (0..index).for_each(|_| self.pass_over_first());
            let changeset = self.accept_submitted(rev)?;
            // If it was repeated on this connection, the answer to that is still to come.
            self.flight.came_as_revision();
            self.advance(changeset, time, false);
            return Ok(());
        }
        let Some(layers) = &mut self.layers else { return Err(failed(ErrorKind::NotJoined.into())) };
        let for_editor = layers.apply_remote(&changeset, &self.pool).map_err(failed)?;
        let is_shown = self.view.as_mut().is_none_or(|view| view.apply(&for_editor, &self.pool).is_ok());
        self.counts.applied += 1;
        self.effects.push_back(Effect::Applied { rev, author, time, changeset: for_editor });
        self.advance(changeset, time, is_own_author);
        if !is_shown {
            self.rebuild_view();
        }
        Ok(())
    }

    /// A revision is done.
    fn advance(&mut self, changeset: Changeset, time: Option<f64>, can_be_kept: bool) {
        self.order.advance();
        if !self.restoring.is_empty() {
            self.restore_along(&changeset, can_be_kept);
        }
        if let (Some(last), _) = std::mem::replace(&mut self.last, (Some(changeset), time)) {
            self.reader.recycle(last);
        }
    }

    /// Whether the oldest commit may have been stored without an answer.
    fn may_be_stored(&self) -> bool {
        let first = self.layers.as_ref().and_then(|layers| layers.commits().front());
        first.is_some_and(|commit| commit.sent.may_be_stored)
    }

    /// Whether an acknowledgement can mean that the commit was nothing new, so that the next revision may be someone else's
    /// that was lost on its way: then the revision itself has to be asked for. So it has if the commit meanwhile came as a
    /// revision.
    fn is_doubtful(&self, seq: Option<u32>) -> bool {
        let Some(layers) = &self.layers else { return false };
        if seq.is_some() && seq != self.first_seq() {
            return true;
        }
        let Some(submitted) = layers.submitted() else { return false };
        self.may_be_stored() || {
            let mut after = layers.base().clone();
            submitted.new_len() == submitted.old_len()
                && after.apply(submitted, &self.pool).is_ok()
                && after == *layers.base()
        }
    }

    /// Makes the view from the three layers. If even that fails, the local changes fit no more.
    pub(super) fn rebuild_view(&mut self) {
        let rev = self.rev();
        let Some(layers) = &self.layers else { return };
        let mut view = layers.base().clone();
        let fits = layers.local_changes().map(|change| view.apply(change, &self.pool)).all(|result| result.is_ok());
        if fits {
            self.view = Some(view);
            self.effects.push_back(Effect::Joined { rev });
        } else {
            self.stop(rev);
        }
    }

    /// A commit changed nothing, as is known because the one after it has come as a revision.
    fn pass_over_first(&mut self) {
        let rev = self.rev();
        let Some(had_effect) = self.layers.as_mut().and_then(|layers| layers.pass_over_first(&self.pool)) else {
            return;
        };
        self.flight.taken();
        self.changes += 1;
        self.counts.accepted += 1;
        self.effects.push_back(Effect::Accepted { rev });
        if had_effect {
            self.rebuild_view();
        }
    }

    /// The oldest commit, which was sent before, is the revision `rev`, which has come and was not known again: what the user has done
    /// is in the document, in other words than were to be expected.
    fn drop_first(&mut self, rev: u32) -> Result<(), MessageError> {
        let layers = self.layers.as_mut().ok_or_else(|| accept_error(ErrorKind::NotJoined.into()))?;
        layers.drop_first(&mut self.pool).map_err(accept_error)?;
        (self.is_limited, self.refusals) = (false, 0);
        self.changes += 1;
        self.counts.accepted += 1;
        self.effects.push_back(Effect::Accepted { rev });
        self.rebuild_view();
        Ok(())
    }

    /// Takes what was submitted into the base, and gives it back.
    fn accept_submitted(&mut self, rev: u32) -> Result<Changeset, MessageError> {
        let layers = self.layers.as_mut().ok_or_else(|| accept_error(ErrorKind::NotJoined.into()))?;
        let changeset = layers.accept(&self.pool).map_err(accept_error)?;
        if !layers.has_uncommitted() {
            self.view = None;
        }
        (self.is_limited, self.refusals) = (false, 0);
        self.changes += 1;
        self.counts.accepted += 1;
        self.effects.push_back(Effect::Accepted { rev });
        Ok(changeset)
    }
}

/// About how much memory a changeset takes, in code units.
fn size_of(changeset: &Changeset) -> usize {
    changeset.char_bank().len() + 16 * changeset.ops().len() + 64
}

impl Arrival {
    fn error(&self, error: Error) -> MessageError {
        match self {
            Self::Revision { origin, .. } => origin.error(error),
            Self::Accept(_) => accept_error(error),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Revision { changeset, .. } => size_of(changeset),
            Self::Accept(_) => 64,
        }
    }
}

fn accept_error(error: Error) -> MessageError {
    MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error }
}

impl Origin {
    fn error(self, error: Error) -> MessageError {
        MessageError { message: self.message.to_owned(), item: self.item, error }
    }
}
