//! What a client tells its host.

use crate::changeset::Changeset;
use crate::protocol::{Message, MessageError};
use crate::text::Utf16String;
use std::sync::Arc;

/// What the host has to do, or to know, in the order in which it came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// The document is there: the editor shows [`Client::view`](crate::Client::view).
    Joined {
        /// Its revision.
        rev: u32,
    },
    /// A revision of someone else is in the document.
    Applied {
        /// Its number.
        rev: u32,
        /// Who made it, if the message told; empty for the server itself.
        author: Option<Arc<Utf16String>>,
        /// When, in milliseconds since 1970, if the message told.
        time: Option<f64>,
        /// What the editor has to apply to what it shows.
        changeset: Changeset,
    },
    /// The server has what was submitted.
    Accepted {
        /// The revision that it became, or the present one.
        rev: u32,
    },
    /// To be sent to the server.
    Send(String),
    /// Revisions are missing or cannot be used: a fresh join is needed. What the user typed is kept.
    Resync {
        /// The last revision applied.
        rev: u32,
        /// Why.
        error: MessageError,
    },
    /// Changes that were kept of an earlier session are in the document again. From now on they are like any others.
    Restored {
        /// What the editor has to apply to what it shows.
        changeset: Changeset,
    },
    /// Changes that were kept of an earlier session cannot be brought back. They stay kept until [`Client::discard`].
    ///
    /// [`Client::discard`]: crate::Client::discard
    Unplaced(Unplaced),
    /// There is no way on: the pad on the server is not the one that was edited here. Unsent text is kept.
    Desynchronised {
        /// The last revision applied.
        rev: u32,
        /// The server's revision.
        server_rev: u32,
    },
    /// The server ended the session.
    Disconnected {
        /// Why: `badChangeset`, `userdup`, `deleted`, ... or `denied`.
        reason: String,
    },
}

/// Changes of an earlier session that cannot be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// A number by which the client knows them.
    pub id: u32,
    /// Why.
    pub reason: Misfit,
    /// The text that was inserted, each piece on a line of its own. Where it stood is not known.
    pub text: Utf16String,
}

/// Why changes of an earlier session cannot be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misfit {
    /// The pad is not the one that they were made in: it was deleted and begun anew, or set back.
    PadReset,
    /// They belong to a pad of another name.
    OtherPad,
    /// Another author has made them, in whose name nothing can be sent now.
    OtherAuthor,
    /// The pad can only be read.
    ReadOnly,
    /// They do not fit what the server says was there.
    DoesNotFit,
    /// The server does not tell what has happened since.
    NoAnswer,
}

/// Whom a message concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The document, and nobody else.
    Document,
    /// Whoever shows people, chat and the state of the connection: the message has more in it than the document needs.
    Host,
}

impl Audience {
    /// Whom a message concerns.
    pub(super) fn of(message: &Message) -> Self {
        match message {
            Message::ClientVars(_) | Message::Disconnect { .. } | Message::AccessDenied | Message::Other { .. } => {
                Self::Host
            }
            _ => Self::Document,
        }
    }
}

/// The one honest answer to "is my work saved?"
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SaveState {
    /// The server has acknowledged everything.
    Saved,
    /// Something is on its way, or will be.
    Saving,
    /// There is no connection, or it is being caught up with.
    Reconnecting,
    /// Something is not saved, and will not be by itself.
    NotSaved,
}

/// What went by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Revisions applied.
    pub applied: u64,
    /// Commits acknowledged.
    pub accepted: u64,
    /// Revisions and acknowledgements that had been there before, and were dropped.
    pub duplicates: u64,
    /// Revisions and acknowledgements that came too early, and were held.
    pub held: u64,
}
