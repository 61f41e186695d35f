//! The whole client of a pad: messages and edits in, effects out. No socket, no clock, no editor.
//!
//! | file | what |
//! |---|---|
//! | `mod` | joining, editing, committing, deadlines |
//! | `flight` | commits in flight, and whose answer has come |
//! | `mailbox` | messages that wait to be read |
//! | `inbound` | revisions and acknowledgements: in order, at once or in slices |
//! | `restore` | changes of an earlier session: kept, brought back |
//! | `check` | whether the server's revisions go on from ours |
//! | `effect` | what the host is told |

mod check;
mod effect;
mod flight;
mod inbound;
mod mailbox;
mod restore;

pub use effect::{Audience, Counts, Effect, Misfit, SaveState, Unplaced};

use super::layers::Layers;
use super::order::Order;
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, PoolMap};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::protocol::{
    ClientVars, Mark, Message, MessageError, MessageReader, Revision, Source, ToldRevision, changeset_request,
    fingerprint, user_changes,
};
use crate::text::Utf16String;
use check::Check;
use flight::Flight;
use inbound::{Arrival, Inbound};
use restore::Restoring;
use std::collections::VecDeque;

/// Whether messages come, and what is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No connection, or not joined yet.
    Offline,
    /// Everything is up to date.
    Live,
    /// Missed revisions are being fetched, up to this one.
    CatchingUp { until: u32 },
    /// There is no way on.
    Stopped,
}

/// A client of one pad.
///
/// Attributes are numbered by [`Client::pool`], which only grows; edits are made in its numbers. Calls that fail leave
/// document, revision and local changes as they were.
///
/// ```
/// use easysync::{Client, Document};
/// let mut client = Client::new();
/// client.receive(r#"{"type":"CLIENT_VARS","data":{"userId":"a.me","collab_client_vars":{"rev":3,
///     "initialAttributedText":{"text":"a\n","attribs":"|1+2"},"apool":{"numToAttrib":{},"nextNum":0}}}}"#)?;
/// let change = client.view().map(|view| view.splice(1..1, &[0x62], &Default::default())).unwrap()?;
/// client.edit(&change)?;
/// assert!(client.commit()?.is_some_and(|message| message.contains(r#""baseRev":3,"changeset":"Z:2>1=1*0+1$b""#)));
/// client.receive(r#"{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":4}}"#)?;
/// assert_eq!((client.rev(), client.has_uncommitted()), (4, false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pad_id: Utf16String,
    author: Utf16String,
    read_only: bool,
    pool: AttribPool,
    /// Where the pools of messages are in it.
    pool_map: PoolMap,
    reader: MessageReader,
    layers: Option<Layers>,
    /// What the editor shows, if that is not the base.
    view: Option<Document>,
    order: Order<Arrival>,
    /// What has come and is not applied yet.
    inbound: Inbound,
    /// How many revisions one call applies.
    slice: usize,
    /// How large a commit may be, in bytes.
    commit_limit: usize,
    phase: Phase,
    /// The last revision, if it was seen, and when it was made, if that was told.
    last: (Option<Changeset>, Option<f64>),
    /// The revision at the last join, and when it was made.
    joined: (u32, Option<f64>),
    /// How often one has joined.
    joins: u32,
    /// Whether what is fetched goes on from the document here,
    check: Option<Check>,
    /// and leads to the text that the last join brought.
    joined_text: Option<Utf16String>,
    flight: Flight,
    /// Whether the server has dropped a message, one does not know which.
    is_limited: bool,
    /// Whether the server has ended the session.
    has_ended: bool,
    /// Changes of earlier sessions.
    restoring: Vec<Restoring>,
    /// Counts the changes to what is kept.
    changes: u64,
    request_id: u32,
    counts: Counts,
    /// Whether a fresh join was asked for and has not come.
    is_rejoining: bool,
    /// The connection on which the server was asked for a join and has not answered, by its number, and how many went so.
    joining: Option<u64>,
    connections: u64,
    unanswered: u32,
    /// How often a connection was lost.
    losses: u64,
    /// Messages that have waited and that the host wants to see.
    for_host: Vec<String>,
    /// What the last fresh join was asked for, at which revision, and how often in a row for the same.
    rejoins: (u32, u32, Option<MessageError>),
    /// How often the server has refused a commit since it took one.
    refusals: u32,
    /// Since when a gap has been open at a revision, and since when a commit has been out.
    gap_since: Deadline,
    commit_since: Deadline,
    /// The last revision when the clock was looked at last.
    looked_rev: u32,
    join_since: Deadline,
    restore_since: Deadline,
    effects: VecDeque<Effect>,
}

/// How many fresh joins are tried at one revision, or for one commit.
const MAX_REJOINS: u32 = 3;
/// How long a missing revision is waited for, in milliseconds.
const GAP_MS: f64 = 3_000.0;
/// How long an answer to a commit or a request is waited for, in milliseconds; Etherpad's client gives up then.
const COMMIT_MS: f64 = 20_000.0;
/// How long an answer to a join is waited for, in milliseconds. It has the whole document, so it is given twice as long with each try.
const JOIN_MS: f64 = 20_000.0;
/// While so many revisions come between two looks at the clock, an answer may be on its way behind them,
const FLOOD: u32 = 500;
/// and is waited for longer, but not for more than so many milliseconds longer.
const MAX_PUT_OFF_MS: f64 = 180_000.0;
/// How large a commit may be, in bytes, if nothing else is said: servers end connections that send messages above 1,000,000.
const COMMIT_LIMIT: usize = 950_000;
/// How often that time is doubled.
const MAX_DOUBLED: u32 = 4;

/// Since when something has been the case: what, since when it counts, and since when it has been so.
#[derive(Debug, Clone, Copy, Default)]
struct Deadline(Option<(u64, f64, f64)>);

impl Deadline {
    /// Whether the case `what` has lasted longer than `limit`. Begins anew with each other case, and after it was told.
    fn is_over(&mut self, what: Option<u64>, now: f64, limit: f64) -> bool {
        match (what, self.0) {
            (Some(what), Some((case, since, _))) if what == case => {
                let over = now - since > limit;
                if over {
                    self.0 = None;
                }
                over
            }
            (what, _) => {
                self.0 = what.map(|what| (what, now, now));
                false
            }
        }
    }

    /// The time begins anew, unless it has been put off for too long.
    fn put_off(&mut self, now: f64) {
        if let Some((_, since, began)) = &mut self.0
            && now - *began < MAX_PUT_OFF_MS
        {
            *since = now;
        }
    }
}

impl Client {
    /// A client that has not joined yet.
    pub fn new() -> Self {
        Self {
            pad_id: Utf16String::new(),
            author: Utf16String::new(),
            read_only: false,
            pool: AttribPool::new(),
            pool_map: PoolMap::default(),
            reader: MessageReader::default(),
            layers: None,
            view: None,
            order: Order::new(0),
            inbound: Inbound::default(),
            slice: usize::MAX,
            commit_limit: COMMIT_LIMIT,
            phase: Phase::Offline,
            last: (None, None),
            joined: (0, None),
            joins: 0,
            check: None,
            joined_text: None,
            flight: Flight::default(),
            is_limited: false,
            has_ended: false,
            restoring: Vec::new(),
            changes: 0,
            request_id: 0,
            counts: Counts::default(),
            is_rejoining: false,
            joining: None,
            connections: 0,
            unanswered: 0,
            losses: 0,
            for_host: Vec::new(),
            rejoins: (0, 0, None),
            refusals: 0,
            gap_since: Deadline::default(),
            commit_since: Deadline::default(),
            looked_rev: 0,
            join_since: Deadline::default(),
            restore_since: Deadline::default(),
            effects: VecDeque::new(),
        }
    }

    /// The last revision of the server that is in the document.
    pub fn rev(&self) -> u32 {
        self.order.rev()
    }

    /// Who one is.
    pub fn author(&self) -> &Utf16String {
        &self.author
    }

    /// What numbers the attributes of all documents and changesets here.
    pub fn pool(&self) -> &AttribPool {
        &self.pool
    }

    /// The same, to enter attributes that edits need.
    pub fn pool_mut(&mut self) -> &mut AttribPool {
        &mut self.pool
    }

    /// The document as the server has it, once joined.
    pub fn base(&self) -> Option<&Document> {
        self.layers.as_ref().map(Layers::base)
    }

    /// The document as the editor shows it, local changes included, once joined.
    pub fn view(&self) -> Option<&Document> {
        self.view.as_ref().or_else(|| self.base())
    }

    /// The three layers, once joined.
    pub fn layers(&self) -> Option<&Layers> {
        self.layers.as_ref()
    }

    /// Whether the server has not acknowledged everything.
    pub fn has_uncommitted(&self) -> bool {
        self.layers.as_ref().is_some_and(Layers::has_uncommitted)
    }

    /// Whether the server is connected and joined, and everything missed has come.
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Whether the user's work is saved: all of it, also what earlier sessions have left.
    pub fn save_state(&self) -> SaveState {
        let is_stuck = self.phase == Phase::Stopped || self.has_ended || self.read_only;
        match (self.phase, self.has_uncommitted() || !self.restoring.is_empty()) {
            (_, true) if is_stuck || self.unplaced().next().is_some() => SaveState::NotSaved,
            (Phase::Stopped, false) => SaveState::Saved,
            (Phase::Live, true) => SaveState::Saving,
            (Phase::Live, false) => SaveState::Saved,
            _ => SaveState::Reconnecting,
        }
    }

    /// What went by.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What the host has to do next.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// At most so many revisions are applied by one call of [`Client::receive`]; the rest waits for [`Client::proceed`].
    /// At first there is no limit.
    pub fn set_slice(&mut self, revisions: usize) {
        self.slice = revisions.max(1);
    }

    /// How many revisions and messages have come and wait for [`Client::proceed`].
    pub fn waiting(&self) -> usize {
        self.inbound.len()
    }

    /// Whether [`Client::proceed`] has something to do.
    pub fn has_waiting(&self) -> bool {
        !self.inbound.is_empty()
    }

    /// The highest revision that the server is known to have: how far there is to go.
    pub fn known_rev(&self) -> u32 {
        let until = match self.phase {
            Phase::CatchingUp { until } => until,
            _ => 0,
        };
        self.rev().max(until).max(self.inbound.last())
    }

    /// Takes a message from the server, as text. If something waits, it waits behind that, as with [`Client::queue`]. O(message +
    /// changes, and log n for each revision).
    ///
    /// # Errors
    ///
    /// What is wrong with the message. The document is at the last revision that was right, and [`Effect::Resync`]
    /// follows; after three fresh joins that did not lead past a revision, [`Effect::Desynchronised`].
    pub fn receive(&mut self, text: &str) -> Result<Audience, MessageError> {
        if !self.inbound.is_empty() {
            return self.queue(text).map(|()| Audience::Document);
        }
        if let Some(result) = self.receive_one(text) {
            return result.map(|()| Audience::Document);
        }
        let result = self.reader.read(text).and_then(|message| {
            let audience = Audience::of(&message);
            if !self.is_premature(&message) {
                self.handle_now(message)?;
            }
            if !self.inbound.is_empty() {
                self.work(self.slice)?;
            }
            Ok(audience)
        });
        if let Err(error) = &result {
            self.resync(error.clone());
        }
        result
    }

    /// Puts a message from the server behind what waits, without reading it: that is for [`Client::proceed`]. O(message).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Overflow`] if there is no room. Then nothing waits any more, and [`Effect::Resync`] follows.
    pub fn queue(&mut self, text: &str) -> Result<(), MessageError> {
        let result = self.put_off(text);
        if let Err(error) = &result {
            self.resync(error.clone());
        }
        result
    }

    /// The messages that have waited and are of [`Audience::Host`], in their order; each is told once.
    pub fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.for_host)
    }

    /// Whether [`Client::take_messages`] has any.
    pub fn has_messages(&self) -> bool {
        !self.for_host.is_empty()
    }

    /// Takes a message that brings one revision, as nearly all do, while none waits: then it is the only one that can be applied, whole
    /// or not at all. `None` for all others; then nothing was done. The rest is as in [`Client::receive`].
    pub(in super::super) fn receive_one(&mut self, text: &str) -> Option<Result<(), MessageError>> {
        self.take_one(|reader| reader.read_one(text))
    }

    /// Does what [`Client::receive_one`] does, for a revision whose message somebody else has read.
    pub(in super::super) fn receive_told(&mut self, told: &ToldRevision<'_>) -> Option<Result<(), MessageError>> {
        self.take_one(|reader| reader.told(told))
    }

    /// A number for a pool and an author, written in JSON as they are in a message: `{...},"author":"..."`. Revisions can be told by it
    /// from now on. `None` if they are not written so, or there are too many.
    pub(in super::super) fn put_sender(&mut self, pool_and_author: &str) -> Option<usize> {
        self.reader.put_sender(pool_and_author)
    }

    fn take_one(
        &mut self,
        read: impl FnOnce(&mut MessageReader) -> Option<Revision>,
    ) -> Option<Result<(), MessageError>> {
        if !self.inbound.is_empty() || self.order.held() > 0 || self.joining.is_some() {
            return None;
        }
        let revision = read(&mut self.reader)?;
        let result = self.only_revision(revision);
        if let Err(error) = &result {
            self.resync(error.clone());
        }
        Some(result)
    }

    /// Goes on with what waits, and applies at most `limit` revisions, but at least one. Gives back how many still wait.
    /// Whoever does not call it any more leaves the document at the revision reached, and can go on at any time.
    ///
    /// # Errors
    ///
    /// As [`Client::receive`], for the message that a revision came in. What waited is dropped: it is asked for again.
    pub fn proceed(&mut self, limit: usize) -> Result<usize, MessageError> {
        let result = self.work(limit.max(1));
        if let Err(error) = &result {
            self.resync(error.clone());
        }
        result.map(|()| self.inbound.len())
    }

    /// Looks at the clock, in milliseconds; to be called every second or so while [`Client::is_waiting`]. A revision that
    /// has been missing for three seconds, or a commit or a join without answer for twenty, lead to a fresh join. For a commit that
    /// time does not pass while hundreds of revisions come between two calls, for three minutes at most.
    pub fn expire(&mut self, now: f64) {
        let rev = self.rev();
        let patience = JOIN_MS * f64::from(1_u32 << self.unanswered.min(MAX_DOUBLED));
        if self.join_since.is_over(self.joining, now, patience) {
            self.unanswered += 1;
            self.disconnected();
            let error = ErrorKind::NoAnswer { rev }.into();
            let error = MessageError { message: "CLIENT_READY".to_owned(), item: None, error };
            self.effects.push_back(Effect::Resync { rev, error });
        }
        // What is missing may be among what waits here.
        let is_connected = self.is_connected() && self.inbound.is_empty();
        let gap = (is_connected && self.order.held() > 0).then_some(u64::from(rev));
        let commit = match self.phase {
            Phase::CatchingUp { .. } if is_connected => Some(u64::from(rev)),
            Phase::Live if is_connected && self.in_flight() > 0 => Some(self.counts.accepted),
            _ => None,
        };
        if self.gap_since.is_over(gap, now, GAP_MS) {
            let error = ErrorKind::Missing { rev: rev.saturating_add(1) }.into();
            self.resync(MessageError { message: "NEW_CHANGES".to_owned(), item: None, error });
        }
        // Each commit in flight has its time; with each answer the time of the rest begins anew.
        let patience = COMMIT_MS * self.in_flight().max(1) as f64;
        let limit = if self.is_limited { GAP_MS } else { patience };
        if rev.saturating_sub(std::mem::replace(&mut self.looked_rev, rev)) >= FLOOD {
            self.commit_since.put_off(now);
        }
        if self.commit_since.is_over(commit, now, limit) {
            if self.is_limited {
                self.repeat();
            } else {
                let error = ErrorKind::NoAnswer { rev }.into();
                self.resync(MessageError { message: "USER_CHANGES".to_owned(), item: None, error });
            }
        }
        let restore = self.restore_awaited().filter(|_| is_connected);
        if self.restore_since.is_over(restore, now, limit.min(COMMIT_MS)) {
            self.restore_again();
        }
    }

    /// Whether something is waited for that may never come, so that [`Client::expire`] has to be called.
    pub fn is_waiting(&self) -> bool {
        let catches_up = matches!(self.phase, Phase::CatchingUp { .. });
        let is_joining = self.joining.is_some();
        is_joining || self.order.held() > 0 || self.in_flight() > 0 || catches_up || self.restore_awaited().is_some()
    }

    fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Live | Phase::CatchingUp { .. })
    }

    /// The server gets too many messages, and has dropped one: what has had no answer goes out once more.
    fn repeat(&mut self) {
        self.is_limited = false;
        if matches!(self.phase, Phase::CatchingUp { .. }) {
            self.fetch(self.rev() + 1);
        } else {
            self.answers_are_lost();
        }
    }

    /// No answer can come any more to what was sent.
    fn answers_are_lost(&mut self) {
        let out = self.flight.out();
        self.layers
            .iter_mut()
            .flat_map(|layers| layers.sent_mut().take(out))
            .for_each(|sent| sent.may_be_stored = true);
        self.flight.forget();
    }

    /// Asks for a fresh join, once until it comes; gives up if that has not helped before.
    fn resync(&mut self, error: MessageError) {
        if self.layers.is_none() || self.is_rejoining || self.phase == Phase::Stopped {
            return;
        }
        let rev = self.rev();
        // What is always wrong in the same way will not come right; what is only late or broken on its way will.
        let is_late = matches!(error.error.kind(), ErrorKind::NoAnswer { .. } | ErrorKind::Missing { .. });
        // Another history can be noticed at a later revision each time.
        let is_like = |last: &MessageError| {
            let is_other = |error: &MessageError| matches!(error.error.kind(), ErrorKind::OtherHistory { .. });
            *last == error || is_other(last) && is_other(&error)
        };
        let is_same = self.rejoins.0 == rev && self.rejoins.2.as_ref().is_some_and(is_like);
        let count = if is_same && !is_late { self.rejoins.1 + 1 } else { 1 };
        self.rejoins = (rev, count, Some(error.clone()));
        self.disconnected();
        if self.rejoins.1.max(self.refusals) > MAX_REJOINS {
            let server_rev = match error.error.kind() {
                ErrorKind::OtherHistory { rev } => *rev,
                _ => rev,
            };
            self.stop(server_rev);
        } else {
            self.is_rejoining = true;
            self.effects.push_back(Effect::Resync { rev, error });
        }
    }

    /// There is no way on.
    fn stop(&mut self, server_rev: u32) {
        (self.phase, self.check) = (Phase::Stopped, None);
        self.effects.push_back(Effect::Desynchronised { rev: self.rev(), server_rev });
    }

    /// Takes a change that the user has made to [`Client::view`]. Inserts without an author, or in another author's name,
    /// get one's own: servers accept no others. O(log n + change + pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJoined`]; as [`Document::apply`].
    pub fn edit(&mut self, change: &Changeset) -> Result<(), Error> {
        let change = self.sign(change)?;
        let layers = self.layers.as_mut().ok_or(ErrorKind::NotJoined)?;
        let mut view = self.view.as_ref().unwrap_or(layers.base()).clone();
        view.apply(&change, &self.pool)?;
        layers.edit(&change, &self.pool)?;
        self.view = layers.has_uncommitted().then_some(view);
        self.changes += 1;
        Ok(())
    }

    /// A change in normal form and in the user's own name, as [`Client::edit`] takes it in. O(change).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn sign(&mut self, change: &Changeset) -> Result<Changeset, Error> {
        let change = change.stamp_author(&self.author, &mut self.pool)?;
        Ok(change.claim_inserts(&self.author, &mut self.pool)?.to_normal())
    }

    /// Whether one may only read.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The messages of [`Client::commit`] have at most so many bytes from now on, but for what was sent before; what takes more
    /// goes in several, one after the other, each a commit of its own. At first it is 950,000.
    pub fn set_commit_limit(&mut self, bytes: usize) {
        self.commit_limit = bytes;
    }

    /// The message that commits what is not sent yet; `None` if there is nothing, or it is not the time: offline, reading
    /// only, or as many commits are in flight as the server takes: one, or two if it has said so. What was sent on an earlier
    /// connection and never acknowledged goes first, just as it was, so that servers can recognise it.
    ///
    /// # Errors
    ///
    /// As [`Layers::prepare_signed`].
    pub fn commit(&mut self) -> Result<Option<String>, Error> {
        let Some(layers) = self.layers.as_mut() else { return Ok(None) };
        let out = self.flight.out();
        if self.phase != Phase::Live || self.read_only || self.flight.count() >= self.flight.depth() {
            return Ok(None);
        }
        let is_renamed = layers.has_other_names(out, &self.author, &mut self.pool)?;
        let wire = match layers.resend(out, &self.author, &mut self.pool)? {
            Some(wire) => Some(wire),
            // What is to be restored goes first, when nothing is in flight.
            None if self.flight.is_closing() || (out > 0 && self.restores_next()) => None,
            None => {
                let limit = self.commit_limit;
                let layers = self.layers.as_mut();
                layers.map_or(Ok(None), |layers| layers.prepare_within(limit, &self.author, &mut self.pool))?
            }
        };
        if !self.has_uncommitted() {
            self.view = None;
        } else if is_renamed {
            // What goes out now has the new name on it.
            self.rebuild_view();
        }
        let Some(wire) = wire else { return Ok(None) };
        self.changes += 1;
        let number = self.takes_off();
        Ok(Some(user_changes(self.order.rev(), &wire, number.as_ref())))
    }

    /// There is a connection, and the server was asked for a join on it.
    pub fn connected(&mut self) {
        self.connections += 1;
        self.joining = Some(self.connections);
    }

    /// The connection is lost. Editing goes on.
    pub fn disconnected(&mut self) {
        self.joining = None;
        self.losses += 1;
        self.layers.iter_mut().flat_map(|layers| layers.sent_mut()).for_each(|sent| sent.may_be_stored = true);
        self.flight.forget();
        self.is_limited = false;
        self.inbound.keep_revisions();
        self.restore_paused();
        if self.phase != Phase::Stopped {
            self.phase = Phase::Offline;
        }
    }

    /// Whether a message of the present connection comes before the answer to the join. It may be about another pad than ours, one
    /// that was begun anew meanwhile; what it says is asked for after the join.
    fn is_premature(&self, message: &Message) -> bool {
        let is_of_document = match message {
            Message::Revisions(list) => list.source != Source::ClientReconnect,
            Message::AcceptCommit { .. } | Message::Changesets(_) => true,
            _ => false,
        };
        is_of_document && self.joining.is_some() && self.layers.is_some()
    }

    fn handle_now(&mut self, message: Message) -> Result<(), MessageError> {
        match message {
            Message::ClientVars(vars) => self.join(*vars),
            Message::Revisions(list) => self.revisions(list),
            Message::AcceptCommit { new_rev, seq, no_changes } => self.accept(new_rev, seq, no_changes),
            Message::NothingMissed { new_rev } => {
                if new_rev == self.rev() {
                    self.resume();
                }
                Ok(())
            }
            Message::Changesets(reply) => self.fetched(reply),
            Message::Disconnect { reason } if reason == "badChangeset" => {
                // Servers say so as well when they have stored the commit; a fresh join tells.
                self.refusals += 1;
                let error = ErrorKind::Refused { rev: self.rev() }.into();
                self.resync(MessageError { message: "USER_CHANGES".to_owned(), item: None, error });
                Ok(())
            }
            Message::Disconnect { reason } if reason == "rateLimited" => {
                // The message is lost, the connection is not. Which message it was is not said: an answer may be on its way.
                self.is_limited = true;
                Ok(())
            }
            Message::Disconnect { reason } => {
                self.end(reason);
                Ok(())
            }
            Message::AccessDenied => {
                self.end("denied".to_owned());
                Ok(())
            }
            Message::Other { .. } => Ok(()),
        }
    }

    fn end(&mut self, reason: String) {
        self.disconnected();
        self.has_ended = true;
        self.effects.push_back(Effect::Disconnected { reason });
    }

    /// The first join brings the document; a later one tells how far behind we are.
    fn join(&mut self, vars: ClientVars) -> Result<(), MessageError> {
        let failed = |error| MessageError { message: "CLIENT_VARS".to_owned(), item: None, error };
        if self.phase == Phase::Stopped {
            return Ok(());
        }
        let Some(layers) = &self.layers else {
            let base = Document::from_atext(&vars.atext, &vars.pool).map_err(failed)?;
            self.layers = Some(Layers::new(base).map_err(failed)?);
            (self.pool, self.pool_map) = (vars.pool, PoolMap::default());
            self.order = Order::new(vars.rev);
            self.last = (None, vars.time);
            self.effects.push_back(Effect::Joined { rev: vars.rev });
            self.joined_at(vars.rev, vars.time, (vars.pad_id, vars.author, vars.read_only), vars.session);
            self.resume();
            return Ok(());
        };
        let rev = self.rev();
        let is_other = vars.rev == rev && layers.base().text() != vars.atext.text;
        self.joined_at(vars.rev, vars.time, (vars.pad_id, vars.author, vars.read_only), vars.session);
        if vars.rev < rev || is_other {
            // Messages can overtake each other; if it stays like this, the pad is another one.
            return Err(failed(ErrorKind::OtherHistory { rev: vars.rev }.into()));
        }
        // What was held will be fetched, or come again on this connection; or it was never right, and would be missed for ever.
        self.order.forget_held();
        if vars.rev == rev {
            // The document is right, whatever was wrong with a message.
            self.rejoins = (0, 0, None);
            self.resume();
        } else {
            self.phase = Phase::CatchingUp { until: vars.rev };
            self.joined_text = Some(vars.atext.text);
            let check = Check::new(self.mark(), rev, self.joined);
            self.fetch(check.first());
            self.check = Some(check);
        }
        Ok(())
    }

    fn joined_at(
        &mut self,
        rev: u32,
        time: Option<f64>,
        who: (Utf16String, Utf16String, bool),
        session: Option<Utf16String>,
    ) {
        (self.joining, self.unanswered, self.joined_text) = (None, 0, None);
        (self.pad_id, self.author, self.read_only) = who;
        (self.is_rejoining, self.has_ended, self.is_limited) = (false, false, false);
        self.flight_begins(session);
        self.joined = (rev, time);
        self.joins += 1;
    }

    /// By what the last revision is known again. O(its change).
    fn mark(&self) -> Mark {
        let (changeset, time) = &self.last;
        let change = changeset.as_ref().and_then(|changeset| fingerprint(changeset, &self.pool).ok());
        Mark { time: *time, change }
    }

    /// Asks for missed revisions from `start` on; a server gives up to a hundred for one request.
    fn fetch(&mut self, start: u32) {
        self.request_id += 1;
        self.effects.push_back(Effect::Send(changeset_request(&self.pad_id, start, 1, self.request_id)));
    }

    /// Everything missed has come.
    fn resume(&mut self) {
        (self.joining, self.unanswered) = (None, 0);
        if self.phase != Phase::Stopped {
            (self.phase, self.check) = (Phase::Live, None);
            self.restore_next();
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
