//! The whole client of a pad: messages and edits in, effects out. No socket, no clock, no editor.

use super::layers::Layers;
use super::order::{Order, Placed};
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, UnknownAttrib, Wire};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::protocol::{
    ChangesetReply, ClientVars, Message, MessageError, Revision, RevisionList, Source, changeset_request,
    parse_message, user_changes,
};
use crate::text::Utf16String;
use std::collections::VecDeque;

/// What the host has to do, or to know, in the order in which it came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// The document is there: the editor shows [`Client::view`].
    Joined {
        /// Its revision.
        rev: u32,
    },
    /// A revision of someone else is in the document.
    Applied {
        /// Its number.
        rev: u32,
        /// Who made it, if the message told; empty for the server itself.
        author: Option<Utf16String>,
        /// When, in milliseconds since 1970, if the message told.
        time: Option<f64>,
        /// What the editor has to apply to what it shows.
        changeset: Changeset,
    },
    /// The server has what was submitted.
    Accepted {
        /// The revision that it became, or the present one.
        rev: u32,
    },
    /// To be sent to the server.
    Send(String),
    /// Revisions are missing or cannot be used: a fresh join is needed. What the user typed is kept.
    Resync {
        /// The last revision applied.
        rev: u32,
        /// Why.
        error: MessageError,
    },
    /// There is no way on: the pad on the server is not the one that was edited here. Unsent text is kept.
    Desynchronised {
        /// The last revision applied.
        rev: u32,
        /// The server's revision.
        server_rev: u32,
    },
    /// The server ended the session.
    Disconnected {
        /// Why: `badChangeset`, `userdup`, `deleted`, ... or `denied`.
        reason: String,
    },
}

/// Whom a message concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The document, and nobody else.
    Document,
    /// Whoever shows people, chat and the state of the connection: the message has more in it than the document needs.
    Host,
}

/// The one honest answer to "is my work saved?"
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SaveState {
    /// The server has acknowledged everything.
    Saved,
    /// Something is on its way, or will be.
    Saving,
    /// There is no connection, or it is being caught up with.
    Reconnecting,
    /// Something is not saved, and will not be by itself.
    NotSaved,
}

/// What went by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Revisions applied.
    pub applied: u64,
    /// Commits acknowledged.
    pub accepted: u64,
    /// Revisions and acknowledgements that had been there before, and were dropped.
    pub duplicates: u64,
    /// Revisions and acknowledgements that came too early, and were held.
    pub held: u64,
}

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

/// What belongs to a revision.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly always made and used at once; a box would cost more than the copy"
)]
enum Arrival {
    Revision { revision: Revision, origin: Origin },
    Accept,
}

/// How a revision came, and so whether it can be one's own commit.
#[derive(Debug, Clone, Copy)]
struct Origin {
    message: &'static str,
    item: Option<usize>,
    /// In a replay of missed revisions one's own commits come as revisions.
    is_replay: bool,
    /// Whether the author is known.
    has_author: bool,
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
    layers: Option<Layers>,
    /// What the editor shows, if that is not the base.
    view: Option<Document>,
    order: Order<Arrival>,
    phase: Phase,
    /// Whether an acknowledgement is awaited on this connection.
    in_flight: bool,
    request_id: u32,
    counts: Counts,
    /// Whether a fresh join was asked for and has not come.
    is_rejoining: bool,
    /// The revision at which the last fresh join was asked for, and how often there.
    rejoins: (u32, u32),
    /// How often the server has refused a commit since it took one.
    refusals: u32,
    /// Since when a gap has been open at a revision, and since when a commit has been out.
    gap_since: Deadline,
    commit_since: Deadline,
    effects: VecDeque<Effect>,
}

/// How many fresh joins are tried at one revision, or for one commit.
const MAX_REJOINS: u32 = 3;
/// How long a missing revision is waited for, in milliseconds.
const GAP_MS: f64 = 3_000.0;
/// How long an answer to a commit or a request is waited for, in milliseconds; Etherpad's client gives up then.
const COMMIT_MS: f64 = 20_000.0;

/// Since when something has been the case.
#[derive(Debug, Clone, Copy, Default)]
struct Deadline(Option<(u64, f64)>);

impl Deadline {
    /// Whether the case `what` has lasted longer than `limit`. Begins anew with each other case, and after it was told.
    fn is_over(&mut self, what: Option<u64>, now: f64, limit: f64) -> bool {
        match (what, self.0) {
            (Some(what), Some((case, since))) if what == case => {
                let over = now - since > limit;
                if over {
                    self.0 = None;
                }
                over
            }
            (what, _) => {
                self.0 = what.map(|what| (what, now));
                false
            }
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
            layers: None,
            view: None,
            order: Order::new(0),
            phase: Phase::Offline,
            in_flight: false,
            request_id: 0,
            counts: Counts::default(),
            is_rejoining: false,
            rejoins: (0, 0),
            refusals: 0,
            gap_since: Deadline::default(),
            commit_since: Deadline::default(),
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

    /// Whether the user's work is saved.
    pub fn save_state(&self) -> SaveState {
        match (self.phase, self.has_uncommitted()) {
            (Phase::Stopped, true) => SaveState::NotSaved,
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

    /// Takes a message from the server, as text. O(message + changes, and log n for each revision).
    ///
    /// # Errors
    ///
    /// What is wrong with the message. The document is at the last revision that was right, and [`Effect::Resync`]
    /// follows; after three fresh joins that did not lead past a revision, [`Effect::Desynchronised`].
    pub fn receive(&mut self, text: &str) -> Result<Audience, MessageError> {
        let result = parse_message(text).and_then(|message| {
            let audience = match message {
                Message::ClientVars(_) | Message::Disconnect { .. } | Message::AccessDenied | Message::Other { .. } => {
                    Audience::Host
                }
                _ => Audience::Document,
            };
            self.handle(message).map(|()| audience)
        });
        if let Err(error) = &result {
            self.resync(error.clone());
        }
        result
    }

    /// Looks at the clock, in milliseconds; to be called every second or so while [`Client::is_waiting`]. A revision that
    /// has been missing for three seconds, or a commit without answer for twenty, lead to a fresh join.
    pub fn expire(&mut self, now: f64) {
        let rev = self.rev();
        let is_connected = matches!(self.phase, Phase::Live | Phase::CatchingUp { .. });
        let gap = (is_connected && self.order.held() > 0).then_some(u64::from(rev));
        let commit = match self.phase {
            Phase::CatchingUp { .. } => Some(u64::from(rev)),
            Phase::Live if self.in_flight => Some(self.counts.accepted),
            _ => None,
        };
        if self.gap_since.is_over(gap, now, GAP_MS) {
            let error = ErrorKind::Missing { rev: rev.saturating_add(1) }.into();
            self.resync(MessageError { message: "NEW_CHANGES".to_owned(), item: None, error });
        }
        if self.commit_since.is_over(commit, now, COMMIT_MS) {
            let error = ErrorKind::NoAnswer { rev }.into();
            self.resync(MessageError { message: "USER_CHANGES".to_owned(), item: None, error });
        }
    }

    /// Whether something is waited for that may never come, so that [`Client::expire`] has to be called.
    pub fn is_waiting(&self) -> bool {
        self.order.held() > 0 || self.in_flight || matches!(self.phase, Phase::CatchingUp { .. })
    }

    /// Asks for a fresh join, once until it comes; gives up if that has not helped before.
    fn resync(&mut self, error: MessageError) {
        if self.layers.is_none() || self.is_rejoining || self.phase == Phase::Stopped {
            return;
        }
        let rev = self.rev();
        self.rejoins = if self.rejoins.0 == rev { (rev, self.rejoins.1 + 1) } else { (rev, 1) };
        self.disconnected();
        if self.rejoins.1.max(self.refusals) > MAX_REJOINS {
            self.phase = Phase::Stopped;
            self.effects.push_back(Effect::Desynchronised { rev, server_rev: rev });
        } else {
            self.is_rejoining = true;
            self.effects.push_back(Effect::Resync { rev, error });
        }
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

    /// The message that commits what is not sent yet; `None` if there is nothing, or it is not the time: offline, reading
    /// only, or a commit is in flight. What was sent on an earlier connection and never acknowledged goes along.
    ///
    /// # Errors
    ///
    /// As [`Layers::prepare_signed`].
    pub fn commit(&mut self) -> Result<Option<String>, Error> {
        let Some(layers) = self.layers.as_mut() else { return Ok(None) };
        if self.phase != Phase::Live || self.in_flight || self.read_only {
            return Ok(None);
        }
        let wire = layers.prepare_signed(&self.author, &mut self.pool)?;
        self.in_flight = wire.is_some();
        Ok(wire.map(|wire| user_changes(self.order.rev(), &wire)))
    }

    /// The connection is lost. Editing goes on.
    pub fn disconnected(&mut self) {
        self.in_flight = false;
        if self.phase != Phase::Stopped {
            self.phase = Phase::Offline;
        }
    }

    fn handle(&mut self, message: Message) -> Result<(), MessageError> {
        match message {
            Message::ClientVars(vars) => self.join(*vars),
            Message::Revisions(list) => self.revisions(list),
            Message::AcceptCommit { new_rev } => self.accept(new_rev),
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
                // The message is lost, the connection is not: what was submitted goes out once more.
                self.in_flight = false;
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
        self.effects.push_back(Effect::Disconnected { reason });
    }

    /// The first join brings the document; a later one tells how far behind we are.
    fn join(&mut self, vars: ClientVars) -> Result<(), MessageError> {
        let failed = |error| MessageError { message: "CLIENT_VARS".to_owned(), item: None, error };
        self.in_flight = false;
        self.is_rejoining = false;
        (self.pad_id, self.author, self.read_only) = (vars.pad_id, vars.author, vars.read_only);
        if self.layers.is_none() {
            let base = Document::from_atext(&vars.atext, &vars.pool).map_err(failed)?;
            self.layers = Some(Layers::new(base).map_err(failed)?);
            self.pool = vars.pool;
            self.order = Order::new(vars.rev);
            self.phase = Phase::Live;
            self.effects.push_back(Effect::Joined { rev: vars.rev });
            return Ok(());
        }
        let rev = self.rev();
        if vars.rev < rev {
            self.phase = Phase::Stopped;
            self.effects.push_back(Effect::Desynchronised { rev, server_rev: vars.rev });
        } else if vars.rev == rev {
            self.resume();
        } else {
            self.phase = Phase::CatchingUp { until: vars.rev };
            self.fetch();
        }
        Ok(())
    }

    /// Asks for the next missed revisions; a server gives up to a hundred for one request.
    fn fetch(&mut self) {
        self.request_id += 1;
        self.effects.push_back(Effect::Send(changeset_request(&self.pad_id, self.rev() + 1, 1, self.request_id)));
    }

    fn resume(&mut self) {
        if self.phase != Phase::Stopped {
            self.phase = Phase::Live;
        }
    }

    fn fetched(&mut self, reply: ChangesetReply) -> Result<(), MessageError> {
        if reply.granularity != 1 || reply.request_id != self.request_id {
            return Ok(());
        }
        let before = self.rev();
        for (rev, (item, step)) in (reply.start..).zip(reply.steps.into_iter().enumerate()) {
            let wire = Wire { changeset: step.forwards, pool: reply.pool.clone() };
            let revision = Revision { rev, wire, author: Utf16String::new(), time: None };
            let origin = Origin { message: "CHANGESET_REQ", item: Some(item), is_replay: true, has_author: false };
            self.arrive(rev, Arrival::Revision { revision, origin })?;
        }
        if let Phase::CatchingUp { until } = self.phase {
            match self.rev() {
                rev if rev >= until => self.resume(),
                rev if rev > before => self.fetch(),
                rev => {
                    let error = ErrorKind::Gap { rev, found: until }.into();
                    return Err(MessageError { message: "CHANGESET_REQ".to_owned(), item: None, error });
                }
            }
        }
        Ok(())
    }

    fn revisions(&mut self, list: RevisionList) -> Result<(), MessageError> {
        let is_batch = list.source == Source::NewChangesBatch;
        let is_replay = list.source == Source::ClientReconnect;
        for (item, revision) in list.revisions.into_iter().enumerate() {
            let message = list.source.name();
            let origin = Origin { message, item: is_batch.then_some(item), is_replay, has_author: true };
            self.arrive(revision.rev, Arrival::Revision { revision, origin })?;
        }
        if is_replay && list.head_rev == Some(self.rev()) {
            self.resume();
        }
        list.broken.map_or(Ok(()), Err)
    }

    fn accept(&mut self, new_rev: u32) -> Result<(), MessageError> {
        if new_rev > self.rev() {
            return self.arrive(new_rev, Arrival::Accept);
        }
        // No revision was made, because nothing would have changed; or the word comes a second time.
        if new_rev < self.rev() || !self.in_flight {
            self.counts.duplicates += 1;
            return Ok(());
        }
        // The submitted changes must not change the base then; if they do, the two of us mean different documents.
        if let Some(layers) = &self.layers {
            let mut without_effect = layers.clone();
            if without_effect.accept(&self.pool).is_ok() && without_effect.base() != layers.base() {
                let error = ErrorKind::UnexpectedEffect { rev: new_rev }.into();
                return Err(MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error });
            }
        }
        self.accept_submitted(new_rev)
    }

    /// Takes what belongs to a revision in its turn, and what waited for it.
    fn arrive(&mut self, rev: u32, arrival: Arrival) -> Result<(), MessageError> {
        if self.layers.is_none() {
            return Err(arrival.error(ErrorKind::NotJoined.into()));
        }
        let gap = arrival.error(ErrorKind::Gap { rev: self.rev(), found: rev }.into());
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
            Placed::Full => return Err(gap),
        };
        while let Some(arrival) = next {
            let rev = self.rev() + 1;
            match arrival {
                Arrival::Accept => {
                    self.accept_submitted(rev)?;
                    self.order.advance();
                }
                Arrival::Revision { revision, origin } => self.apply(revision, origin)?,
            }
            next = self.order.take_next();
        }
        Ok(())
    }

    /// Applies the next revision first, and only then counts it.
    fn apply(&mut self, revision: Revision, origin: Origin) -> Result<(), MessageError> {
        let failed = |error| origin.error(error);
        let Revision { rev, wire, author, time } = revision;
        let changeset = wire.changeset.move_to_pool(&wire.pool, &mut self.pool, UnknownAttrib::Drop).map_err(failed)?;
        if origin.is_replay && (!origin.has_author || author == self.author) && self.is_submitted(&changeset) {
            self.accept_submitted(rev)?;
            self.order.advance();
            return Ok(());
        }
        let Some(layers) = &mut self.layers else { return Err(failed(ErrorKind::NotJoined.into())) };
        let for_editor = layers.apply_remote(&changeset, &self.pool).map_err(failed)?;
        self.order.advance();
        self.counts.applied += 1;
        let author = origin.has_author.then_some(author);
        let for_view = for_editor.clone();
        self.effects.push_back(Effect::Applied { rev, author, time, changeset: for_editor });
        let is_shown = self.view.as_mut().is_none_or(|view| view.apply(&for_view, &self.pool).is_ok());
        if !is_shown {
            self.rebuild_view();
        }
        Ok(())
    }

    /// Makes the view from the three layers. If even that fails, the local changes fit no more.
    fn rebuild_view(&mut self) {
        let rev = self.rev();
        let Some(layers) = &self.layers else { return };
        let mut view = layers.base().clone();
        let local = layers.submitted().into_iter().chain([layers.pending()]);
        let fits = local.map(|change| view.apply(change, &self.pool)).all(|result| result.is_ok());
        self.effects.push_back(if fits {
            self.view = Some(view);
            Effect::Joined { rev }
        } else {
            self.phase = Phase::Stopped;
            Effect::Desynchronised { rev, server_rev: rev }
        });
    }

    /// Whether a revision is what was submitted, moved past everything before it.
    fn is_submitted(&self, changeset: &Changeset) -> bool {
        let Some(submitted) = self.layers.as_ref().and_then(Layers::submitted) else { return false };
        let canonical = |changeset: &Changeset| -> Result<Vec<_>, Error> {
            let ops = changeset.ops().iter();
            ops.map(|op| Ok((op.kind, op.chars, op.lines, op.attribs.to_canonical(&self.pool)?))).collect()
        };
        submitted.old_len() == changeset.old_len()
            && submitted.char_bank() == changeset.char_bank()
            && canonical(submitted).is_ok_and(|ops| canonical(changeset) == Ok(ops))
    }

    fn accept_submitted(&mut self, rev: u32) -> Result<(), MessageError> {
        let failed = |error| MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error };
        let layers = self.layers.as_mut().ok_or_else(|| failed(ErrorKind::NotJoined.into()))?;
        layers.accept(&self.pool).map_err(failed)?;
        if !layers.has_uncommitted() {
            self.view = None;
        }
        self.in_flight = false;
        self.refusals = 0;
        self.counts.accepted += 1;
        self.effects.push_back(Effect::Accepted { rev });
        Ok(())
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Arrival {
    fn error(&self, error: Error) -> MessageError {
        match self {
            Self::Revision { origin, .. } => origin.error(error),
            Self::Accept => MessageError { message: "ACCEPT_COMMIT".to_owned(), item: None, error },
        }
    }

    /// About how much memory it takes, in code units.
    fn size(&self) -> usize {
        match self {
            Self::Revision { revision, .. } => {
                let changeset = &revision.wire.changeset;
                changeset.char_bank().len() + 16 * changeset.ops().len() + 64 * (1 + revision.wire.pool.len())
            }
            Self::Accept => 64,
        }
    }
}

impl Origin {
    fn error(self, error: Error) -> MessageError {
        MessageError { message: self.message.to_owned(), item: self.item, error }
    }
}
