//! Any revision of a pad: recorded pads, random pads, a simulated server, broken files.
//!
//! Recorded pads come from the folder named by `EASYSYNC_EXPORTS`, what they must be at each revision from that named by
//! `EASYSYNC_TRANSCRIPTS`. The seed of the random parts is `EASYSYNC_SEED`, or fixed; it is printed when a test fails.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod blame;
#[path = "../common/mod.rs"]
mod common;
mod dates;
mod exports;
mod files;
mod model;
mod network;
mod written;
