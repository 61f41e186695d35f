//! What a client keeps of a document while others change it.
//!
//! | file | what |
//! |---|---|
//! | `layers` | the server's text, what was sent, what was not |
//! | `order` | next, duplicate, or too early |
//! | `session` | the whole client: events in, effects out |

mod layers;
mod order;
mod session;

pub use layers::Layers;
pub use order::{Order, Placed};
pub use session::{Client, Counts, Effect, SaveState};
