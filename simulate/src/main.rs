//! Simulated pads, run from a seed: 2 to 20 tabs with the real client, a server, and everything that can go wrong.
//!
//! ```text
//! easysync-simulate --seeds 1000             a thousand runs, from seed 0
//! easysync-simulate --seeds 1 --seed 4711    one run again; with --trace each event of it
//! ```
//!
//! | file | what |
//! |---|---|
//! | `world` | one run: clock, people, what is on its way |
//! | `tab` | a browser tab: the engine, and what the page around it does |
//! | `server` | the engine's own rebase, with a store that can lose what is not written |
//! | `network` | what can happen to a message |
//! | `ledger` | what was typed and deleted, to be compared with what is there at the end |

mod ledger;
mod network;
mod server;
mod tab;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use world::Report;

/// What all runs have come to.
#[derive(Default)]
struct Total {
    runs: u64,
    report: Report,
    /// The seeds that failed, and why.
    failures: Vec<(u64, String)>,
}

struct Options {
    seeds: u64,
    first: u64,
    /// Ends with the first failure.
    stops: bool,
    /// Prints each event.
    traces: bool,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\nusage: easysync-simulate --seeds N [--seed FIRST] [--stop] [--trace]");
            return ExitCode::from(2);
        }
    };
    let began = Instant::now();
    let total = run_all(&options);
    print(&options, &total, began);
    if total.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options() -> Result<Options, String> {
    let mut options = Options { seeds: 0, first: 0, stops: false, traces: false };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let mut number = || {
            args.next().and_then(|value| value.parse().ok()).ok_or_else(|| format!("{name} needs a number behind it"))
        };
        match name.as_str() {
            "--seeds" => options.seeds = number()?,
            "--seed" => options.first = number()?,
            "--stop" => options.stops = true,
            "--trace" => options.traces = true,
            _ => return Err(format!("unknown: {name}")),
        }
    }
    if options.seeds == 0 { Err("how many seeds?".to_owned()) } else { Ok(options) }
}

fn run_all(options: &Options) -> Total {
    let (next, is_over) = (AtomicU64::new(options.first), AtomicBool::new(false));
    let end = options.first.saturating_add(options.seeds);
    let total = Mutex::new(Total::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    // A panic is a failure like any other.
                    let report = std::panic::catch_unwind(|| world::run(seed, options.traces))
                        .unwrap_or_else(|_| Report { failure: Some("panic".to_owned()), ..Report::default() });
                    if report.failure.is_some() && options.stops {
                        is_over.store(true, Ordering::Relaxed);
                    }
                    if let Ok(mut total) = total.lock() {
                        total.add(seed, report);
                    }
                }
            });
        }
    });
    total.into_inner().unwrap_or_default()
}

impl Total {
    fn add(&mut self, seed: u64, report: Report) {
        self.runs += 1;
        self.report.tabs += report.tabs;
        self.report.commits += report.commits;
        self.report.units += report.units;
        for (what, count) in report.faults {
            *self.report.faults.entry(what).or_default() += count;
        }
        if let Some(failure) = report.failure {
            println!("seed {seed}: {failure}");
            self.failures.push((seed, failure));
        }
    }
}

fn print(options: &Options, total: &Total, began: Instant) {
    let Total { runs, report, failures } = total;
    println!("seeds     {runs}, from {}", options.first);
    println!("tabs      {}", report.tabs);
    println!("commits   {}", report.commits);
    println!("typed     {} code units", report.units);
    println!("faults    {}", report.faults.values().sum::<u64>());
    for (what, count) in &report.faults {
        println!("  {what:22} {count}");
    }
    println!("failures  {}", failures.len());
    if let Some((seed, _)) = failures.iter().min() {
        println!("again     npm run simulate -- --seeds 1 --seed {seed}");
    }
    println!("took      {:.1} s", began.elapsed().as_secs_f64());
}
