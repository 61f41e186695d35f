//! The edge to JavaScript: convert in, call, convert out.
//!
//! What comes often crosses as numbers, strings and typed arrays, one call for each message or flush. What comes seldom
//! (effects, formats of lines, rich text) crosses as objects.

mod convert;
mod error;
mod exchange;
mod pad;
mod reading;
mod timeslider;

use wasm_bindgen::prelude::wasm_bindgen;

/// A panic ends the instance. There should be none; if there is one, the console tells where.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod slider_tests;
