//! What a client keeps of a document while others change it.

mod layers;

pub use layers::{Layers, Wire};
