//! One author: the client of the engine on a socket, and someone who types.

use crate::wire::{Frame, Wire, event_of};
use anyhow::{Context, bail};
use easysync::{AttribPool, AttribSet, Client, Document, Effect};
use fastrand::Rng;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until};

/// How often the client looks at the clock, and, with the old Engine.IO, says that it is there.
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
    /// How often the client asked for a fresh join.
    pub resyncs: u32,
    pub end: End,
}

/// Where an author has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub rev: u32,
    /// Of text and attributes.
    pub digest: u64,
}

pub struct Author {
    client: Client,
    wire: Wire,
    shared: Arc<Shared>,
    phase: watch::Receiver<Phase>,
    random: Rng,
    /// The beginning of the typing.
    origin: Instant,
    /// When the first edit that is not sent was due.
    edited: Option<Instant>,
    /// When the commits in flight were edited, and sent.
    in_flight: VecDeque<(Instant, Instant)>,
    seen: Seen,
}

impl Author {
    /// Joins the pad.
    pub async fn join(shared: Arc<Shared>, phase: watch::Receiver<Phase>, seed: u64) -> anyhow::Result<Self> {
        let wire = Wire::connect(shared.server, shared.engine).await?;
        let end = End { rev: 0, digest: 0 };
        let seen = Seen { commits: Vec::new(), first_rev: 0, applied: Vec::new(), apply: (0, 0), resyncs: 0, end };
        let mut author = Self {
            client: Client::new(),
            wire,
            shared,
            phase,
            random: Rng::with_seed(seed),
            origin: Instant::now(),
            edited: None,
            in_flight: VecDeque::new(),
            seen,
        };
        author.ready().await?;
        while author.client.view().is_none() {
            let frame = author.wire.next().await?;
            author.take(frame).await?;
        }
        author.shared.joined.fetch_add(1, Ordering::SeqCst);
        Ok(author)
    }

    /// Where the pad is on the server, for one who only looks.
    pub fn end(&self) -> End {
        let digest = self.client.base().map_or(0, |doc| digest(doc, self.client.pool()));
        End { rev: self.client.rev(), digest }
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let token = self.random.u64(..);
        // The token and the version are for servers before Etherpad 2.
        let message = format!(
            concat!(
                r#"{{"type":"CLIENT_READY","component":"pad","padId":"{}","token":"t.{:020}","protocolVersion":2,"#,
                r#""userInfo":{{"colorId":null,"name":null}},"easysync":{{"capabilities":{}}}}}"#
            ),
            self.shared.pad, token, self.shared.capabilities
        );
        self.wire.send_event(&message).await
    }

    /// Does what the phases say, to the end.
    pub async fn run(mut self) -> anyhow::Result<Seen> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next_edit: Option<(Instant, Instant)> = None;
        let mut is_typing = false;
        loop {
            if is_typing && next_edit.is_none() && !self.client.has_uncommitted() {
                is_typing = false;
                self.shared.head.fetch_max(self.client.rev(), Ordering::SeqCst);
                self.shared.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            let phase = *self.phase.borrow();
            if let Phase::Settle { head } = phase
                && self.client.rev() >= head
            {
                self.seen.end = self.end();
                return Ok(self.seen);
            }
            let due = next_edit.map(|(due, _)| due);
            tokio::select! {
                // The first revision must not come in before the clock runs.
                biased;
                changed = self.phase.changed() => {
                    changed.context("nobody says what to do")?;
                    if let Phase::Type { from, until } = *self.phase.borrow_and_update() {
                        self.origin = from;
                        self.seen.first_rev = self.client.rev();
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
                    self.client.expire(self.origin.elapsed().as_secs_f64() * 1000.0);
                    if self.shared.engine == 3 {
                        self.wire.send("2".to_owned()).await?;
                    }
                    self.act().await?;
                }
                frame = self.wire.next() => self.take(frame?).await?,
            }
        }
    }

    /// Types a word somewhere, or takes some letters away.
    fn edit(&mut self, due: Instant) -> anyhow::Result<()> {
        let view = self.client.view().context("not in the pad")?;
        let len = view.len_utf16();
        let at = self.random.usize(..len);
        let change = if len > 100 && self.random.u8(..5) == 0 {
            view.splice(at..(at + self.random.usize(1..6)).min(len - 1).max(at), &[], &AttribSet::EMPTY)?
        } else {
            let mut word: Vec<u16> = (0..self.random.usize(2..9)).map(|_| self.random.u16(0x61..0x7b)).collect();
            word.push(if self.random.u8(..12) == 0 { 0x0a } else { 0x20 });
            view.splice(at..at, &word, &AttribSet::EMPTY)?
        };
        self.client.edit(&change)?;
        self.edited.get_or_insert(due);
        Ok(())
    }

    async fn commit(&mut self) -> anyhow::Result<()> {
        let Some(message) = self.client.commit()? else {
            if !self.client.has_uncommitted() {
                self.edited = None;
            }
            return Ok(());
        };
        let now = Instant::now();
        // What is sent again has its times.
        if self.client.in_flight() > self.in_flight.len()
            && let Some(edited) = self.edited.take()
        {
            self.in_flight.push_back((edited, now));
        }
        self.wire.send_event(&message).await
    }

    /// Takes a frame in, and commits if it is the time then.
    async fn take(&mut self, frame: Frame) -> anyhow::Result<()> {
        let message = match frame {
            Frame::Text(message) => message,
            Frame::Ping => return self.wire.send("3".to_owned()).await,
            Frame::Other => return Ok(()),
        };
        let Some(text) = event_of(&message) else { return Ok(()) };
        let (rev, applied) = (self.client.rev(), self.client.counts().applied);
        let began = Instant::now();
        // What is wrong with a message comes back as an effect as well.
        let _told = self.client.receive(text);
        let done = Instant::now();
        if self.client.rev() > rev {
            let at = micros(done.saturating_duration_since(self.origin));
            self.seen.applied.extend((rev..self.client.rev()).map(|_| at));
            let count = self.client.counts().applied - applied;
            if count > 0 {
                self.seen.apply.0 += (done - began).as_nanos() as u64;
                self.seen.apply.1 += count;
            }
        }
        self.act().await
    }

    /// Does what the client asks for.
    async fn act(&mut self) -> anyhow::Result<()> {
        while let Some(effect) = self.client.next_effect() {
            match effect {
                Effect::Send(message) => self.wire.send_event(&message).await?,
                Effect::Accepted { rev } => {
                    if let Some((edited, sent)) = self.in_flight.pop_front() {
                        let since = |at: Instant| micros(at.saturating_duration_since(self.origin));
                        self.seen.commits.push(Commit { rev, edited: since(edited), sent: since(sent) });
                    }
                }
                Effect::Resync { .. } => {
                    self.seen.resyncs += 1;
                    self.ready().await?;
                }
                Effect::Desynchronised { rev, server_rev } => bail!("at {rev} while the server is at {server_rev}"),
                Effect::Disconnected { reason } => bail!("the server has ended the session: {reason}"),
                _ => {}
            }
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
