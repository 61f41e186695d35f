//! What the server counts about itself, for Prometheus. Nothing of it names a pad or a person: a pad's name is the way into it.

use crate::socketio::Kind;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Pads are counted that have at least so many authors.
const AUTHORS: [usize; 11] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/// What the text for Prometheus is served as.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Emit {
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Waiting {
    r#for: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AtLeast {
    authors: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limit {
    limit: &'static str,
}

/// Which limit someone has run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// Too many messages at once.
    Rate,
    /// The pad would have become too long.
    PadSize,
    /// Too many connections from one address.
    Connections,
    /// The client reads too slowly.
    SlowReader,
    /// A commit has not come, though later ones of its session have.
    StuckCommit,
}

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    emits: Family<Emit, Counter>,
    apply: Histogram,
    lag: Histogram,
    batch: Histogram,
    waiting: Family<Waiting, Gauge>,
    sockets: Gauge,
    pads: Family<AtLeast, Gauge>,
    limits: Family<Limit, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        // From 50 microseconds to more than three seconds.
        let seconds = || Histogram::new(exponential_buckets(0.000_05, 2.0, 17));
        let mut metrics = Self {
            registry: Registry::with_prefix("easysync"),
            emits: Family::default(),
            apply: seconds(),
            lag: seconds(),
            batch: Histogram::new(exponential_buckets(2.0, 2.0, 9)),
            waiting: Family::default(),
            sockets: Gauge::default(),
            pads: Family::default(),
            limits: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("emits", "Messages handed to connections, by type", metrics.emits.clone());
        let apply = "Moving a commit past what came before it, and applying it";
        registry.register_with_unit("apply", apply, Unit::Seconds, metrics.apply.clone());
        let lag = "From a revision being durable until all connections had their turn with it";
        registry.register_with_unit("fanout_lag", lag, Unit::Seconds, metrics.lag.clone());
        registry.register("batch_revisions", "Revisions in a NEW_CHANGES_BATCH", metrics.batch.clone());
        registry.register("queue_depth", "What waits for a pad, or for the disk", metrics.waiting.clone());
        registry.register("sockets", "Connections", metrics.sockets.clone());
        registry.register("pads", "Open pads with at least so many authors", metrics.pads.clone());
        registry.register("limits", "How often a limit was reached", metrics.limits.clone());
        metrics
    }
}

impl Metrics {
    /// A connection has taken a message.
    pub fn emitted(&self, kind: Kind) {
        self.emits.get_or_create(&Emit { r#type: kind.name() }).inc();
    }

    /// A commit was taken, or refused, in this time.
    pub fn applied(&self, took: Duration) {
        self.apply.observe(took.as_secs_f64());
    }

    /// So long after it was durable, the oldest revision of a round had gone to all.
    pub fn sent_after(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// A connection has taken a batch of so many revisions.
    pub fn batched(&self, revisions: u32) {
        self.batch.observe(f64::from(revisions));
    }

    /// Someone has run into a limit.
    pub fn hit(&self, hit: Hit) {
        let limit = match hit {
            Hit::Rate => "rate",
            Hit::PadSize => "pad size",
            Hit::Connections => "connections",
            Hit::SlowReader => "slow reader",
            Hit::StuckCommit => "stuck commit",
        };
        self.limits.get_or_create(&Limit { limit }).inc();
    }

    /// How many messages of clients wait for their pads.
    pub fn messages_waiting(&self) -> Gauge {
        self.waiting.get_or_create(&Waiting { r#for: "pad" }).clone()
    }

    /// How many jobs wait to become durable.
    pub fn jobs_waiting(&self) -> Gauge {
        self.waiting.get_or_create(&Waiting { r#for: "disk" }).clone()
    }

    /// Everything as text, with what is so at the moment: connections, and the number of authors of each open pad.
    pub fn to_text(&self, sockets: usize, authors: &[usize]) -> String {
        self.sockets.set(sockets as i64);
        for least in AUTHORS {
            let pads = authors.iter().filter(|authors| **authors >= least).count();
            self.pads.get_or_create(&AtLeast { authors: least as u32 }).set(pads as i64);
        }
        let mut out = String::new();
        // Writing to a string does not fail.
        let _infallible = text::encode(&mut out, &self.registry);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_in_the_text() {
        let metrics = Metrics::default();
        metrics.emitted(Kind::NewChanges);
        metrics.emitted(Kind::NewChanges);
        metrics.emitted(Kind::Other);
        metrics.batched(3);
        metrics.applied(Duration::from_micros(60));
        metrics.sent_after(Duration::from_millis(2));
        metrics.hit(Hit::PadSize);
        metrics.jobs_waiting().inc();
        let text = metrics.to_text(7, &[1, 2, 30]);
        for line in [
            "easysync_emits_total{type=\"NEW_CHANGES\"} 2",
            "easysync_emits_total{type=\"other\"} 1",
            "easysync_batch_revisions_bucket{le=\"4.0\"} 1",
            "easysync_apply_seconds_bucket{le=\"0.00005\"} 0",
            "easysync_apply_seconds_bucket{le=\"0.0001\"} 1",
            "easysync_fanout_lag_seconds_count 1",
            "easysync_limits_total{limit=\"pad size\"} 1",
            "easysync_queue_depth{for=\"disk\"} 1",
            "easysync_sockets 7",
            "easysync_pads{authors=\"0\"} 3",
            "easysync_pads{authors=\"2\"} 2",
            "easysync_pads{authors=\"50\"} 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
