//! What a client keeps of a document while others change it.
//!
//! | file | what |
//! |---|---|
//! | `local` | what was sent, what was not |
//! | `layers` | the server's text, and these two on top |
//! | `order` | next, duplicate, or too early |
//! | `session` | the whole client: events in, effects out |
//! | `backlog` | many changesets as one, when it is asked for |
//! | `carets` | where others have theirs |
//! | `undo` | one's own steps, past what others did |
//! | `pad` | a client with an editor in front of it |

mod backlog;
mod carets;
mod layers;
mod local;
mod order;
mod pad;
mod session;
mod undo;

pub use carets::Caret;
pub use layers::Layers;
pub use order::{Order, Placed};
pub use pad::Pad;
pub use session::{Audience, Client, Counts, Effect, Misfit, SaveState, Unplaced};
