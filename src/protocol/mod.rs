//! The messages of a pad's server, and those to it.
//!
//! `NEW_CHANGES`, `NEW_CHANGES_BATCH` and `CLIENT_RECONNECT` all become one list of [`Revision`]s, whatever they are
//! called. What has nothing to do with the document is recognised and left to the host.

mod export;
mod json;
mod kept;
mod memo;
mod number;
mod read;
mod saved;
mod serve;
mod write;

pub(crate) use export::{PadRecord, Record, RevisionRecord, read_record, record_name};
pub(crate) use json::{char_bytes, plain_len};
pub(crate) use kept::fingerprint;
pub use kept::{Kept, KeptCommit, KeptList, Mark};
pub use number::{CAN_BATCH, CAN_PIPELINE, CommitId, CommitNumber, PIPELINE_DEPTH};
pub use read::{
    AuthorInfo, ChangesetReply, ClientVars, DeltaUnit, Message, MessageError, Revision, RevisionList, Source, Step,
    parse_message,
};
pub(crate) use read::{MessageReader, ToldRevision};
pub use saved::SavedRevision;
pub(crate) use saved::new_saved_revision;
pub use serve::{
    ChangesetRequest, ClientMessage, ClientReady, Outgoing, OutgoingHistory, PoolForm, UserChanges, Value,
    accept_commit, client_reconnect, json_atext, json_pool, json_string, new_changes, new_changes_batch,
    nothing_missed, parse_client_message,
};
pub use write::{changeset_request, user_changes};
