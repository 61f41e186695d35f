//! Replays inputs of the fuzz targets: those that once broke something, and some made by hand to be nasty.
//!
//! `tests/regressions/TARGET/` has one file for each. To keep an input that `cargo fuzz` has found, copy it there under a
//! name that says what it is.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    for file in files {
        // Seen only if the check panics.
        println!("replaying {}", file.display());
        check(&std::fs::read(&file).unwrap());
    }
}

#[test]
fn parse() {
    replay("parse", fuzz::parse);
}

#[test]
fn client() {
    replay("client", fuzz::client);
}

#[test]
fn apply() {
    replay("apply", fuzz::apply);
}

#[test]
fn compose() {
    replay("compose", fuzz::compose);
}

#[test]
fn follow() {
    replay("follow", fuzz::follow);
}

#[test]
fn pool() {
    replay("pool", fuzz::pool);
}

#[test]
fn tree() {
    replay("tree", fuzz::tree);
}
