//! How the cost of one small change grows with the document, and how much memory a document takes.
//!
//! Prints microseconds per change, the least, median and greatest of several runs, and bytes per character.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench may fail loudly"
)]

mod common;

use common::{SIZES, Workload};
use easysync::{AText, Changeset, Document};
use peak_alloc::PeakAlloc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const RUNS: usize = 15;

fn main() {
    let workloads: Vec<_> = SIZES.iter().map(|&size| (size, Workload::new(size))).collect();
    println!("microseconds per change, min / median / max of {RUNS} runs, and the median against that at 10 kB");
    let columns = ["typing on at one place", "thirty keys at each random place", "a word at each random place"];
    println!("{:>9}  {:34} {:34} {:34}", "size", columns[0], columns[1], columns[2]);
    let mut base = [0.0; 3];
    // All sizes take turns, so that whatever else the machine does falls on all of them.
    let mut times = vec![[Vec::new(), Vec::new(), Vec::new()]; workloads.len()];
    for _ in 0..RUNS {
        for ((size, workload), times) in workloads.iter().zip(&mut times) {
            times[0].push(typing(workload, *size, 1));
            times[1].push(typing(workload, *size, 128));
            times[2].push(words(workload));
        }
    }
    let medians: Vec<_> = times.iter_mut().map(|times| times.each_mut().map(|runs| median(runs))).collect();
    if let Some(index) = SIZES.iter().position(|&size| size == 10_000) {
        base = medians[index];
    }
    for ((size, times), median) in SIZES.iter().zip(&times).zip(&medians) {
        let column = |kind: usize| {
            let runs = &times[kind];
            format!(
                "{:.3} / {:.3} / {:.3}  x {:.2}",
                runs[0],
                median[kind],
                runs[runs.len() - 1],
                median[kind] / base[kind]
            )
        };
        println!("{size:>9}  {:34} {:34} {:34}", column(0), column(1), column(2));
    }

    println!("\nmemory of a loaded document; the bound is 4 bytes per character and 64 per attribute run");
    println!("{:>9} {:>10} {:>12} {:>12} {:>9}", "size", "runs", "bytes", "bound", "of bound");
    for size in SIZES {
        for run in [size, 200, 20, 5, 1] {
            memory(size, run);
        }
    }
}

fn median(runs: &mut [f64]) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// Puts a word in and takes it out again, each time somewhere else. On a document larger than the caches every change
/// waits for memory.
fn words(workload: &Workload) -> f64 {
    let mut doc = workload.doc.clone();
    let mut run = || {
        let start = Instant::now();
        for [put, take] in &workload.pairs {
            doc.apply(put, &workload.pool).unwrap();
            doc.apply(take, &workload.pool).unwrap();
        }
        start.elapsed().as_secs_f64() * 1e6 / (2 * workload.pairs.len()) as f64
    };
    // Once around unmeasured: nodes shared with the original are copied, as they are once per clone.
    run();
    let micros = run();
    assert_eq!(doc.len_utf16(), workload.doc.len_utf16());
    micros
}

/// Types some four thousand characters one by one, in equal parts at so many random places.
fn typing(workload: &Workload, size: usize, places: usize) -> f64 {
    let mut random = fastrand::Rng::with_seed(places as u64);
    let mut made = workload.doc.clone();
    let mut changes: Vec<Changeset> = Vec::new();
    for _ in 0..places {
        let place = random.usize(..size);
        for at in place..place + 4096 / places {
            let change = made.splice(at..at, &[0x78], &workload.author).unwrap();
            made.apply(&change, &workload.pool).unwrap();
            changes.push(change);
        }
    }
    let mut doc = workload.doc.clone();
    let start = Instant::now();
    for change in &changes {
        doc.apply(change, &workload.pool).unwrap();
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / changes.len() as f64;
    assert_eq!(doc, made);
    micros
}

fn memory(size: usize, run: usize) {
    let (atext, pool): (AText, _) = {
        let workload = Workload::with_runs(size, run);
        (workload.doc.to_atext(), workload.pool)
    };
    let before = ALLOCATOR.current_usage();
    let doc = Document::from_atext(&atext, &pool).unwrap();
    let bytes = ALLOCATOR.current_usage() - before;
    let runs = size.div_ceil(run);
    let bound = 4 * size + 64 * runs;
    println!("{size:>9} {runs:>10} {bytes:>12} {bound:>12} {:>8.0}%", 100.0 * bytes as f64 / bound as f64);
    drop(doc);
}
