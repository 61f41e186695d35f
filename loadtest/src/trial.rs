//! One trial in one pad.

use crate::author::{Author, Phase, Seen, Shared};
use crate::result::{Trial, Usage};
use crate::server::{self, Server};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// So many join at the same time.
const JOIN_AT_ONCE: usize = 20;
/// Everyone must be in the pad by then.
const JOIN_WITHIN: Duration = Duration::from_secs(120);
/// Joining is over when the server has had so long to tell everyone about it.
const QUIET: Duration = Duration::from_secs(2);
/// Everything must be acknowledged, and everywhere, by then.
const SETTLE_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What is to be done.
pub struct Plan<'a> {
    pub server: &'a Server,
    pub pad: String,
    pub authors: u32,
    pub typing: Duration,
    pub engine: u8,
    pub capabilities: u32,
    pub edit_every: Duration,
}

/// Runs a trial.
pub async fn run(plan: Plan<'_>) -> anyhow::Result<Trial> {
    let shared = Arc::new(Shared {
        server: plan.server.address,
        pad: plan.pad.clone(),
        engine: plan.engine,
        capabilities: plan.capabilities,
        edit_every: plan.edit_every,
        joined: AtomicU32::new(0),
        acknowledged: AtomicU32::new(0),
        head: AtomicU32::new(0),
    });
    let (phase, watcher) = watch::channel(Phase::Gather);
    let mut running = JoinSet::new();
    let joins = Arc::new(tokio::sync::Semaphore::new(JOIN_AT_ONCE));
    for number in 0..plan.authors {
        let (shared, watcher, joins) = (shared.clone(), watcher.clone(), joins.clone());
        running.spawn(async move {
            let permit = joins.acquire_owned().await?;
            let author = Author::join(shared, watcher, u64::from(number)).await?;
            drop(permit);
            author.run().await
        });
    }
    wait(JOIN_WITHIN, "joined", &shared.joined, plan.authors, &mut running).await?;
    sleep(QUIET).await;

    let before = (plan.server.emits().await, Cpu::now(plan.server));
    let from = Instant::now() + LOOK_EVERY;
    let until = from + plan.typing;
    phase.send(Phase::Type { from, until })?;
    sleep_until(until).await;
    let after = Cpu::now(plan.server);
    let emits = difference(&before.0, &plan.server.emits().await);
    let memory_mb = plan.server.pid.and_then(server::memory_mb);

    wait(SETTLE_WITHIN, "acknowledged", &shared.acknowledged, plan.authors, &mut running).await?;
    let head = shared.head.load(Ordering::SeqCst);
    phase.send(Phase::Settle { head })?;
    let mut seen = Vec::new();
    let all = async {
        while let Some(author) = running.join_next().await {
            seen.push(author??);
        }
        anyhow::Ok(())
    };
    timeout(SETTLE_WITHIN, all).await.context("not everyone got the last revision")??;
    // Someone new gets the document as the server has it.
    let last = Author::join(shared, watcher, u64::from(plan.authors)).await?.end();
    let seconds = plan.typing.as_secs_f64();
    let cpu = |of: fn(&Cpu) -> Option<f64>| Some((of(&after)? - of(&before.1)?) / seconds);
    let (server_cpu, own_cpu, all) = (cpu(|cpu| cpu.server), cpu(|cpu| cpu.own), cpu(|cpu| cpu.all));
    let others_cpu = all.zip(server_cpu).zip(own_cpu).map(|((all, server), own)| all - server - own);
    let usage = Usage { server_cpu, own_cpu, others_cpu, server_memory_mb: memory_mb };
    Trial::new(&seen, last, seconds, usage, emits)
}

/// Processor time so far, in seconds.
struct Cpu {
    server: Option<f64>,
    own: Option<f64>,
    all: Option<f64>,
}

impl Cpu {
    fn now(server: &Server) -> Self {
        Self {
            server: server.pid.and_then(server::cpu_seconds),
            own: server::cpu_seconds(std::process::id()),
            all: server::cpu_seconds_of_all(),
        }
    }
}

fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let since =
        |(name, count): (&String, &u64)| (name.clone(), count - before.get(name).copied().unwrap_or(0).min(*count));
    after.iter().map(since).filter(|(_, count)| *count > 0).collect()
}

/// Waits until a count is reached; fails if an author ends before.
async fn wait(
    within: Duration,
    what: &str,
    count: &AtomicU32,
    wanted: u32,
    running: &mut JoinSet<anyhow::Result<Seen>>,
) -> anyhow::Result<()> {
    let end = Instant::now() + within;
    while count.load(Ordering::SeqCst) < wanted {
        if let Some(author) = running.try_join_next() {
            author??;
        }
        let reached = count.load(Ordering::SeqCst);
        ensure!(Instant::now() < end, "only {reached} of {wanted} have {what} in time");
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
