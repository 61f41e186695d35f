//! Each operation at document sizes from 1 kB to 10 MB.
//!
//! The documents are English-like text of two authors who take turns every 200 characters. Each measured change is small: a
//! word put in or taken out. The document is brought back to its size inside the loop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench may fail loudly"
)]

mod common;

use common::{SIZES, Workload};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use easysync::{Changeset, Document, Tie};
use std::hint::black_box;

fn operations(criterion: &mut Criterion) {
    for size in SIZES {
        let Workload { doc, pool, pairs, .. } = Workload::new(size);
        let texts: Vec<String> = pairs.iter().map(|pair| pair[0].to_string()).collect();
        let mut pool_for_inverse = pool.clone();
        let mut turn = 0;
        let mut next = move || {
            turn = (turn + 1) % pairs.len();
            pairs[turn].clone()
        };
        let mut group = criterion.benchmark_group("small change");
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("parse", size), |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % texts.len();
                Changeset::parse(black_box(&texts[turn]))
            });
        });
        group.bench_function(BenchmarkId::new("compose", size), |bencher| {
            bencher.iter_batched(&mut next, |[put, take]| put.compose(&take, &pool), BatchSize::SmallInput);
        });
        group.bench_function(BenchmarkId::new("follow", size), |bencher| {
            let other = next()[0].clone();
            bencher.iter_batched(
                &mut next,
                |[put, _]| put.follow(&other, Tie::OtherFirst, &pool),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("inverse", size), |bencher| {
            bencher.iter_batched(&mut next, |[put, _]| put.inverse(&doc, &mut pool_for_inverse), BatchSize::SmallInput);
        });
        group.bench_function(BenchmarkId::new("clone", size), |bencher| bencher.iter(|| black_box(&doc).clone()));
        group.bench_function(BenchmarkId::new("diff", size), |bencher| {
            bencher.iter_batched(
                || {
                    let mut new = doc.clone();
                    new.apply(&next()[0], &pool).unwrap();
                    new
                },
                |new| doc.diff(&new),
                BatchSize::SmallInput,
            );
        });
        group.throughput(Throughput::Elements(2));
        group.bench_function(BenchmarkId::new("apply, two changes", size), |bencher| {
            let mut doc = doc.clone();
            bencher.iter_batched(
                &mut next,
                |[put, take]| {
                    doc.apply(&put, &pool).unwrap();
                    doc.apply(&take, &pool).unwrap();
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();

        let mut group = criterion.benchmark_group("whole document");
        group.sample_size(10);
        group.throughput(Throughput::Bytes(size as u64));
        let atext = doc.to_atext();
        group.bench_function(BenchmarkId::new("load", size), |bencher| {
            bencher.iter(|| Document::from_atext(black_box(&atext), &pool));
        });
        group.bench_function(BenchmarkId::new("text", size), |bencher| bencher.iter(|| black_box(&doc).text()));
        group.finish();
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
