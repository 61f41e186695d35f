//! What the fuzz targets check. `tests/regressions.rs` includes this file, so that inputs that once broke something are
//! replayed by an ordinary `cargo test`.
//!
//! | file | what |
//! |---|---|
//! | `input` | bytes to texts, pools, documents and changesets |
//! | `model` | the algebra once more, as naive as can be |
//! | `parse`, `apply`, `compose`, `follow`, `pool`, `tree`, `client` | the checks of one target each |
//!
//! An input of a target other than `pool`, `tree` and `client` that begins with `Z` is text that can be written by hand: fields
//! with a NUL between them, one byte for each code unit ([`input::unit`]). All others are read by `arbitrary`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check that fails has to panic"
)]

mod apply;
mod client;
mod compose;
mod follow;
mod input;
mod model;
mod parse;
mod pool;
mod tree;

pub use apply::apply;
pub use client::client;
pub use compose::compose;
pub use follow::follow;
pub use parse::parse;
pub use pool::pool;
pub use tree::tree;
