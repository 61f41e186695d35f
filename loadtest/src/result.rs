//! What a trial has come to.

use crate::author::{End, Seen};
use anyhow::Context;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Times are told to three significant digits.
const DIGITS: u8 = 3;

/// All trials with so many authors.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub label: String,
    pub authors: u32,
    pub seconds: u64,
    pub trials: Vec<Trial>,
}

/// What the two processes took while everyone typed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Usage {
    /// In processors: 1 is one that did nothing else.
    pub server_cpu: Option<f64>,
    pub own_cpu: Option<f64>,
    /// What else went on on this machine: the other figures mean little if it is much.
    pub others_cpu: Option<f64>,
    pub server_memory_mb: Option<f64>,
}

/// Milliseconds below which so many of all deliveries are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Delays {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// One trial.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trial {
    pub commits_per_second: f64,
    /// How many revisions reached other authors' documents.
    pub deliveries: u64,
    /// From the sending of a commit to the document of each other author.
    pub commit: Delays,
    /// The same from the moment when the edit was due, so that what waited for an acknowledgement before it was sent counts.
    pub edit: Delays,
    /// What the client takes for a revision of somebody else, in microseconds.
    pub apply_us: f64,
    pub usage: Usage,
    /// Messages sent by type, as the server counts them.
    pub emits: BTreeMap<String, u64>,
    /// How often authors had to join again, all together.
    pub rejoins: u32,
    /// Revisions that were acknowledged but are not among those that everyone has.
    pub missing: u64,
    /// Whether all authors ended with one document, the server's.
    pub is_equal: bool,
    /// Whether the commits of each author became revisions in the order in which they were sent.
    pub is_ordered: bool,
}

impl Trial {
    /// Brings together what all authors saw; `last` is the server's document.
    pub fn new(
        seen: &[Seen],
        last: End,
        seconds: f64,
        usage: Usage,
        emits: BTreeMap<String, u64>,
    ) -> anyhow::Result<Self> {
        let commits: HashMap<u32, _> = seen
            .iter()
            .enumerate()
            .flat_map(|(who, author)| author.commits.iter().map(move |commit| (commit.rev, (who, *commit))))
            .collect();
        let (mut commit_delays, mut edit_delays) = (Histogram::<u64>::new(DIGITS)?, Histogram::<u64>::new(DIGITS)?);
        let mut missing = 0;
        for (who, author) in seen.iter().enumerate() {
            for (rev, (by, commit)) in &commits {
                let index = rev.checked_sub(author.first_rev + 1).context("a revision from before the typing")?;
                match author.applied.get(index as usize) {
                    Some(_) if who == *by => {}
                    Some(applied) => {
                        commit_delays.record(u64::from(applied.saturating_sub(commit.sent)))?;
                        edit_delays.record(u64::from(applied.saturating_sub(commit.edited)))?;
                    }
                    None => missing += 1,
                }
            }
        }
        let apply = seen.iter().fold((0, 0), |sum, author| (sum.0 + author.apply.0, sum.1 + author.apply.1));
        Ok(Self {
            commits_per_second: commits.len() as f64 / seconds,
            deliveries: commit_delays.len(),
            commit: Delays::of(&commit_delays),
            edit: Delays::of(&edit_delays),
            apply_us: apply.0 as f64 / 1000.0 / apply.1.max(1) as f64,
            usage,
            emits,
            rejoins: seen.iter().map(|author| author.rejoins).sum(),
            missing,
            is_equal: seen.iter().all(|author| author.end == last),
            is_ordered: seen.iter().all(|author| author.commits.is_sorted_by_key(|commit| commit.rev)),
        })
    }

    /// Whether nothing is missing anywhere, and nothing has changed places.
    pub fn is_converged(&self) -> bool {
        self.is_equal && self.is_ordered && self.missing == 0
    }

    /// In a line.
    pub fn summary(&self) -> String {
        let Delays { p50, p95, p99 } = self.commit;
        let [server, own, others] =
            [self.usage.server_cpu, self.usage.own_cpu, self.usage.others_cpu].map(|cpu| cpu.unwrap_or(f64::NAN));
        format!(
            "{:.0} commits a second, p50 {p50:.1} ms, p95 {p95:.1} ms, p99 {p99:.1} ms, processors: server {server:.2}, authors {own:.2}, others {others:.2}; {}",
            self.commits_per_second,
            if self.is_converged() { "equal" } else { "NOT EQUAL" }
        )
    }
}

impl Delays {
    fn of(micros: &Histogram<u64>) -> Self {
        let at = |quantile| micros.value_at_quantile(quantile) as f64 / 1000.0;
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}
