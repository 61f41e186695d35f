//! The heart of a real-time pad that speaks Etherpad's protocol: changesets, attribute pools and attributed documents.
//!
//! A *changeset* describes a change to a whole document: `Z:4>1=3+1$!` puts an exclamation mark behind the first three
//! of four code units. Changesets can be [composed](Changeset::compose), [undone](Changeset::inverse) and
//! [moved past each other](Changeset::follow), so that people who type at the same time end up with the same text. All
//! of it is exact to the byte: what Etherpad computes, this crate computes.
//!
//! # Quick start
//!
//! ```
//! use easysync::{AttribPool, Attribute, Changeset, Document, Tie};
//!
//! let mut pool = AttribPool::new();
//! let author = pool.put(Attribute::new("author", "a.me")); // number 0, *0 on the wire
//! let mut doc = Document::from_text("hello\n");
//!
//! // Two people change the same text at the same time.
//! let mine = doc.splice(5..5, &" 😀".encode_utf16().collect::<Vec<_>>(), &author.into())?;
//! let theirs = Changeset::parse("Z:6<5-5$")?;
//!
//! doc.apply(&theirs, &pool)?;
//! doc.apply(&mine.follow(&theirs, Tie::OtherFirst, &pool)?, &pool)?;
//! assert_eq!(doc.text(), " 😀\n");
//! assert_eq!(doc.to_atext().attribs, "*0+3|1+1");
//! # Ok::<(), easysync::Error>(())
//! ```
//!
//! # Units
//!
//! Every length and position in this crate is a number of **UTF-16 code units**, because Etherpad, JavaScript strings
//! and editors in the browser count so. An emoji is two. The only newline is `\n`. Text may hold half of a surrogate
//! pair, as pads do; see [`Utf16String`].
//!
//! # Whose rules
//!
//! Where rules differ between versions, those of Etherpad 3 hold. What is refused here though Etherpad lets it pass is
//! either something that can apply to no document, or something no server has let into a pad:
//!
//! | refused | why |
//! |---|---|
//! | keeps that reach past the old length; more newlines than code units in an op | applies to no document |
//! | a new length that the ops do not give; too much or too little text for the inserts | servers refuse it |
//! | two changesets of one text whose newline counts contradict each other | one of them applies to no document |
//! | `\n`, `\r`, U+2028 and U+2029 between ops | servers refuse it; Etherpad's parser skips them |
//! | a leading zero in an attribute number, `*01`, by [`Changeset::parse`] | servers renumber, so none is ever stored |
//! | numbers above 2^31 - 1 | no JavaScript string is that long; Etherpad loses digits from 2^53 on |
//! | attribute numbers that are not in the pool, when applied | the text would carry an attribute that nobody knows |
//! | an attribution longer or shorter than its text | nobody can say which text has the attributes |
//! | pools with gaps, doubles, or a wrong next number | numbers would be handed out twice; servers check the same |
//!
//! What is *not* normal form but means something is read by [`Changeset::parse_lenient`], because old pads have it.
//!
//! # Map
//!
//! | module | what |
//! |---|---|
//! | `text` | UTF-16 code units |
//! | `attrib` | attributes, pools, sets |
//! | `changeset` | parse, print, compose, follow, inverse, positions |
//! | `document` | attributed text on a persistent tree; apply, lines, diff, flat form |
//! | `edit` | what a user does: typing, formats, lists, paste, export |
//! | `protocol` | a server's messages to lists of revisions, and messages to it |
//! | `client` | a whole client, without socket, clock or editor: events in, effects out |
//! | `timeslider` | any revision of a pad, from a server or a file |
//! | `server` | what a server does with commits |

mod attrib;
mod base36;
#[cfg(all(target_arch = "wasm32", any(feature = "pad", feature = "history", feature = "changeset")))]
mod bindings;
mod changeset;
mod client;
mod document;
mod edit;
mod error;
mod protocol;
mod server;
mod sort;
mod text;
mod timeslider;

pub use attrib::{AttribId, AttribPool, AttribSet, Attribute, EmptyValue};
pub use changeset::{
    Assoc, AttributedLines, AttributedText, Builder, Changeset, LineSplice, Op, OpAssembler, OpKind, OpMerger, Splice,
    Tie, UnknownAttrib, Unpacked, Visitor, Wire, compose_attribution, join_attribution_lines, move_ops_to_pool,
    ops_from_text, parse_ops, print_ops, slice_attribution, split_attribution_lines, unpack,
};
pub use client::{Audience, Caret, Client, Counts, Effect, Layers, Misfit, Order, Pad, Placed, SaveState, Unplaced};
pub use document::{AText, Change, Document, Patch, ShownPatch};
pub use edit::{
    Fragment, FragmentLine, FragmentRun, LineFormat, List, ListKind, clear_authorship, clear_formatting,
    delete_backward, document_to_html, enter, format_at, fragment, has_format, indent, insert_fragment, line_format,
    repair, replace, replace_literally, set_format, set_heading, set_list, to_html, to_plain_text, toggle_format,
    toggle_list, touched_lines,
};
pub use error::{Error, ErrorKind, NormalForm, PoolFault};
pub use protocol::{
    AuthorInfo, CAN_BATCH, CAN_PIPELINE, ChangesetReply, ChangesetRequest, ClientMessage, ClientReady, ClientVars,
    CommitId, CommitNumber, DeltaUnit, Kept, KeptCommit, KeptList, Mark, Message, MessageError, Outgoing,
    OutgoingHistory, PIPELINE_DEPTH, PoolForm, Revision, RevisionList, SavedRevision, Source, Step, UserChanges, Value,
    accept_commit, changeset_request, client_reconnect, json_atext, json_pool, json_string, new_changes,
    new_changes_batch, nothing_missed, parse_client_message, parse_message, user_changes,
};
pub use server::{Entered, Outcome, Pipeline, Strangers, Submission, Turn, rebase};
pub use text::{MAX_LEN, Utf16String};
pub use timeslider::{
    AuthorShare, Blame, BlameRun, BlameState, EtherpadFile, FileError, FileFault, FileProgress, RevisionFacts, Seek,
    Slider, SliderEffect, Timeline, Written,
};

/// The examples of the README are run as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
