//! What comes from the server: put in order, and applied at once or in slices.

use super::super::layers::Layers;
use super::super::order::Placed;
use super::{Client, Effect, Phase};
use crate::changeset::{Changeset, UnknownAttrib};
use crate::error::{Error, ErrorKind};
use crate::protocol::{ChangesetReply, Message, MessageError, Revision, RevisionList, Source};
use crate::text::Utf16String;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many revisions may wait to be applied.
const MAX_WAITING: usize = 250_000;
/// How large they may be together, in code units, about.
const MAX_WAITING_SIZE: usize = 64_000_000;

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
    Accept,
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
    /// A message that came while others waited.
    Message(Message),
}

#[derive(Debug, Clone)]
enum End {
    /// Of the answer to a request for missed revisions, which was asked at this revision.
    Fetched { before: u32 },
    /// Of a list of revisions.
    Listed { is_replay: bool, head_rev: Option<u32>, broken: Option<MessageError> },
}

/// What waits to be applied, bounded by count and by size.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbound {
    queue: VecDeque<(Work, usize)>,
    revisions: usize,
    size: usize,
    /// The highest revision that ever waited.
    last: u32,
}

impl Inbound {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many revisions wait.
    pub fn revisions(&self) -> usize {
        self.revisions
    }

    /// The highest revision that waits or has waited.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// What a lost connection leaves: revisions stay good, all else was for that connection.
    pub fn keep_revisions(&mut self) {
        self.queue.retain(|(work, _)| matches!(work, Work::Arrival(..)));
        self.size = self.queue.iter().map(|(_, size)| size).sum();
        self.revisions = self.queue.len();
    }

    pub fn clear(&mut self) {
        (self.revisions, self.size) = (0, 0);
        self.queue.clear();
    }

    /// Lines up a message behind what waits; `false` if there is no room.
    fn push(&mut self, message: Message) -> bool {
        if let Message::Revisions(list) = &message {
            self.last = self.last.max(list.revisions.last().map_or(0, |revision| revision.rev));
        }
        let count = revisions_in(&message);
        let size = match &message {
            Message::Revisions(list) => list.revisions.iter().map(|revision| size_of(&revision.changeset)).sum(),
            Message::Changesets(reply) => reply.steps.iter().map(|step| size_of(&step.forwards)).sum(),
            Message::ClientVars(vars) => vars.atext.text.len() + vars.atext.attribs.len(),
            _ => 64,
        };
        if self.revisions + count > MAX_WAITING || self.size + size > MAX_WAITING_SIZE {
            return false;
        }
        self.revisions += count;
        self.size += size;
        self.queue.push_back((Work::Message(message), size));
        true
    }

    /// Lines up parts of a message before everything else.
    fn put_first(&mut self, parts: Vec<Work>) {
        for work in parts.into_iter().rev() {
            let size = match &work {
                Work::Arrival(rev, arrival) => {
                    self.last = self.last.max(*rev);
                    self.revisions += 1;
                    arrival.size()
                }
                _ => 0,
            };
            self.size += size;
            self.queue.push_front((work, size));
        }
    }

    /// What is next; without `more`, only if no revision is applied by it.
    fn pop(&mut self, more: bool) -> Option<Work> {
        if !more && !matches!(self.queue.front(), Some((Work::End(_), _))) {
            return None;
        }
        let (work, size) = self.queue.pop_front()?;
        self.size -= size;
        self.revisions -= match &work {
            Work::Arrival(..) => 1,
            Work::Message(message) => revisions_in(message),
            Work::End(_) => 0,
        };
        Some(work)
    }
}

impl Client {
    /// Handles a message, or lines it up behind those that wait.
    pub(super) fn handle(&mut self, message: Message) -> Result<(), MessageError> {
        if self.inbound.is_empty() {
            return self.handle_now(message);
        }
        let waiting = self.inbound.revisions();
        if self.inbound.push(message) {
            return Ok(());
        }
        self.inbound.clear();
        let error = ErrorKind::Overflow { waiting }.into();
        Err(MessageError { message: "message".to_owned(), item: None, error })
    }

    /// Goes on with what waits, until `limit` revisions are done or nothing waits. What an error leaves behind is asked
    /// for again, so nothing waits then.
    pub(super) fn work(&mut self, limit: usize) -> Result<(), MessageError> {
        let mut done = 0;
        while let Some(work) = self.inbound.pop(done < limit) {
            let result = match work {
                Work::Arrival(rev, arrival) => {
                    done += 1;
                    self.arrive(rev, arrival)
                }
                Work::End(end) => self.end_of(end),
                Work::Message(message) => {
                    let before = self.inbound.revisions();
                    let revisions = revisions_in(&message);
                    let result = self.handle_now(message);
                    // What it left for later is not done; and it may have dropped what waited.
                    let left = self.inbound.revisions().saturating_sub(before);
                    done += revisions.saturating_sub(left);
                    result
                }
            };
            if let Err(error) = result {
                self.inbound.clear();
                return Err(error);
            }
        }
        Ok(())
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

    pub(super) fn accept(&mut self, new_rev: u32) -> Result<(), MessageError> {
        if new_rev > self.rev() {
            return self.arrive(new_rev, Arrival::Accept);
        }
        // No revision was made, because nothing would have changed; or the word comes a second time.
        if new_rev < self.rev() || !self.in_flight {
            self.counts.duplicates += 1;
            return Ok(());
        }
        let Some(layers) = self.layers.as_ref().filter(|layers| layers.submitted().is_some()) else {
            // It was there already, and has been recognised: this is the answer to its repetition.
            self.in_flight = false;
            self.restore_next();
            return Ok(());
        };
        // The submitted changes must not change the base then; if they do, the two of us mean different documents.
        let mut without_effect = layers.clone();
        if without_effect.accept(&self.pool).is_ok() && without_effect.base() != layers.base() {
            self.refusals += 1;
            let error = ErrorKind::UnexpectedEffect { rev: new_rev }.into();
            return Err(MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error });
        }
        self.accept_submitted(new_rev)?;
        self.restore_next();
        Ok(())
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
                Arrival::Accept if self.is_doubtful() => {
                    self.in_flight = false;
                    self.phase = Phase::CatchingUp { until: rev };
                    self.fetch(rev);
                    return Ok(());
                }
                Arrival::Accept => {
                    let changeset = self.accept_submitted(rev)?;
                    self.advance(changeset, None, false);
                }
                Arrival::Revision { changeset, author, time, origin } => {
                    self.apply(rev, changeset, author, time, origin)?;
                }
            }
            next = self.order.take_next();
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
        let can_be_submitted = is_own_author && (origin.is_replay || self.may_be_stored);
        if can_be_submitted && self.is_submitted(&changeset) {
            // If it was repeated on this connection, the answer to that is still to come.
            let in_flight = self.in_flight && !origin.is_replay;
            let changeset = self.accept_submitted(rev)?;
            self.in_flight = in_flight;
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

    /// Whether an acknowledgement can mean that the commit was nothing new, so that the next revision may be someone else's
    /// that was lost on its way: then the revision itself has to be asked for.
    fn is_doubtful(&self) -> bool {
        let Some(layers) = &self.layers else { return false };
        let Some(submitted) = layers.submitted() else { return false };
        self.may_be_stored || {
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
        let local = layers.submitted().into_iter().chain([layers.pending()]);
        let fits = local.map(|change| view.apply(change, &self.pool)).all(|result| result.is_ok());
        if fits {
            self.view = Some(view);
            self.effects.push_back(Effect::Joined { rev });
        } else {
            self.stop(rev);
        }
    }

    /// Whether a revision is what was submitted, moved past everything before it.
    fn is_submitted(&self, changeset: &Changeset) -> bool {
        let submitted = self.layers.as_ref().and_then(Layers::submitted);
        submitted.is_some_and(|submitted| is_same(submitted, changeset, &self.pool))
    }

    /// Takes what was submitted into the base, and gives it back.
    fn accept_submitted(&mut self, rev: u32) -> Result<Changeset, MessageError> {
        let failed = |error| MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error };
        let layers = self.layers.as_mut().ok_or_else(|| failed(ErrorKind::NotJoined.into()))?;
        let changeset = layers.accept(&self.pool).map_err(failed)?;
        if !layers.has_uncommitted() {
            self.view = None;
        }
        (self.in_flight, self.may_be_stored, self.is_limited) = (false, false, false);
        self.refusals = 0;
        self.changes += 1;
        self.counts.accepted += 1;
        self.effects.push_back(Effect::Accepted { rev });
        Ok(changeset)
    }
}

/// Whether two changesets say the same, whatever the order of attributes.
pub(super) fn is_same(one: &Changeset, other: &Changeset, pool: &crate::attrib::AttribPool) -> bool {
    let canonical = |changeset: &Changeset| changeset.with_canonical_attribs(pool);
    canonical(one).is_ok_and(|one| canonical(other) == Ok(one))
}

/// How many revisions a message brings.
fn revisions_in(message: &Message) -> usize {
    match message {
        Message::Revisions(list) => list.revisions.len(),
        Message::Changesets(reply) => reply.steps.len(),
        _ => 0,
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
            Self::Accept => MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error },
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Revision { changeset, .. } => size_of(changeset),
            Self::Accept => 64,
        }
    }
}

impl Origin {
    fn error(self, error: Error) -> MessageError {
        MessageError { message: self.message.to_owned(), item: self.item, error }
    }
}
