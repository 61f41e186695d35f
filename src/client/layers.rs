//! Three layers: the server's text, what was sent, what was not.
//!
//! ```text
//!            base
//!  remote  /      \  submitted, one commit or two, each on top of the one before
//!    base'         .
//!  submitted'\   /   \  pending
//!              .       view
//!      pending' \     /  what the editor is told
//!               view'
//! ```
//!
//! The law: whatever revisions come, and in how many commits the local changes were sent, the view is the base with all of
//! them; and each commit, moved as far as the revision before its own, is what the server makes of it.

use super::local::{Local, Sent, Submitted};
use crate::attrib::{AttribPool, AttribSet, Attribute};
use crate::changeset::{Builder, Changeset, OpKind, Tie, UnknownAttrib, Wire};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;
use std::collections::VecDeque;

/// The document as the server has it, the changes sent but not acknowledged, and the changes not yet sent.
///
/// What the editor shows is `base`, then `submitted`, then `pending`. All three are numbered by one pool, which belongs to
/// the client and only grows. A call that fails changes nothing but that pool.
///
/// Source: `makeChangesetTracker` in Etherpad's `src/static/js/changesettracker.ts`.
#[derive(Debug, Clone)]
pub struct Layers {
    base: Document,
    local: Local,
}

impl Layers {
    /// Begins with a document from the server. O(1).
    ///
    /// # Errors
    ///
    /// None for documents of up to 2^31 - 1 code units.
    pub fn new(base: Document) -> Result<Self, Error> {
        let pending = Changeset::identity(base.len_utf16())?;
        Ok(Self { base, local: Local { submitted: VecDeque::new(), pending } })
    }

    /// The document as the server has it.
    pub fn base(&self) -> &Document {
        &self.base
    }

    /// The oldest commit that was sent and not acknowledged.
    pub fn submitted(&self) -> Option<&Changeset> {
        self.local.submitted.front().map(|commit| &commit.changeset)
    }

    /// All that the server has not acknowledged: what was sent, oldest first, and then what was not.
    pub fn local_changes(&self) -> impl DoubleEndedIterator<Item = &Changeset> {
        self.local.changes()
    }

    /// The commits that were sent and not acknowledged, oldest first.
    pub(super) fn commits(&self) -> &VecDeque<Submitted> {
        &self.local.submitted
    }

    /// Which of them a revision is; see [`Local::position`].
    pub(super) fn position(
        &self,
        revision: &Changeset,
        can_be: impl Fn(&Sent) -> bool,
        pool: &AttribPool,
    ) -> Option<usize> {
        self.local.position(revision, can_be, pool)
    }

    /// Takes out the oldest commit, which has changed nothing at the server, and says whether it would change something here
    /// by now. O(log n + commit).
    pub(super) fn pass_over_first(&mut self, pool: &AttribPool) -> Option<bool> {
        let first = self.local.submitted.pop_front()?;
        let mut after = self.base.clone();
        Some(after.apply(&first.changeset, pool).is_err() || after != self.base)
    }

    /// Takes out the oldest commit, whose changes are in the base already, and with it what it changes on top of that. O(n).
    pub(super) fn drop_first(&mut self, pool: &mut AttribPool) -> Result<(), Error> {
        let mut local = self.local.clone();
        let Some(first) = local.submitted.pop_front() else { return Ok(()) };
        let back = first.changeset.inverse(&self.base, pool)?;
        (self.local, _) = local.past(&back, pool)?;
        Ok(())
    }

    /// How each of them was sent.
    pub(super) fn sent_mut(&mut self) -> impl Iterator<Item = &mut Sent> {
        self.local.submitted.iter_mut().map(|commit| &mut commit.sent)
    }

    /// What was not sent; the identity if there is nothing.
    pub fn pending(&self) -> &Changeset {
        &self.local.pending
    }

    /// Whether the server has not acknowledged everything.
    pub fn has_uncommitted(&self) -> bool {
        !self.local.is_empty()
    }

    /// Takes a change that the editor has made to what it shows. O(pending + change).
    ///
    /// # Errors
    ///
    /// As [`Changeset::compose`].
    pub fn edit(&mut self, change: &Changeset, pool: &AttribPool) -> Result<(), Error> {
        self.local.pending = self.local.pending.compose(change, pool)?;
        Ok(())
    }

    /// Takes a revision from the server, numbered by `pool`, and gives back what the editor has to apply.
    ///
    /// At equal positions the revision goes before what was submitted, because the server will put it there, and what is
    /// pending goes before the revision.
    ///
    /// O(log n + change + submitted + pending), whatever the length n of the document.
    ///
    /// # Errors
    ///
    /// As [`Document::apply`] and [`Changeset::follow`].
    pub fn apply_remote(&mut self, revision: &Changeset, pool: &AttribPool) -> Result<Changeset, Error> {
        if revision.old_len() != self.base.len_utf16() {
            return Err(ErrorKind::LengthMismatch { expected: revision.old_len(), found: self.base.len_utf16() }.into());
        }
        if self.local.is_empty() {
            self.base.apply(revision, pool)?;
            self.local.pending.set_identity(revision.new_len());
            return Ok(revision.to_normal());
        }
        let (local, for_editor) = self.local.past(revision, pool)?;
        self.base.apply(revision, pool)?;
        self.local = local;
        Ok(for_editor)
    }

    /// Takes a revision as [`Layers::apply_remote`] does, in the numbering that came with it; numbers that its pool lacks
    /// are dropped, as Etherpad drops them.
    ///
    /// # Errors
    ///
    /// As [`Layers::apply_remote`].
    pub fn apply_wire(&mut self, revision: &Wire, pool: &mut AttribPool) -> Result<Changeset, Error> {
        let revision = revision.changeset.move_to_pool(&revision.pool, pool, UnknownAttrib::Drop)?;
        self.apply_remote(&revision, pool)
    }

    /// Puts another change in the place of what is pending, which is made from the same document.
    pub(super) fn set_pending(&mut self, pending: Changeset) {
        self.local.pending = pending;
    }

    /// What to send now, in the author's name, or `None` if there is nothing: as one commit, as Etherpad's client does it.
    ///
    /// What was submitted before and not acknowledged is sent again, together with what came since. Otherwise inserts in
    /// other authors' names, as pasted text has them, are claimed for `author`. O(submitted + pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn prepare(&mut self, author: &Utf16String, pool: &mut AttribPool) -> Result<Option<Wire>, Error> {
        let is_repeat = !self.local.submitted.is_empty();
        let changeset = match is_repeat {
            true => self.local.whole(pool)?,
            false if self.local.pending.is_identity() => return Ok(None),
            false => self.local.pending.claim_inserts(author, pool)?,
        };
        let pending = Changeset::identity(changeset.new_len())?;
        self.local = Local { submitted: VecDeque::new(), pending };
        Ok(Some(self.push(changeset, pool)))
    }

    /// What to send now on top of what was sent before, or `None` if there is nothing, with the author's name on every insert:
    /// servers since Etherpad 2.7 accept no others. Where the user has taken the name off text that was not sent yet, it goes
    /// off again in the next commit. O(pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn prepare_signed(&mut self, author: &Utf16String, pool: &mut AttribPool) -> Result<Option<Wire>, Error> {
        if self.local.pending.is_identity() {
            return Ok(None);
        }
        let unsigned = self.local.pending.claim_inserts(author, pool)?;
        let signed = unsigned.stamp_author(author, pool)?;
        let pending = if signed == unsigned {
            Changeset::identity(signed.new_len())?
        } else {
            let no_name = AttribSet::from(pool.put(Attribute::new("author", "")));
            let mut take_off = Builder::new(unsigned.new_len());
            for op in unsigned.ops().iter().filter(|op| op.kind != OpKind::Remove) {
                let has_name = op.kind == OpKind::Keep || op.attribs.author(pool)? == Some(author);
                take_off.keep(
                    op.chars as usize,
                    op.lines as usize,
                    if has_name { &AttribSet::EMPTY } else { &no_name },
                );
            }
            take_off.finish()?
        };
        self.local.pending = pending;
        Ok(Some(self.push(signed, pool)))
    }

    fn push(&mut self, changeset: Changeset, pool: &AttribPool) -> Wire {
        let wire = changeset.prepare_for_wire(pool);
        self.local.submitted.push_back(Submitted { changeset, sent: Sent::default() });
        wire
    }

    /// Whether what stands behind `in_flight` commits has inserts under other names. What is sent next of it gets the name of
    /// `author` then: that of a new session can be another. O(submitted + pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub(super) fn has_other_names(
        &self,
        in_flight: usize,
        author: &Utf16String,
        pool: &mut AttribPool,
    ) -> Result<bool, Error> {
        // Not only the first: one that has no effect any more is left out.
        for change in self.local.changes().skip(in_flight) {
            if change.claim_inserts(author, pool)? != *change {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The commit behind `in_flight` others, to be sent once more just as it is, but for the author's name: that of a new
    /// session can be another. `None` if there is none, or others have taken all of it away. O(commit).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub(super) fn resend(
        &mut self,
        in_flight: usize,
        author: &Utf16String,
        pool: &mut AttribPool,
    ) -> Result<Option<Wire>, Error> {
        while let Some(commit) = self.local.submitted.get_mut(in_flight) {
            let changeset = commit.changeset.claim_inserts(author, pool)?;
            if !changeset.is_identity() {
                let wire = changeset.prepare_for_wire(pool);
                commit.changeset = changeset;
                return Ok(Some(wire));
            }
            self.local.submitted.remove(in_flight);
        }
        Ok(None)
    }

    /// Takes the server's word that it has the oldest commit, and gives that back. O(log n + commit).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NothingSubmitted`]; as [`Document::apply`].
    pub fn accept(&mut self, pool: &AttribPool) -> Result<Changeset, Error> {
        let first = self.local.submitted.front().ok_or(ErrorKind::NothingSubmitted)?;
        self.base.apply(&first.changeset, pool)?;
        let accepted = self.local.submitted.pop_front().ok_or(ErrorKind::NothingSubmitted)?;
        Ok(accepted.changeset)
    }

    /// Puts changes of an earlier session under what is pending, and gives back what the editor has to apply. O(both).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthMismatch`] if they were not made from [`Layers::base`]; as [`Document::apply`]. Something must
    /// not be submitted already.
    pub(super) fn restore(&mut self, kept: &Local, pool: &AttribPool) -> Result<Changeset, Error> {
        let whole = kept.whole(pool)?;
        let for_editor = whole.follow(&self.local.pending, Tie::OtherFirst, pool)?;
        let since = self.local.pending.follow(&whole, Tie::SelfFirst, pool)?;
        let mut view = self.base.clone();
        view.apply(&whole, pool)?;
        view.apply(&since, pool)?;
        let mut submitted = kept.submitted.clone();
        submitted.retain(|commit| !commit.changeset.is_identity());
        self.local = Local { submitted, pending: kept.pending.compose(&since, pool)? };
        Ok(for_editor)
    }
}
