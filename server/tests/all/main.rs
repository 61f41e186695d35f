//! The server as clients meet it: over sockets, through its stores, and as a program that can be killed.
//!
//! One program, because each would have the whole server in it. Only what measures memory has a process to itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod collaboration;
#[path = "../common/mod.rs"]
mod common;
mod delivery;
mod durability;
mod history;
mod limits;
mod pages;
mod pipelining;
mod processes;
mod refusals;
mod stores;
