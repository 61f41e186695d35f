//! The edge to JavaScript: convert in, call, convert out.
//!
//! What comes often crosses as numbers, strings and typed arrays, one call for each message or flush. What comes seldom
//! (effects, formats of lines, rich text) crosses as objects.

mod convert;
mod error;
mod pad;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests;
