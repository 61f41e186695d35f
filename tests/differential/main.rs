//! Random pads and changesets, computed by this crate and by Etherpad's own code, compared to the byte.
//!
//! ```text
//! cd tests/etherpad && npm ci
//! cargo test --release --test differential -- --nocapture
//! ```
//!
//! | variable | what |
//! |---|---|
//! | `EASYSYNC_DIFF_SEED` | the seed of a run that is to be repeated |
//! | `EASYSYNC_DIFF_CASES` | how many cases, instead of 100,000 |
//! | `NODE` | the program to run instead of `node` |
//! | `EASYSYNC_REQUIRE_ORACLE` | `1`: fail, rather than skip, if Etherpad or Node is missing |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]
#![cfg(not(target_arch = "wasm32"))]

mod cases;
mod differences;
mod generate;
mod oracle;

use cases::Case;
use differences::DIFFERENCES;
use oracle::Oracle;
use serde_json::Value;
use std::collections::BTreeMap;
use std::env;

const BATCH: u64 = 200;

#[test]
fn agrees_with_etherpad() {
    let mut oracle = match Oracle::start() {
        Ok(oracle) => oracle,
        Err(missing) => {
            let required = env::var("EASYSYNC_REQUIRE_ORACLE").is_ok_and(|value| value == "1");
            assert!(!required, "{missing}; install it: cd tests/etherpad && npm ci");
            println!("skipped: {missing}; to install it: cd tests/etherpad && npm ci");
            return;
        }
    };
    let seed = number("EASYSYNC_DIFF_SEED").unwrap_or_else(|| fastrand::u64(..));
    let cases = number("EASYSYNC_DIFF_CASES").unwrap_or(100_000);
    println!("seed {seed}, {cases} cases, {}", oracle.versions);
    assert_eq!(oracle.versions["etherpad"], "1.8.14");

    let mut tally = Tally::default();
    let batch =
        |first: u64| -> Vec<Case> { (first..cases.min(first + BATCH)).map(|number| Case::new(seed, number)).collect() };
    let mut asked = batch(0);
    while let Some(last) = asked.last() {
        let after = last.number + 1;
        oracle.send(&asked.iter().map(Case::question).collect()).unwrap();
        // Etherpad works on this batch while we make the next one.
        let next = batch(after);
        let answers = oracle.receive().unwrap();
        for (index, case) in asked.iter().enumerate() {
            tally.compare(seed, case, &answers[index]);
        }
        asked = next;
    }
    tally.print();
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

#[derive(Default)]
struct Tally {
    /// Run and equal, by operation.
    ops: BTreeMap<&'static str, (u64, u64)>,
    differences: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn compare(&mut self, seed: u64, case: &Case, answers: &Value) {
        for (index, call) in case.calls.iter().enumerate() {
            let theirs = &answers[index];
            let (run, equal) = self.ops.entry(call.op).or_default();
            *run += 1;
            if call.ours == *theirs || (call.ours.get("refused").is_some() && theirs.get("refused").is_some()) {
                let lax = call.op == "parse" && differences::must_be_refused(theirs);
                assert!(!lax, "seed {seed}, case {}: accepted {}", case.number, call.args[0]);
                *equal += 1;
                continue;
            }
            let known = DIFFERENCES.iter().find(|difference| (difference.explains)(case, call, theirs));
            let Some(known) = known else {
                panic!(
                    "difference\n seed {seed}, case {}, {:?}\n op     {}\n args   {}\n pad    {}\n ours   {}\n theirs {theirs}",
                    case.number,
                    case.flavour,
                    call.op,
                    Value::from(call.args.clone()),
                    case.pad(),
                    call.ours,
                );
            };
            *self.differences.entry(known.name).or_default() += 1;
        }
        let Case { number, lawful, pool, calls, .. } = case;
        assert!(lawful, "seed {seed}, case {number}: compose or follow breaks its law");
        assert_eq!(answers[calls.len()], pool.len(), "seed {seed}, case {number}: the pool has grown");
    }

    fn print(&self) {
        println!("{:24}{:>10}{:>10}", "operation", "cases", "equal");
        let mut total = (0, 0);
        for (op, (run, equal)) in &self.ops {
            println!("{op:24}{run:>10}{equal:>10}");
            total = (total.0 + run, total.1 + equal);
        }
        println!("{:24}{:>10}{:>10}", "total", total.0, total.1);
        for difference in DIFFERENCES {
            let count = self.differences.get(difference.name).unwrap_or(&0);
            println!("known difference: {}, {count} times ({})", difference.name, difference.reason);
        }
        println!("0 differences beyond those named");
    }
}
