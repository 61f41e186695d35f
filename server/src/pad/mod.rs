//! Pads. Each open one is a task that owns the document; all that happens to it comes as a message, one at a time.
//!
//! | file | what |
//! |---|---|
//! | `mod` | the messages, and the task |
//! | `room` | who is there, and what they say to each other |
//! | `state` | the document and what a commit does to it |
//! | `markers` | line markers in mid-line |
//! | `fanout` | who gets which revisions next |
//! | `pace` | when the next round of sending begins |
//! | `vars` | `CLIENT_VARS` |
//! | `history` | old documents, parts of the history |
//! | `revision`, `record` | what the store has |

pub mod fanout;
pub mod history;
mod markers;
mod pace;
pub mod record;
pub mod revision;
mod room;
mod state;
mod vars;

pub use room::{Join, Said};

use crate::metrics::Hit;
use crate::pads::Shared;
use easysync::{AttribPool, Document};
use fanout::{Accept, Batches, Delivery, Session, Source};
use pace::Pace;
use record::{Head, Loaded};
use revision::{PadError, Revision};
use room::RoomState;
use state::{Committer, PadState, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// A pad's record is written after so many revisions,
const RECORD_EVERY: u32 = 1000;
/// or when nothing has happened for so long.
const RECORD_AFTER: Duration = Duration::from_secs(5);
/// A pad in which nobody is stays open for so long.
const CLOSE_AFTER: Duration = Duration::from_secs(60);
/// Connections that take nothing are tried again so often.
const RETRY: Duration = Duration::from_millis(20);

/// What happens to a pad.
pub enum Message {
    /// Someone wants to join, or comes back.
    Join(Join),
    /// A connection has ended.
    Leave {
        /// Whose.
        session: u64,
    },
    /// A client asks or says something.
    Said(Said),
    /// Everything up to this revision is durable.
    Durable(u32),
    /// The document for those who join is ready to be sent.
    Rendered(String),
    /// A packet that was made elsewhere.
    Send {
        /// For whom.
        session: u64,
        /// What.
        packets: Vec<engineioxide::Str>,
    },
    /// A packet for all, because what it tells is durable now.
    Announce(engineioxide::Str),
    /// The pad's record is durable, up to this revision.
    Recorded(u32),
    /// A key revision is written.
    KeyWritten,
    /// The connections have had their turn with what the last round of sending gave them.
    RoundOver {
        /// Since when the oldest revision of the round was durable, if it had one.
        durable_since: Option<Instant>,
    },
    /// Someone wants to look at the pad.
    Look(oneshot::Sender<Snapshot>),
    /// Write everything, send everyone away, and end.
    Stop(oneshot::Sender<()>),
    /// End at once: nothing can be written any more.
    Abandon,
    /// The same as `Stop`, for another pad under this name, if nobody has written in this one. Otherwise the sender is dropped.
    Vacate(oneshot::Sender<()>),
}

/// A durable state of a pad.
pub struct Snapshot {
    /// The document.
    pub doc: Document,
    /// What numbers it.
    pub pool: AttribPool,
    /// The head and what belongs to it.
    pub head: Head,
}

/// The way to a pad.
#[derive(Clone)]
pub struct PadHandle {
    sender: mpsc::UnboundedSender<Message>,
    authors: Arc<AtomicUsize>,
}

impl PadHandle {
    /// Hands over a message; `false` if the pad is closed.
    pub fn send(&self, message: Message) -> bool {
        self.sender.send(message).is_ok()
    }

    /// How many authors are there.
    pub fn authors(&self) -> usize {
        self.authors.load(Ordering::Relaxed)
    }

    /// Hands over a message that does not matter if the pad is closed.
    pub fn tell(&self, message: Message) {
        let _is_open = self.send(message);
    }
}

/// A pad's task.
pub(crate) struct Pad {
    id: String,
    shared: Arc<Shared>,
    handle: PadHandle,
    state: PadState,
    /// Everything up to here is durable, and may be told to clients.
    durable: u32,
    /// So many pool entries are in records.
    pool_written: usize,
    /// The pad's record has everything up to here.
    recorded: u32,
    /// Whether something else in the record has changed.
    head_changed: bool,
    record_running: bool,
    key_running: bool,
    announce_when_recorded: Vec<engineioxide::Str>,
    sessions: BTreeMap<u64, Session>,
    room: RoomState,
    looks: Vec<(u32, oneshot::Sender<Snapshot>, Snapshot)>,
    stopping: Vec<oneshot::Sender<()>>,
    is_stopping: bool,
    is_abandoned: bool,
    send_due: bool,
    pace: Pace,
    /// Since when there are durable revisions that no round has taken up.
    durable_since: Option<Instant>,
    has_stalled: bool,
    last_change: Instant,
}

impl Pad {
    /// Starts the task of a pad, which reads it first.
    pub fn start(id: String, shared: Arc<Shared>) -> PadHandle {
        let (sender, receiver) = mpsc::unbounded_channel();
        let handle = PadHandle { sender, authors: Arc::default() };
        let own = handle.clone();
        tokio::spawn(async move {
            let (store, welcome) = (shared.store.clone(), shared.welcome.clone());
            let pad = id.clone();
            let read = move || record::load(store.as_ref(), &pad, &welcome, crate::now());
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(loaded)) => Self::new(id, shared, own, loaded).run(receiver).await,
                Ok(Err(error)) => {
                    tracing::error!(pad = id, %error, "cannot be opened");
                    refuse_all(&id, &shared, receiver, !matches!(error, PadError::Store(_)));
                }
                Err(_) => refuse_all(&id, &shared, receiver, true),
            }
        });
        handle
    }

    fn new(id: String, shared: Arc<Shared>, handle: PadHandle, loaded: Loaded) -> Self {
        let Loaded { state, recorded, chat_head, saved, puts } = loaded;
        let now = Instant::now();
        let is_new = !puts.is_empty();
        let pad = Self {
            durable: if is_new { 0 } else { state.head },
            pool_written: state.pool.len(),
            recorded,
            head_changed: false,
            record_running: false,
            key_running: false,
            announce_when_recorded: Vec::new(),
            sessions: BTreeMap::new(),
            room: RoomState::new(chat_head, saved),
            looks: Vec::new(),
            stopping: Vec::new(),
            is_stopping: false,
            is_abandoned: false,
            send_due: false,
            pace: Pace::Free,
            durable_since: None,
            has_stalled: false,
            last_change: now,
            id,
            shared,
            handle,
            state,
        };
        if is_new {
            // Jobs become durable in order, so before any other revision. If this is lost, the pad is made again alike.
            pad.shared.writer.write(puts, || ());
        }
        pad
    }

    async fn run(mut self, mut receiver: mpsc::UnboundedReceiver<Message>) {
        tracing::debug!(pad = self.id, head = self.state.head, "opened");
        let mut messages = Vec::new();
        loop {
            let wake = tokio::time::Instant::from_std(self.next_wake(Instant::now()));
            tokio::select! {
                count = receiver.recv_many(&mut messages, 256) => if count == 0 { break },
                () = tokio::time::sleep_until(wake) => {}
            }
            for message in messages.drain(..) {
                self.handle(message);
            }
            if self.is_abandoned {
                self.shared.forget(&self.id, || true);
                break;
            }
            self.after_messages();
            if self.may_end() && self.shared.forget(&self.id, || receiver.is_empty()) {
                break;
            }
        }
        tracing::debug!(pad = self.id, "closed");
        for stopped in self.stopping {
            let _nobody_waits = stopped.send(());
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Join(join) => self.join(join),
            Message::Leave { session } => self.leave(session),
            Message::Said(said) => self.said(said),
            Message::Durable(rev) => {
                self.durable = self.durable.max(rev);
                self.durable_since.get_or_insert_with(Instant::now);
                self.state.trim(self.durable);
                self.send_due = true;
            }
            Message::Rendered(document) => self.rendered(document),
            Message::Send { session, packets } => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    packets.into_iter().for_each(|packet| session.send(packet));
                    self.send_due |= session.is_behind(self.durable);
                }
            }
            Message::Announce(packet) => self.send_to_all(&packet, None),
            Message::Recorded(rev) => {
                self.record_running = false;
                self.recorded = self.recorded.max(rev);
                for packet in std::mem::take(&mut self.room.announce_recorded) {
                    self.send_of_history(&packet);
                }
            }
            Message::KeyWritten => self.key_running = false,
            Message::RoundOver { durable_since } => {
                self.pace.end(Instant::now());
                if let Some(since) = durable_since {
                    self.shared.metrics.sent_after(since.elapsed());
                }
            }
            Message::Look(reply) => {
                let (doc, pool) = (self.state.doc.clone(), self.state.pool.clone());
                self.looks.push((self.state.head, reply, Snapshot { doc, pool, head: self.head() }));
                self.last_change = Instant::now();
            }
            Message::Stop(stopped) => {
                self.is_stopping = true;
                self.stopping.push(stopped);
            }
            Message::Abandon => self.is_abandoned = true,
            Message::Vacate(vacated) => {
                if self.head().is_blank() && !self.is_stopping {
                    self.is_stopping = true;
                    self.stopping.push(vacated);
                    self.dismiss();
                }
            }
        }
    }

    /// What is done once for all messages that have come in together.
    fn after_messages(&mut self) {
        let now = Instant::now();
        let durable = self.durable;
        for (_, reply, snapshot) in self.looks.extract_if(.., |(rev, _, _)| *rev <= durable) {
            drop(reply.send(snapshot));
        }
        self.welcome_rendered();
        // Those who came while a document was being made are next.
        self.start_rendering();
        if (self.send_due || self.has_stalled) && self.pace.allows(now) {
            self.send_revisions(now);
        }
        let is_idle = now.duration_since(self.last_change) >= RECORD_AFTER || self.is_stopping;
        if self.state.head - self.recorded >= RECORD_EVERY || (is_idle && self.is_record_old()) || self.head_changed {
            self.write_record();
        }
        if self.is_stopping && self.is_settled() {
            self.sessions.values().for_each(Session::close);
            self.sessions.clear();
        }
    }

    fn next_wake(&self, now: Instant) -> Instant {
        let mut wake = now + CLOSE_AFTER;
        if self.send_due
            && let Some(next) = self.pace.wake(now)
        {
            wake = wake.min(next);
        }
        if self.has_stalled {
            wake = wake.min(now + RETRY);
        }
        if self.is_record_old() && !self.record_running {
            wake = wake.min((self.last_change + RECORD_AFTER).max(now));
        }
        wake
    }

    fn is_record_old(&self) -> bool {
        self.state.head > self.recorded || self.head_changed
    }

    /// Whether everything is written.
    fn is_settled(&self) -> bool {
        let is_written = self.durable == self.state.head && !self.is_record_old();
        is_written && !self.record_running && !self.key_running && self.looks.is_empty()
    }

    fn may_end(&self) -> bool {
        let is_unused = self.sessions.is_empty() && self.room.is_quiet();
        let is_time = self.is_stopping || self.last_change.elapsed() >= CLOSE_AFTER;
        is_unused && is_time && self.is_settled()
    }

    fn head(&self) -> Head {
        Head { head: self.state.head, chat_head: self.room.chat_head, saved: self.room.saved.clone() }
    }

    /// Takes a commit: makes revisions, has them written, and answers when they are.
    fn commit(
        &mut self,
        session_id: u64,
        changes: Result<Box<easysync::UserChanges>, easysync::Error>,
        ack: Option<u64>,
    ) {
        let Some(session) = self.sessions.get_mut(&session_id) else { return };
        if self.is_stopping {
            return;
        }
        let who = Committer {
            author: session.author.clone(),
            session: session_id,
            joined_rev: session.joined_rev,
            time: crate::now(),
            max_len: self.shared.limits.pad_size,
        };
        let (before, began) = (self.state.head, Instant::now());
        let result = changes.map_err(Refusal::from).and_then(|changes| {
            let older = self.older_than_recent(changes.base_rev)?;
            self.state.commit(&changes, &older, &who)
        });
        self.shared.metrics.applied(began.elapsed());
        let Some(session) = self.sessions.get_mut(&session_id) else { return };
        match result {
            Ok(made) => {
                let rev = before + u32::from(made > 0);
                session.accept(Accept { rev, is_revision: made > 0, ack });
                self.last_change = Instant::now();
                if made > 0 {
                    self.write_revisions(before + 1);
                } else {
                    self.send_due = true;
                }
            }
            Err(refusal) => {
                if matches!(refusal, Refusal::TooLong { .. }) {
                    self.shared.metrics.hit(Hit::PadSize);
                }
                tracing::info!(pad = self.id, author = %who.author, %refusal, "commit refused");
                session.send(crate::socketio::message(r#"{"disconnect":"badChangeset"}"#));
                if let Some(ack) = ack {
                    session.send(crate::socketio::ack(ack));
                }
            }
        }
    }

    /// The revisions after `base_rev` that are not in memory any more.
    fn older_than_recent(&self, base_rev: u32) -> Result<Vec<state::Since>, Refusal> {
        let read = |rev| revision::need(self.shared.store.as_ref(), &self.id, rev);
        (base_rev.saturating_add(1)..self.state.first_recent())
            .map(|rev| read(rev).map(|stored| (stored.changeset, stored.author)))
            .collect::<Result<_, PadError>>()
            .map_err(|error| {
                tracing::error!(pad = self.id, %error, "cannot read revisions");
                Refusal::Unreadable { base_rev }
            })
    }

    /// Has the revisions from `first` to the head written, with what they added to the pool.
    fn write_revisions(&mut self, first: u32) {
        let head = self.state.head;
        let added: Vec<_> =
            self.state.pool.iter().skip(self.pool_written).map(|(_, attribute)| attribute.clone()).collect();
        let mut added = (self.pool_written as u32, added.as_slice());
        let mut puts = Vec::new();
        for rev in first..=head {
            if let Some(revision) = self.state.recent(rev) {
                puts.push(revision::put(&self.id, revision, added));
                added = (0, &[]);
            }
        }
        self.pool_written = self.state.pool.len();
        let key = self.state.key.take().and_then(|(rev, doc)| {
            let (_, record) = puts.get(rev.checked_sub(first)? as usize)?;
            Some((rev, doc, record.clone()))
        });
        let handle = self.handle.clone();
        self.shared.writer.write(puts, move || handle.tell(Message::Durable(head)));
        if let Some((rev, doc, record)) = key {
            self.write_key_revision(rev, doc, record);
        }
    }

    /// Writes the record of a key revision again, with the document. Whoever needs a key revision that is not there
    /// takes the one before it, so if the last is still being made, this one is left out.
    fn write_key_revision(&mut self, rev: u32, doc: Document, record: String) {
        if std::mem::replace(&mut self.key_running, true) {
            return;
        }
        let pool = self.state.pool.clone();
        let (id, writer, handle) = (self.id.clone(), self.shared.writer.clone(), self.handle.clone());
        tokio::task::spawn_blocking(move || {
            let puts = easysync::Value::parse(&record)
                .map(|record| vec![revision::key_put(&id, rev, &record, &doc, &pool)])
                .unwrap_or_default();
            writer.write(puts, move || handle.tell(Message::KeyWritten));
        });
    }

    fn write_record(&mut self) {
        if std::mem::replace(&mut self.record_running, true) {
            return;
        }
        self.head_changed = false;
        self.room.announce_recorded.append(&mut self.announce_when_recorded);
        let (doc, pool, head) = (self.state.doc.clone(), self.state.pool.clone(), self.head());
        let (id, writer, handle) = (self.id.clone(), self.shared.writer.clone(), self.handle.clone());
        tokio::task::spawn_blocking(move || {
            let put = record::put(&id, &head, &doc, &pool);
            writer.write(vec![put], move || handle.tell(Message::Recorded(head.head)));
        });
    }

    /// Brings all sessions up to date, as far as their connections allow.
    fn send_revisions(&mut self, now: Instant) {
        self.send_due = false;
        self.has_stalled = false;
        let mut batches = Batches::default();
        let mut source = PadSource { id: &self.id, state: &self.state, shared: &self.shared };
        self.pace.begin(now);
        for session in self.sessions.values_mut().filter(|session| session.is_behind(self.durable)) {
            match session.deliver(self.durable, &mut batches, &mut source, now) {
                Delivery::UpToDate => {}
                // Those that are lost are taken out when their connection reports its end.
                Delivery::Behind | Delivery::Lost => self.has_stalled = true,
                Delivery::GivenUp => self.shared.metrics.hit(Hit::SlowReader),
            }
        }
        batches.taken().iter().for_each(|revisions| self.shared.metrics.batched(*revisions));
        let (handle, durable_since) = (self.handle.clone(), self.durable_since.take());
        tokio::spawn(async move {
            // This puts it behind the tasks of the connections that have got something.
            tokio::task::yield_now().await;
            handle.tell(Message::RoundOver { durable_since });
        });
    }
}

/// Answers those who wait for a pad that cannot be opened: for good, or so that they come again.
fn refuse_all(id: &str, shared: &Shared, mut receiver: mpsc::UnboundedReceiver<Message>, for_good: bool) {
    let mut messages = Vec::new();
    loop {
        while let Ok(message) = receiver.try_recv() {
            messages.push(message);
        }
        if shared.forget(id, || receiver.is_empty()) {
            break;
        }
    }
    for message in messages {
        match message {
            Message::Join(join) if !for_good => join.outlet.close(),
            Message::Join(join) => {
                let _gone = join.outlet.send(crate::socketio::message(r#"{"disconnect":"corruptPad"}"#));
            }
            Message::Stop(stopped) => {
                let _nobody_waits = stopped.send(());
            }
            _ => {}
        }
    }
}

/// Revisions from memory, or from the store.
struct PadSource<'a> {
    id: &'a str,
    state: &'a PadState,
    shared: &'a Shared,
}

impl Source for PadSource<'_> {
    fn revision(&mut self, rev: u32) -> Option<Arc<Revision>> {
        if let Some(revision) = self.state.recent(rev) {
            return Some(revision.clone());
        }
        let read = |rev| revision::need(self.shared.store.as_ref(), self.id, rev);
        let time =
            |rev: u32| rev.checked_sub(1).map_or(Ok(None), |before| read(before).map(|stored| Some(stored.time)));
        match read(rev).and_then(|stored| Ok((time(rev)?.unwrap_or(stored.time), stored))) {
            Ok((before, stored)) => Some(stored.into_revision(rev, before, &self.state.pool)),
            Err(error) => {
                tracing::error!(pad = self.id, %error, "cannot read a revision");
                None
            }
        }
    }

    fn reconnect_frame(&mut self, revision: &Revision, head: u32) -> engineioxide::Str {
        revision.reconnect_frame(head, &self.state.pool)
    }
}
