//! The server is killed, over and over, while authors write words that no two of them have; in the end each word is there once.
//!
//! The authors stay: each joins again, and sends again what has no answer. Whatever was acknowledged must be in the document
//! of everyone then, once, and so must be all the rest.

use crate::author::{Phase, digest};
use crate::peer::Peer;
use crate::server::Process;
use anyhow::{Context, bail, ensure};
use easysync::AttribSet;
use fastrand::Rng;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

/// Each author writes a word so often.
const WORD_EVERY: Duration = Duration::from_millis(50);
/// The server lives no longer than this.
const MAX_LIFE: Duration = Duration::from_millis(800);
const RETRY: Duration = Duration::from_millis(20);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When nobody kills any more, everything must be acknowledged and everywhere by then.
const SETTLE_WITHIN: Duration = Duration::from_secs(120);
/// A word stands behind another one; so far ahead one is looked for.
const NEAR: usize = 64;

/// What is to be done.
pub struct Plan<'a> {
    pub program: &'a Path,
    pub with: &'a [String],
    pub kills: u32,
    pub authors: u32,
    pub capabilities: u32,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    pub words: usize,
    /// Words that were acknowledged before the last kill.
    pub acknowledged: u64,
    pub joins: u32,
    /// Commits that were sent again, because their answer had not come.
    pub lost: usize,
    pub doubled: usize,
    pub is_equal: bool,
    /// How long the program took from its start until it listened, at most.
    pub slowest_start: Duration,
}

/// What all authors share.
struct Shared {
    address: watch::Receiver<SocketAddr>,
    capabilities: u32,
    acknowledged: AtomicU64,
    settled: AtomicU32,
    head: AtomicU32,
    joins: AtomicU32,
}

/// Kills the program so often, each time at a random moment.
pub async fn run(plan: Plan<'_>) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let start = || Process::start(plan.program, plan.with, folder.path());
    let mut process = start().await?;
    let (tell, address) = watch::channel(process.address);
    let counts = || AtomicU32::new(0);
    let (acknowledged, settled, head, joins) = (AtomicU64::new(0), counts(), counts(), counts());
    let shared = Arc::new(Shared { address, capabilities: plan.capabilities, acknowledged, settled, head, joins });
    let (phase, watcher) = watch::channel(Phase::Gather);
    let mut running = JoinSet::new();
    for number in 0..plan.authors {
        running.spawn(Writer::new(number, shared.clone()).run(watcher.clone()));
    }
    let mut outcome = Outcome::default();
    for _ in 0..plan.kills {
        sleep(MAX_LIFE.mul_f64(fastrand::f64())).await;
        if let Some(ended) = running.try_join_next() {
            bail!("an author has ended: {:?}", ended?.err());
        }
        process.kill().await?;
        let began = Instant::now();
        process = start().await?;
        outcome.slowest_start = outcome.slowest_start.max(began.elapsed());
        tell.send(process.address)?;
    }
    outcome.acknowledged = shared.acknowledged.load(Ordering::SeqCst);
    // Nobody writes any more.
    phase.send(Phase::Settle { head: u32::MAX })?;
    let everyone = async {
        while shared.settled.load(Ordering::SeqCst) < plan.authors {
            if let Some(ended) = running.try_join_next() {
                bail!("an author has ended: {:?}", ended?.err());
            }
            sleep(RETRY).await;
        }
        phase.send(Phase::Settle { head: shared.head.load(Ordering::SeqCst) })?;
        let mut ends = Vec::new();
        while let Some(end) = running.join_next().await {
            ends.push(end??);
        }
        anyhow::Ok(ends)
    };
    let ends = timeout(SETTLE_WITHIN, everyone).await.context("not everyone has everything in time")??;
    // Someone who comes anew gets the document as the server has it.
    let mut reader = Writer::new(plan.authors, shared.clone());
    reader.peer.connect(reader.address()).await?;
    let (text, last) = (reader.text()?, reader.end()?);
    outcome.is_equal = ends.iter().all(|end| end.1 == last);
    outcome.joins = shared.joins.load(Ordering::SeqCst);
    let mut found: HashMap<&str, usize> = HashMap::new();
    for word in text.split_inclusive('>') {
        *found.entry(word.trim_start_matches('\n')).or_default() += 1;
    }
    for word in ends.iter().flat_map(|(words, _)| words) {
        outcome.words += 1;
        let count = found.get(word.as_str()).copied().unwrap_or(0);
        outcome.lost += usize::from(count == 0);
        outcome.doubled += usize::from(count > 1);
    }
    Ok(outcome)
}

impl Outcome {
    /// In a line.
    pub fn summary(&self) -> String {
        let Self { words, acknowledged, joins, lost, doubled, is_equal, slowest_start } = self;
        format!(
            "{words} words, {acknowledged} of them acknowledged before the last kill; {lost} lost, {doubled} doubled; {joins} joins; \
             slowest start {:.2} s; {}",
            slowest_start.as_secs_f64(),
            if *is_equal { "equal" } else { "NOT EQUAL" }
        )
    }

    /// Whether nothing was lost.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(self.lost == 0 && self.doubled == 0 && self.is_equal, "{}", self.summary());
        Ok(())
    }
}

/// Text, attributes and revision.
type End = (u32, u64);

/// An author who stays whatever becomes of the server.
struct Writer {
    number: u32,
    /// Each commit carries how many words it has.
    peer: Peer<usize>,
    shared: Arc<Shared>,
    /// All that were written.
    words: Vec<String>,
    /// So many of them were committed.
    committed: usize,
    random: Rng,
}

impl Writer {
    fn new(number: u32, shared: Arc<Shared>) -> Self {
        let peer = Peer::new("kills", &format!("t.kills{number}"), shared.capabilities, 4);
        Self { number, peer, shared, words: Vec::new(), committed: 0, random: Rng::new() }
    }

    fn text(&self) -> anyhow::Result<String> {
        Ok(self.peer.client.base().context("not in the pad")?.text().to_string())
    }

    fn end(&self) -> anyhow::Result<End> {
        let doc = self.peer.client.base().context("not in the pad")?;
        Ok((self.peer.client.rev(), digest(doc, self.peer.client.pool())))
    }

    fn address(&self) -> SocketAddr {
        *self.shared.address.borrow()
    }

    async fn run(mut self, mut phase: watch::Receiver<Phase>) -> anyhow::Result<(Vec<String>, End)> {
        let mut has_settled = false;
        let mut words = interval(WORD_EVERY);
        let mut look = interval(LOOK_EVERY);
        words.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if let Phase::Settle { head } = *phase.borrow() {
                if !self.peer.client.has_uncommitted() && !has_settled {
                    has_settled = true;
                    self.shared.head.fetch_max(self.peer.client.rev(), Ordering::SeqCst);
                    self.shared.settled.fetch_add(1, Ordering::SeqCst);
                }
                if self.peer.client.rev() >= head {
                    let end = self.end()?;
                    self.shared.joins.fetch_add(self.peer.joins, Ordering::SeqCst);
                    return Ok((self.words, end));
                }
            }
            if !self.peer.keep_connected(self.address()).await {
                continue;
            }
            let is_writing = *phase.borrow() == Phase::Gather;
            tokio::select! {
                _ = phase.changed() => {}
                _ = words.tick(), if is_writing => {
                    self.write()?;
                    self.commit().await?;
                }
                _ = look.tick() => {
                    self.peer.look().await;
                    self.act().await?;
                }
                frame = self.peer.next() => {
                    self.peer.take(frame).await;
                    self.act().await?;
                }
            }
        }
    }

    /// Writes a word behind another one, or at the beginning.
    fn write(&mut self) -> anyhow::Result<()> {
        let word = format!("<{}.{}>", self.number, self.words.len());
        let view = self.peer.client.view().context("not in the pad")?;
        let len = view.len_utf16();
        let from = self.random.usize(..len);
        let near = view.slice(from..(from + NEAR).min(len))?;
        let at = near.iter().position(|unit| *unit == u16::from(b'>')).map_or(0, |at| from + at + 1);
        let units: Vec<u16> = word.encode_utf16().collect();
        let change = view.splice(at..at, &units, &AttribSet::EMPTY)?;
        self.peer.client.edit(&change)?;
        self.words.push(word);
        Ok(())
    }

    async fn commit(&mut self) -> anyhow::Result<()> {
        let (written, committed) = (self.words.len(), &mut self.committed);
        self.peer.commit(|| written - std::mem::replace(committed, written)).await
    }

    async fn act(&mut self) -> anyhow::Result<()> {
        for (_, words) in self.peer.act().await? {
            self.shared.acknowledged.fetch_add(words as u64, Ordering::SeqCst);
        }
        self.commit().await
    }
}
