//! What a user does to a document, as changesets: pure functions of a document, a pool, and what is to be done.
//!
//! A line that is more than plain text begins with a *marker*: a character, `*`, that is not text but carries what the
//! line is: `list` = `bullet1`, `number2` or `indent3`, with `start` for the number; `heading` = `h1`; and what plugins
//! add. A marker has `lmkr` = `1`, and `insertorder` = `first`, so that whatever others type there comes behind it. It
//! goes with the last thing that it carries, and none may stand anywhere else in a line.
//!
//! No changeset that is made here names an author; [`Changeset::stamp_author`](crate::Changeset::stamp_author) does that.
//!
//! | file | operation |
//! |---|---|
//! | `text` | typing, deleting, plain paste |
//! | `format` | how characters look, who wrote them |
//! | `line`, `lines` | what lines are; changes to that; numbers of items |
//! | `keys` | Enter, Backspace |
//! | `fragment` | rich text: copy, paste, import |
//! | `html`, `plain` | export |
//! | `repair` | markers in the wrong place |
//! | `attributes`, `sweep` | which attributes mean what; a walk that makes a changeset |

mod attributes;
mod format;
mod fragment;
mod html;
mod keys;
mod line;
mod lines;
mod plain;
mod repair;
mod sweep;
mod text;

pub use format::{clear_authorship, clear_formatting, has_format, set_format, toggle_format};
pub use fragment::{Fragment, FragmentLine, FragmentRun, fragment, insert_fragment};
pub use html::{document_to_html, to_html};
pub use keys::{delete_backward, enter};
pub use line::{LineFormat, List, ListKind, line_format, touched_lines};
pub use lines::{indent, set_heading, set_list, toggle_list};
pub use plain::to_plain_text;
pub use repair::repair;
pub use text::{format_at, replace, replace_literally};
