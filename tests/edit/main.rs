//! What a user does to a document: single cases, and random walks through all commands.
//!
//! Failures of the walks are shrunk, and their seeds kept in `proptest-regressions/`. Run also with the feature
//! `__small_tree`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::reversed_empty_ranges,
    clippy::single_range_in_vec_init,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod commands;
mod export;
mod notation;
mod walks;
