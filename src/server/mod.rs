//! What a server does with commits.
//!
//! | file | what |
//! |---|---|
//! | `rebase` | one commit: brought up to date with what others committed meanwhile |
//! | `pipeline` | several commits of one session that have not waited for each other |

mod pipeline;
mod rebase;

pub use pipeline::{Entered, Outcome, Pipeline, Strangers, Turn};
pub use rebase::{Submission, rebase};
