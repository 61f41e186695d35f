//! Attributes: key/value pairs, the pool that numbers them, and the lists of numbers that ops and text carry.

mod pool;
mod set;

pub use pool::{AttribId, AttribPool, Attribute};
pub use set::{AttribSet, EmptyValue};
