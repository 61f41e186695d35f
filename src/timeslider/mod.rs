//! The history of a pad: any revision, at once.
//!
//! | file | what |
//! |---|---|
//! | `packed` | changesets in few bytes |
//! | `steps` | steps of 1, 10 and 100 revisions, in blocks |
//! | `route` | which steps lead from one revision to another |
//! | `documents` | documents that are kept |
//! | `times` | when revisions were made |
//! | `timeline` | documents, texts and authors of any revision |
//! | `pieces`, `blame` | who wrote what, and when |
//! | `members`, `file` | `.etherpad` files |
//! | `pace`, `slider` | what is shown, and what a server is asked for |

mod blame;
mod documents;
mod file;
mod members;
mod pace;
mod packed;
mod pieces;
mod route;
mod slider;
mod steps;
mod timeline;
mod times;

pub use blame::{Blame, BlameRun, BlameState};
pub use file::{EtherpadFile, FileError, FileFault, FileProgress};
pub use slider::{Seek, Slider, SliderEffect};
pub use timeline::{AuthorShare, RevisionFacts, Timeline, Written};
