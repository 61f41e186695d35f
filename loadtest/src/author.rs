//! One author: the client of the engine on a socket, and someone who types.

use crate::peer::Peer;
use crate::wire::Frame;
use anyhow::Context;
use easysync::{AttribPool, AttribSet, Document};
use fastrand::Rng;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until};

/// How often the client looks at the clock.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What everyone is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Wait until all are there.
    Gather,
    /// Type, beginning here and until there.
    Type { from: Instant, until: Instant },
    /// Wait until this revision has come.
    Settle { head: u32 },
}

/// What the authors of a pad share.
pub struct Shared {
    pub server: SocketAddr,
    pub pad: String,
    pub engine: u8,
    /// What the clients say that they can do.
    pub capabilities: u32,
    /// Each author edits so often.
    pub edit_every: Duration,
    /// So many are in the pad.
    pub joined: AtomicU32,
    /// So many have stopped typing and have had all they typed acknowledged.
    pub acknowledged: AtomicU32,
    /// The last revision that was acknowledged to anyone.
    pub head: AtomicU32,
}

/// A commit that became a revision.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    pub rev: u32,
    /// When the first edit in it was due, in microseconds since the typing began.
    pub edited: u32,
    /// When it was sent.
    pub sent: u32,
}

/// What an author has seen.
#[derive(Debug)]
pub struct Seen {
    pub commits: Vec<Commit>,
    /// The revision at which the typing began.
    pub first_rev: u32,
    /// When each revision after that was in the document, in microseconds since the typing began.
    pub applied: Vec<u32>,
    /// How long the client took for revisions of others, in nanoseconds, and how many there were.
    pub apply: (u64, u64),
    /// How often the author had to join again.
    pub rejoins: u32,
    pub end: End,
}

/// Where an author has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub rev: u32,
    /// Of text and attributes.
    pub digest: u64,
}

/// When the first edit in a commit was due, and when it was sent.
type Times = (Instant, Instant);

pub struct Author {
    peer: Peer<Times>,
    shared: Arc<Shared>,
    phase: watch::Receiver<Phase>,
    random: Rng,
    /// The beginning of the typing.
    origin: Instant,
    /// When the first edit that is not sent was due.
    edited: Option<Instant>,
    seen: Seen,
}

impl Author {
    /// Joins the pad.
    pub async fn join(shared: Arc<Shared>, phase: watch::Receiver<Phase>, seed: u64) -> anyhow::Result<Self> {
        let mut random = Rng::with_seed(seed);
        let token = format!("t.{:020}", random.u64(..));
        let end = End { rev: 0, digest: 0 };
        let seen = Seen { commits: Vec::new(), first_rev: 0, applied: Vec::new(), apply: (0, 0), rejoins: 0, end };
        let mut author = Self {
            peer: Peer::new(&shared.pad, &token, shared.capabilities, shared.engine),
            shared,
            phase,
            random,
            origin: Instant::now(),
            edited: None,
            seen,
        };
        author.peer.connect(author.shared.server).await?;
        author.shared.joined.fetch_add(1, Ordering::SeqCst);
        Ok(author)
    }

    /// Where the pad is on the server, for one who only looks.
    pub fn end(&self) -> End {
        let client = &self.peer.client;
        let digest = client.base().map_or(0, |doc| digest(doc, client.pool()));
        End { rev: client.rev(), digest }
    }

    /// Does what the phases say, to the end.
    pub async fn run(mut self) -> anyhow::Result<Seen> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next_edit: Option<(Instant, Instant)> = None;
        let mut is_typing = false;
        loop {
            if is_typing && next_edit.is_none() && !self.peer.client.has_uncommitted() {
                is_typing = false;
                self.shared.head.fetch_max(self.peer.client.rev(), Ordering::SeqCst);
                self.shared.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            let phase = *self.phase.borrow();
            if let Phase::Settle { head } = phase
                && self.peer.client.rev() >= head
            {
                (self.seen.end, self.seen.rejoins) = (self.end(), self.peer.joins - 1);
                return Ok(self.seen);
            }
            if !self.peer.keep_connected(self.shared.server).await {
                continue;
            }
            let due = next_edit.map(|(due, _)| due);
            tokio::select! {
                // The first revision must not come in before the clock runs.
                biased;
                changed = self.phase.changed() => {
                    changed.context("nobody says what to do")?;
                    if let Phase::Type { from, until } = *self.phase.borrow_and_update() {
                        self.origin = from;
                        self.seen.first_rev = self.peer.client.rev();
                        is_typing = true;
                        next_edit = Some((from + self.shared.edit_every.mul_f64(self.random.f64()), until));
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if let Some((due, until)) = next_edit {
                        self.edit(due)?;
                        next_edit = Some((due + self.shared.edit_every, until)).filter(|(next, until)| next < until);
                    }
                    self.commit().await?;
                }
                _ = look.tick() => {
                    self.peer.look().await;
                    self.act().await?;
                }
                frame = self.peer.next() => self.take(frame).await?,
            }
        }
    }

    /// Types a word somewhere, or takes some letters away.
    fn edit(&mut self, due: Instant) -> anyhow::Result<()> {
        let view = self.peer.client.view().context("not in the pad")?;
        let len = view.len_utf16();
        let at = self.random.usize(..len);
        let change = if len > 100 && self.random.u8(..5) == 0 {
            view.splice(at..(at + self.random.usize(1..6)).min(len - 1).max(at), &[], &AttribSet::EMPTY)?
        } else {
            let mut word: Vec<u16> = (0..self.random.usize(2..9)).map(|_| self.random.u16(0x61..0x7b)).collect();
            word.push(if self.random.u8(..12) == 0 { 0x0a } else { 0x20 });
            view.splice(at..at, &word, &AttribSet::EMPTY)?
        };
        self.peer.client.edit(&change)?;
        self.edited.get_or_insert(due);
        Ok(())
    }

    async fn commit(&mut self) -> anyhow::Result<()> {
        let edited = &mut self.edited;
        let tag = || {
            let now = Instant::now();
            (edited.take().unwrap_or(now), now)
        };
        self.peer.commit(tag).await?;
        if !self.peer.client.has_uncommitted() {
            self.edited = None;
        }
        Ok(())
    }

    /// Takes a frame in, and commits if it is the time then.
    async fn take(&mut self, frame: Option<Frame>) -> anyhow::Result<()> {
        let rev = self.peer.client.rev();
        if let Some(received) = self.peer.take(frame).await {
            let at = micros(Instant::now().saturating_duration_since(self.origin));
            self.seen.applied.extend((rev..self.peer.client.rev()).map(|_| at));
            if received.applied > 0 {
                self.seen.apply.0 += received.took.as_nanos() as u64;
                self.seen.apply.1 += received.applied;
            }
        }
        self.act().await
    }

    /// Does what the client asks for.
    async fn act(&mut self) -> anyhow::Result<()> {
        let since = |at: Instant| micros(at.saturating_duration_since(self.origin));
        for (rev, (edited, sent)) in self.peer.act().await? {
            self.seen.commits.push(Commit { rev, edited: since(edited), sent: since(sent) });
        }
        self.commit().await
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// A number for text and attributes that does not depend on how the pool numbers them.
pub fn digest(doc: &Document, pool: &AttribPool) -> u64 {
    let mut hasher = DefaultHasher::new();
    doc.text().hash(&mut hasher);
    let mut runs: Vec<(Vec<String>, usize)> = Vec::new();
    for (text, attribs) in doc.pieces(0..doc.len_utf16()).into_iter().flatten() {
        let pairs = attribs.ids().iter().filter_map(|id| pool.get(*id).ok());
        let mut names: Vec<_> = pairs
            .filter(|attribute| !attribute.value.is_empty())
            .map(|attribute| format!("{}={}", attribute.key, attribute.value))
            .collect();
        names.sort();
        match runs.last_mut() {
            Some((last, len)) if *last == names => *len += text.len(),
            _ => runs.push((names, text.len())),
        }
    }
    runs.hash(&mut hasher);
    hasher.finish()
}
