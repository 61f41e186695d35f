//! Simulated pads, each from its seed: as many as `EASYSYNC_SEEDS` says, or 300.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail loudly")]

use std::process::Command;

#[test]
fn nothing_is_lost_whatever_happens() {
    let seeds = std::env::var("EASYSYNC_SEEDS").unwrap_or_else(|_| "300".to_owned());
    let status = Command::new(env!("CARGO_BIN_EXE_easysync-simulate")).args(["--seeds", &seeds]).status().unwrap();
    assert!(status.success(), "what has failed stands above, with the seeds: {status}");
}
