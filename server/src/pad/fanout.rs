//! Who gets which revisions next, in which message.
//!
//! Each session has a cursor: the last revision that it was given. It moves only after its connection has taken the
//! message. So a session gets every revision once and in order, whatever happens in between, and a session whose
//! connection takes no more for a while gets what it missed in one batch later.

use super::revision::Revision;
use crate::authors::AuthorId;
use crate::socketio;
use engineioxide::Str;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A batch has at most so many revisions.
const MAX_BATCH: u32 = 500;
/// A batch ends with the revision that makes it longer than this, in bytes.
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// So many other messages may wait for a connection.
const MAX_OUTBOX: usize = 2000;
/// So large they may be together, in bytes, unless it is one alone.
const MAX_OUTBOX_BYTES: usize = 16 * 1024 * 1024;
/// A connection that takes nothing for so long is given up.
const MAX_STALL: Duration = Duration::from_secs(30);
/// Revisions wait no longer than this for a batch that someone wished for.
const MAX_GATHERING: Duration = Duration::from_secs(1);
/// A session that is so far behind is told to join again.
const MAX_BEHIND: u32 = 50_000;

/// Why a connection did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It has as much as it can hold.
    Full,
    /// It is gone.
    Closed,
}

/// The way to a client.
pub trait Outlet: Send + Sync {
    /// Hands over a packet. Never blocks.
    fn send(&self, packet: Str) -> Result<(), Refused>;

    /// Ends the connection.
    fn close(&self);
}

/// What to send to a session next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// It has everything.
    Nothing,
    /// One revision, as `NEW_CHANGES`.
    One(u32),
    /// From the first to the last, as `NEW_CHANGES_BATCH`.
    Batch(u32, u32),
}

/// Decides what a session that was given everything up to `sent` gets next, if it may have everything up to `limit`.
pub fn plan(sent: u32, limit: u32, can_batch: bool) -> Plan {
    match limit.saturating_sub(sent) {
        0 => Plan::Nothing,
        behind if behind > 1 && can_batch => Plan::Batch(sent + 1, sent + behind.min(MAX_BATCH)),
        _ => Plan::One(sent + 1),
    }
}

/// The answer to a commit that waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept {
    /// The revision that the commit became, or the head at which it changed nothing.
    pub rev: u32,
    /// Whether it became a revision.
    pub is_revision: bool,
    /// By which number an acknowledgement is awaited.
    pub ack: Option<u64>,
    /// The number of the commit in its session, if it has one.
    pub seq: Option<u32>,
}

/// Where revisions and their packets come from.
pub trait Source {
    /// A revision that is durable.
    fn revision(&mut self, rev: u32) -> Option<Arc<Revision>>;

    /// Its packet for a client that comes back and missed it.
    fn reconnect_frame(&mut self, revision: &Revision, head: u32) -> Str;
}

/// A client in a pad.
pub struct Session {
    /// Its number.
    pub id: u64,
    /// Who it is.
    pub author: AuthorId,
    /// Whether it came by the read-only id.
    pub read_only: bool,
    /// Whether it can read batches.
    pub can_batch: bool,
    /// Revisions wait for it until there are so many, but not for ever.
    pub batch_of: u32,
    /// The head when it joined.
    pub joined_rev: u32,
    /// Whether it has its `CLIENT_VARS`; before that it gets nothing else.
    pub is_ready: bool,
    outlet: Arc<dyn Outlet>,
    sent: u32,
    /// Up to this revision it gets `CLIENT_RECONNECT`.
    replay_until: Option<u32>,
    accepts: VecDeque<Accept>,
    outbox: VecDeque<Str>,
    outbox_bytes: usize,
    stalled_since: Option<Instant>,
    /// Since when revisions wait to become a batch.
    gathers_since: Option<Instant>,
}

/// What became of an attempt to bring a session up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It has everything that it may have.
    UpToDate,
    /// Its connection takes no more now.
    Behind,
    /// It has been given up.
    GivenUp,
    /// It is gone.
    Lost,
}

impl Session {
    /// A session that was given nothing yet.
    pub fn new(id: u64, author: AuthorId, outlet: Arc<dyn Outlet>) -> Self {
        Self {
            id,
            author,
            read_only: false,
            can_batch: false,
            batch_of: 0,
            gathers_since: None,
            joined_rev: 0,
            is_ready: false,
            outlet,
            sent: 0,
            replay_until: None,
            accepts: VecDeque::new(),
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            stalled_since: None,
        }
    }

    /// The document at `rev` is on its way to it. Answers that are older mean nothing to it any more.
    pub fn joins_at(&mut self, rev: u32) {
        (self.sent, self.joined_rev, self.replay_until) = (rev, rev, None);
        self.accepts.retain(|accept| accept.rev > rev);
    }

    /// It comes back with the document at `rev`, and gets what it missed up to `head`.
    pub fn returns_at(&mut self, rev: u32, head: u32) {
        self.joins_at(rev);
        (self.joined_rev, self.is_ready) = (head, true);
        if rev == head {
            self.send(socketio::message(&easysync::nothing_missed(head)));
        } else {
            self.replay_until = Some(head);
        }
    }

    /// Gives it its document, before anything else.
    pub fn welcome(&mut self, client_vars: Str) {
        self.outbox_bytes += client_vars.len();
        self.outbox.push_front(client_vars);
        self.is_ready = true;
    }

    /// Sends something that is not a revision: at once if it can be, otherwise when its turn comes.
    pub fn send(&mut self, packet: Str) {
        if self.is_ready && self.outbox.is_empty() && self.outlet.send(packet.clone()).is_ok() {
            return;
        }
        self.outbox_bytes += packet.len();
        self.outbox.push_back(packet);
    }

    /// Answers a commit, when the revisions before it are sent and it is durable.
    pub fn accept(&mut self, accept: Accept) {
        self.accepts.push_back(accept);
    }

    /// Whether something waits to be sent.
    pub fn is_behind(&self, durable: u32) -> bool {
        self.is_ready && (!self.outbox.is_empty() || self.sent < durable || !self.accepts.is_empty())
    }

    /// Ends the connection.
    pub fn close(&self) {
        self.outlet.close();
    }

    /// Sends as much as the connection takes, of everything up to the revision `durable`.
    pub fn deliver(&mut self, durable: u32, batches: &mut Batches, source: &mut dyn Source, now: Instant) -> Delivery {
        if !self.is_ready {
            return Delivery::UpToDate;
        }
        if self.gathers(durable, now) {
            return Delivery::Behind;
        }
        let (outbox, sent) = (self.outbox.len(), self.sent);
        match self.deliver_all(durable, batches, source) {
            Ok(()) => {
                self.stalled_since = None;
                Delivery::UpToDate
            }
            Err(Refused::Closed) => {
                self.outlet.close();
                Delivery::Lost
            }
            Err(Refused::Full) => {
                if self.sent > sent || self.outbox.len() < outbox {
                    self.stalled_since = None;
                }
                let stalled = now.duration_since(*self.stalled_since.get_or_insert(now));
                let is_overfull = self.outbox.len() > 1 && self.outbox_bytes > MAX_OUTBOX_BYTES;
                let is_hopeless = is_overfull
                    || stalled > MAX_STALL
                    || self.outbox.len() > MAX_OUTBOX
                    || durable.saturating_sub(self.sent) > MAX_BEHIND;
                if !is_hopeless {
                    return Delivery::Behind;
                }
                tracing::info!(session = self.id, behind = durable.saturating_sub(self.sent), "too slow, closed");
                self.outlet.close();
                Delivery::GivenUp
            }
        }
    }

    /// Whether there are too few revisions for the batch that is wished for. Answers do not wait.
    fn gathers(&mut self, durable: u32, now: Instant) -> bool {
        let too_few = durable.saturating_sub(self.sent) < self.batch_of && self.accepts.is_empty();
        let gathers = too_few && self.can_batch && self.outbox.is_empty() && self.replay_until.is_none();
        if gathers && now.duration_since(*self.gathers_since.get_or_insert(now)) < MAX_GATHERING {
            return true;
        }
        self.gathers_since = None;
        false
    }

    fn deliver_all(&mut self, durable: u32, batches: &mut Batches, source: &mut dyn Source) -> Result<(), Refused> {
        self.flush_outbox()?;
        loop {
            if let Some(until) = self.replay_until {
                if self.sent < until.min(durable) {
                    let revision = source.revision(self.sent + 1).ok_or(Refused::Closed)?;
                    self.outlet.send(source.reconnect_frame(&revision, until))?;
                    self.sent += 1;
                } else if self.sent < until {
                    return Ok(());
                } else {
                    self.replay_until = None;
                }
                continue;
            }
            let mut limit = durable;
            if let Some(&accept) = self.accepts.front() {
                // The revision that was the client's own is not sent to it; the answer stands for it.
                let before = accept.rev - u32::from(accept.is_revision);
                if self.sent >= before && accept.rev <= durable {
                    self.outlet.send(socketio::message(&easysync::accept_commit(
                        accept.rev,
                        accept.seq,
                        accept.is_revision,
                    )))?;
                    self.sent = self.sent.max(accept.rev);
                    self.accepts.pop_front();
                    if let Some(number) = accept.ack {
                        self.send(socketio::ack(number));
                        self.flush_outbox()?;
                    }
                    continue;
                }
                limit = limit.min(before);
            }
            match plan(self.sent, limit, self.can_batch) {
                Plan::Nothing => return Ok(()),
                Plan::One(rev) => {
                    self.outlet.send(source.revision(rev).ok_or(Refused::Closed)?.frame())?;
                    self.sent = rev;
                }
                Plan::Batch(first, last) => {
                    let (packet, last) = batches.get(first, last, source).ok_or(Refused::Closed)?;
                    self.outlet.send(packet)?;
                    batches.taken.extend((last > first).then_some(last + 1 - first));
                    self.sent = last;
                }
            }
        }
    }

    fn flush_outbox(&mut self) -> Result<(), Refused> {
        while let Some(packet) = self.outbox.front() {
            self.outlet.send(packet.clone())?;
            self.outbox_bytes -= packet.len();
            self.outbox.pop_front();
        }
        Ok(())
    }
}

/// Batches made in one round: sessions that stand at the same revision get the same bytes.
#[derive(Debug, Default)]
pub struct Batches {
    made: HashMap<(u32, u32), (Str, u32)>,
    taken: Vec<u32>,
}

impl Batches {
    /// How many revisions each batch had that a connection has taken.
    pub fn taken(&self) -> &[u32] {
        &self.taken
    }

    /// The packet with the revisions from `first` on, and the last that is in it: `last`, or an earlier one if they are
    /// long. `None` if a revision cannot be read.
    fn get(&mut self, first: u32, last: u32, source: &mut dyn Source) -> Option<(Str, u32)> {
        if let Some(made) = self.made.get(&(first, last)) {
            return Some(made.clone());
        }
        let (mut revisions, mut bytes) = (Vec::new(), 0);
        for rev in first..=last {
            let revision = source.revision(rev)?;
            bytes += revision.members.len();
            revisions.push(revision);
            if bytes > MAX_BATCH_BYTES {
                break;
            }
        }
        let made = match revisions.as_slice() {
            [only] => (only.frame(), only.rev),
            revisions => {
                let members = revisions.iter().map(|revision| revision.members.as_str());
                let packet = socketio::message(&easysync::new_changes_batch(members));
                (packet, revisions.last()?.rev)
            }
        };
        self.made.insert((first, last), made.clone());
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use easysync::{AttribPool, Changeset, Message, parse_message};
    use std::sync::Mutex;

    #[test]
    fn batches_are_for_those_who_are_more_than_one_behind_and_can_read_them() {
        assert_eq!(plan(5, 5, true), Plan::Nothing);
        assert_eq!(plan(6, 5, true), Plan::Nothing);
        assert_eq!(plan(5, 6, true), Plan::One(6));
        assert_eq!(plan(5, 7, true), Plan::Batch(6, 7));
        assert_eq!(plan(5, 7, false), Plan::One(6));
        assert_eq!(plan(5, 5_000, true), Plan::Batch(6, 5 + MAX_BATCH));
    }

    /// Takes as many packets as it has room for.
    #[derive(Default)]
    struct Narrow {
        room: Mutex<usize>,
        taken: Mutex<Vec<Str>>,
    }

    impl Outlet for Narrow {
        fn send(&self, packet: Str) -> Result<(), Refused> {
            let mut room = self.room.lock().unwrap();
            *room = room.checked_sub(1).ok_or(Refused::Full)?;
            self.taken.lock().unwrap().push(packet);
            Ok(())
        }
        fn close(&self) {
            self.taken.lock().unwrap().push("closed".into());
        }
    }

    struct Revisions(u32);

    impl Source for Revisions {
        fn revision(&mut self, rev: u32) -> Option<Arc<Revision>> {
            let author = AuthorId::new("a.x".into());
            let changeset = Changeset::parse("Z:1>0$").unwrap();
            (rev <= self.0)
                .then(|| Arc::new(Revision::new(rev, changeset, author, (0.0, 1.0), None, &AttribPool::new())))
        }
        fn reconnect_frame(&mut self, revision: &Revision, head: u32) -> Str {
            revision.reconnect_frame(head, &AttribPool::new())
        }
    }

    /// What was taken, in short: `3`, `4-7`, `accept 8`, `again 2/5`, or the packet.
    fn summary(outlet: &Narrow) -> Vec<String> {
        let short = |packet: &Str| {
            let Some(text) = packet.strip_prefix("2[\"message\",").and_then(|text| text.strip_suffix(']')) else {
                return packet.to_string();
            };
            match parse_message(text).unwrap() {
                Message::Revisions(list) => match (list.head_rev, list.revisions.as_slice()) {
                    (Some(head), [only]) => format!("again {}/{head}", only.rev),
                    (_, [only]) => only.rev.to_string(),
                    (_, all) => format!("{}-{}", all.first().unwrap().rev, all.last().unwrap().rev),
                },
                Message::AcceptCommit { new_rev, seq: None, .. } => format!("accept {new_rev}"),
                Message::AcceptCommit { new_rev, seq: Some(seq), no_changes } => {
                    format!("accept {new_rev} for {seq}{}", if no_changes { ", no changes" } else { "" })
                }
                Message::NothingMissed { new_rev } => format!("nothing {new_rev}"),
                _ => text.to_owned(),
            }
        };
        outlet.taken.lock().unwrap().drain(..).map(|packet| short(&packet)).collect()
    }

    fn session(can_batch: bool) -> (Session, Arc<Narrow>) {
        let outlet = Arc::new(Narrow::default());
        let mut session = Session::new(1, AuthorId::new("a.me".into()), outlet.clone());
        session.can_batch = can_batch;
        session.joins_at(0);
        session.is_ready = true;
        (session, outlet)
    }

    fn deliver(session: &mut Session, outlet: &Narrow, durable: u32, room: usize) -> (Delivery, Vec<String>) {
        *outlet.room.lock().unwrap() = room;
        let delivery = session.deliver(durable, &mut Batches::default(), &mut Revisions(durable), Instant::now());
        (delivery, summary(outlet))
    }

    #[test]
    fn answers_take_their_turn_among_the_revisions() {
        let (mut session, outlet) = session(true);
        session.accept(Accept { rev: 4, is_revision: true, ack: Some(7), seq: None });
        session.accept(Accept { rev: 6, is_revision: false, ack: None, seq: Some(1) });
        let (delivery, seen) = deliver(&mut session, &outlet, 3, 9);
        assert_eq!((delivery, seen), (Delivery::UpToDate, vec!["1-3".to_owned()]));
        let (_, seen) = deliver(&mut session, &outlet, 8, 9);
        assert_eq!(seen, ["accept 4", "37[null,null]", "5-6", "accept 6 for 1, no changes", "7-8"]);
        assert!(!session.is_behind(8));
    }

    #[test]
    fn the_cursor_moves_only_with_what_was_taken() {
        let (mut session, outlet) = session(false);
        assert_eq!(deliver(&mut session, &outlet, 3, 2), (Delivery::Behind, vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!((session.sent, deliver(&mut session, &outlet, 3, 0).0), (2, Delivery::Behind));
        session.can_batch = true;
        assert_eq!(deliver(&mut session, &outlet, 900, 1), (Delivery::Behind, vec!["3-502".to_owned()]));
        assert_eq!(deliver(&mut session, &outlet, 900, 9), (Delivery::UpToDate, vec!["503-900".to_owned()]));
        // An answer whose message is not taken is given later, once.
        session.accept(Accept { rev: 901, is_revision: true, ack: None, seq: None });
        assert_eq!(deliver(&mut session, &outlet, 901, 0), (Delivery::Behind, Vec::new()));
        assert_eq!(deliver(&mut session, &outlet, 901, 9).1, ["accept 901"]);
    }

    #[test]
    fn other_messages_wait_in_order_and_not_before_the_document() {
        let (mut session, outlet) = session(true);
        session.is_ready = false;
        session.send("a".into());
        assert_eq!(deliver(&mut session, &outlet, 2, 9), (Delivery::UpToDate, Vec::new()));
        session.welcome("vars".into());
        session.send("b".into());
        assert_eq!(deliver(&mut session, &outlet, 2, 2), (Delivery::Behind, vec!["vars".to_owned(), "a".to_owned()]));
        assert_eq!(deliver(&mut session, &outlet, 2, 9).1, ["b", "1-2"]);
    }

    #[test]
    fn who_comes_back_gets_what_was_missed_and_then_goes_on() {
        let (mut session, outlet) = session(true);
        session.returns_at(2, 4);
        assert_eq!(deliver(&mut session, &outlet, 3, 9).1, ["again 3/4"]);
        assert_eq!(deliver(&mut session, &outlet, 6, 9).1, ["again 4/4", "5-6"]);
        session.returns_at(6, 6);
        assert_eq!(deliver(&mut session, &outlet, 7, 9).1, ["nothing 6", "7"]);
    }

    #[test]
    fn batches_can_be_asked_for() {
        let (mut session, outlet) = session(true);
        (session.batch_of, *outlet.room.lock().unwrap()) = (4, 9);
        let start = Instant::now();
        let attempt = |session: &mut Session, after: Duration, durable| {
            session.deliver(durable, &mut Batches::default(), &mut Revisions(durable), start + after)
        };
        let second = MAX_GATHERING;
        assert_eq!(attempt(&mut session, Duration::ZERO, 3), Delivery::Behind);
        assert_eq!(attempt(&mut session, second / 2, 4), Delivery::UpToDate);
        assert_eq!(summary(&outlet), ["1-4"]);
        // What does not become enough goes out in the end, and answers go at once.
        assert_eq!(attempt(&mut session, second, 6), Delivery::Behind);
        assert_eq!(attempt(&mut session, second * 2, 6), Delivery::UpToDate);
        assert_eq!(summary(&outlet), ["5-6"]);
        session.accept(Accept { rev: 8, is_revision: true, ack: None, seq: None });
        assert_eq!(attempt(&mut session, second * 2, 8), Delivery::UpToDate);
        assert_eq!(summary(&outlet), ["7", "accept 8"]);
    }

    #[test]
    fn who_takes_nothing_for_too_long_is_given_up() {
        let (mut session, outlet) = session(true);
        let start = Instant::now();
        let mut attempt =
            |after, durable| session.deliver(durable, &mut Batches::default(), &mut Revisions(durable), start + after);
        assert_eq!(attempt(Duration::ZERO, 1), Delivery::Behind);
        assert_eq!(attempt(MAX_STALL, 1), Delivery::Behind);
        assert_eq!(attempt(MAX_STALL + Duration::from_millis(1), 1), Delivery::GivenUp);
        assert_eq!(summary(&outlet), ["closed"]);
        assert_eq!(deliver(&mut self::session(true).0, &outlet, MAX_BEHIND + 1, 0).0, Delivery::GivenUp);
        // One large message may wait, more may not.
        let (mut session, outlet) = self::session(true);
        session.send("x".repeat(MAX_OUTBOX_BYTES + 1).into());
        assert_eq!(deliver(&mut session, &outlet, 0, 0).0, Delivery::Behind);
        session.send("x".into());
        assert_eq!(deliver(&mut session, &outlet, 0, 0).0, Delivery::GivenUp);
    }
}
