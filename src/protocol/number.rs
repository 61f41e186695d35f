//! Pipelined commits on the wire: what a client and a server say to each other that both know of them.
//!
//! ```text
//! CLIENT_READY   easysync: {capabilities: 3}
//! CLIENT_VARS    easysync: {capabilities: 3, session: "x7"}
//! USER_CHANGES   seq: 4                     made on top of baseRev
//! USER_CHANGES   seq: 5, above: 1           made on top of baseRev and commit 4
//! ACCEPT_COMMIT  newRev: 12, seq: 4
//! ACCEPT_COMMIT  newRev: 15, seq: 5
//! ACCEPT_COMMIT  newRev: 15, seq: 6, noChanges: true            it had no net effect at revision 15
//! USER_CHANGES   seq: 0, repeats: {session: "x7", seq: 5}      in a later session
//! ```

use super::serve::Value;
use crate::text::Utf16String;
use std::fmt::Write;

/// Understands `NEW_CHANGES_BATCH`, as a bit of `easysync.capabilities`.
pub const CAN_BATCH: u32 = 1;
/// Numbers its commits, or answers them by their numbers, as a bit of `easysync.capabilities`.
pub const CAN_PIPELINE: u32 = 2;
/// So many commits of a session may be without an answer.
pub const PIPELINE_DEPTH: usize = 2;

/// By what a commit is known, however often and in whatever session it is sent: the session that sent it first, and its
/// number there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommitId {
    /// The session, as the server has named it in `CLIENT_VARS`.
    pub session: Utf16String,
    /// The number in it.
    pub seq: u32,
}

/// What a commit says of itself if commits are pipelined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitNumber {
    /// Its number in this session, counted from 0. A commit that is sent again in its session has the same.
    pub seq: u32,
    /// It is made on top of so many of the commits before it, which had no answer then.
    pub above: u32,
    /// Whether it may have been sent in an earlier session.
    pub is_repeat: bool,
    /// As which it was sent there, if it had a number.
    pub first: Option<CommitId>,
}

impl CommitNumber {
    /// The members of `USER_CHANGES` that say so, each with a comma before it.
    pub(super) fn push(&self, out: &mut String) {
        let _infallible = write!(out, ",\"seq\":{}", self.seq);
        if self.above > 0 {
            let _infallible = write!(out, ",\"above\":{}", self.above);
        }
        match &self.first {
            Some(id) => {
                let _infallible = write!(out, ",\"repeats\":{}", id.to_value());
            }
            None if self.is_repeat => out.push_str(",\"repeats\":{}"),
            None => {}
        }
    }

    /// What the data of `USER_CHANGES` say; `None` if the commit has no number.
    pub(super) fn read(data: &Value) -> Option<Self> {
        let seq = data.get("seq").and_then(Value::as_integer)?;
        let above = data.get("above").and_then(Value::as_integer).unwrap_or_default();
        let repeats = data.get("repeats");
        Some(Self { seq, above, is_repeat: repeats.is_some(), first: repeats.and_then(CommitId::read) })
    }
}

impl CommitId {
    pub(super) fn to_value(&self) -> Value {
        Value::object([("session", self.session.clone().into()), ("seq", self.seq.into())])
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        let session = value.get("session").and_then(Value::as_text).cloned()?;
        Some(Self { session, seq: value.get("seq").and_then(Value::as_integer)? })
    }
}
