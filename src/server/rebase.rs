//! What a server does with a commit: brings it up to date with what others committed meanwhile.

use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Tie, UnknownAttrib};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::text::{NEWLINE, Utf16String};

/// A commit as it comes from a client, numbered by a pool of its own.
#[derive(Debug, Clone)]
pub struct Submission<'a> {
    /// What the client changed.
    pub changeset: &'a Changeset,
    /// What numbers it.
    pub pool: &'a AttribPool,
    /// Who sent it.
    pub author: &'a Utf16String,
}

/// Moves a submission past the revisions that were made since the one it is based on, checks that it fits `head`, and
/// gives back what to append, numbered by the pad's pool.
///
/// `since` are those revisions and their authors, oldest first. If one of them is the submission itself, textually equal
/// and by the same author, the client has sent it twice, and what is left is the identity. Equal is the submission as it
/// came, as Etherpad has it, or moved as far as that revision: so it is also known if others came first.
///
/// O(submission + revisions since), plus O(log n) for the look at `head`.
///
/// # Errors
///
/// [`ErrorKind::MissingAttribute`] for numbers that the submission's pool lacks; as [`Changeset::follow`];
/// [`ErrorKind::LengthMismatch`] if it does not fit `head`; [`ErrorKind::NoFinalNewline`] if the document would not end in
/// a newline; as [`Document::apply`].
///
/// Source: `handleUserChanges` in Etherpad's `src/node/handler/PadMessageHandler.ts`.
pub fn rebase<'a>(
    submission: &Submission<'_>,
    since: impl IntoIterator<Item = (&'a Changeset, &'a Utf16String)>,
    head: &Document,
    pool: &mut AttribPool,
) -> Result<Changeset, Error> {
    let submitted = submission.changeset.move_to_pool(submission.pool, pool, UnknownAttrib::Refuse)?;
    let mut rebased = submitted.clone();
    for (revision, author) in since {
        if author == submission.author && (*revision == submitted || *revision == rebased) {
            rebased = Changeset::identity(rebased.old_len())?;
        }
        rebased = rebased.follow(revision, Tie::OtherFirst, pool)?;
    }
    check_fit(&rebased, head, pool)?;
    Ok(rebased)
}

/// Whether a changeset can be appended at `head`. O(changeset), plus O(log n).
pub(super) fn check_fit(changeset: &Changeset, head: &Document, pool: &AttribPool) -> Result<(), Error> {
    let mut after = head.clone();
    after.apply(changeset, pool)?;
    let len = after.len_utf16();
    if len == 0 || after.slice(len - 1..len)?.first() != Some(&NEWLINE) {
        return Err(ErrorKind::NoFinalNewline.into());
    }
    Ok(())
}
