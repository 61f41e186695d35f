//! The edge to JavaScript: convert in, call, convert out.
//!
//! What comes often crosses as numbers, strings and typed arrays, one call for each message or flush. What comes seldom
//! (effects, formats of lines, rich text) crosses as objects.
//!
//! Each build of the npm package has the classes of one feature, so that a page loads only what it needs:
//!
//! | feature | classes | files of their own |
//! |---|---|---|
//! | `pad` | `Pad` | `pad`, `exchange`, `effects`, `rich` |
//! | `history` | `Slider`, `EtherpadFile` | `timeslider`, `facts` |
//! | `changeset` | `Pool`, `Tracker`, and functions | `changeset`, `tracker` |

#[cfg(feature = "changeset")]
mod changeset;
mod convert;
#[cfg(feature = "pad")]
mod effects;
mod error;
#[cfg(feature = "pad")]
mod exchange;
#[cfg(feature = "history")]
mod facts;
#[cfg(feature = "pad")]
mod pad;
#[cfg(any(feature = "pad", feature = "history"))]
mod reading;
#[cfg(feature = "pad")]
mod rich;
#[cfg(feature = "history")]
mod timeslider;
#[cfg(feature = "changeset")]
mod tracker;

use wasm_bindgen::prelude::wasm_bindgen;

/// A panic ends the instance. There should be none; if there is one, the console tells where.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
}

#[cfg(all(test, feature = "pad"))]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests;

#[cfg(all(test, feature = "history"))]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod slider_tests;
