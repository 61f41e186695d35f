//! Three layers: the server's text, what was sent, what was not.
//!
//! ```text
//!            base
//!  remote  /      \  submitted
//!    base'         .
//!  submitted'\   /   \  pending
//!              .       view
//!      pending' \     /  what the editor is told
//!               view'
//! ```

use super::local::Local;
use crate::attrib::{AttribPool, AttribSet, Attribute};
use crate::changeset::{Builder, Changeset, Crossings, OpKind, Tie, UnknownAttrib, Wire};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;

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
    crossings: Crossings,
}

impl Layers {
    /// Begins with a document from the server. O(1).
    ///
    /// # Errors
    ///
    /// None for documents of up to 2^31 - 1 code units.
    pub fn new(base: Document) -> Result<Self, Error> {
        let pending = Changeset::identity(base.len_utf16())?;
        Ok(Self { base, local: Local { submitted: None, pending }, crossings: Crossings::default() })
    }

    /// The document as the server has it.
    pub fn base(&self) -> &Document {
        &self.base
    }

    /// What was sent and not acknowledged.
    pub fn submitted(&self) -> Option<&Changeset> {
        self.local.submitted.as_ref()
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
    /// O(log n + change), whatever the length n of the document; and O(submitted + pending) if they were changed since the last one.
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
        let (plan, for_editor) = self.local.plan(revision, &mut self.crossings, pool)?;
        self.base.apply(revision, pool)?;
        self.local.carry_out(plan, &mut self.crossings);
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

    /// What to send now, in the author's name, or `None` if there is nothing.
    ///
    /// What was submitted before and not acknowledged is sent again, together with what came since. Otherwise inserts in
    /// other authors' names, as pasted text has them, are claimed for `author`. O(submitted + pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn prepare(&mut self, author: &Utf16String, pool: &mut AttribPool) -> Result<Option<Wire>, Error> {
        let submitted = match &self.local.submitted {
            Some(submitted) => submitted.compose(&self.local.pending, pool)?,
            None if self.local.pending.is_identity() => return Ok(None),
            None => self.local.pending.claim_inserts(author, pool)?,
        };
        let wire = submitted.prepare_for_wire(pool);
        self.local.pending = Changeset::identity(submitted.new_len())?;
        self.local.submitted = Some(submitted);
        Ok(Some(wire))
    }

    /// What to send now, as [`Layers::prepare`], with the author's name on every insert: servers since Etherpad 2.7 accept
    /// no others. Where the user has taken the name off text that was not sent yet, it goes off again in the next commit.
    /// O(submitted + pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn prepare_signed(&mut self, author: &Utf16String, pool: &mut AttribPool) -> Result<Option<Wire>, Error> {
        let wire = self.prepare(author, pool)?;
        let Some(unsigned) = &self.local.submitted else { return Ok(wire) };
        let signed = unsigned.stamp_author(author, pool)?;
        if signed == *unsigned {
            return Ok(wire);
        }
        let no_name = AttribSet::from(pool.put(Attribute::new("author", "")));
        let mut take_off = Builder::new(unsigned.new_len());
        for op in unsigned.ops().iter().filter(|op| op.kind != OpKind::Remove) {
            let has_name = op.kind == OpKind::Keep || op.attribs.author(pool)? == Some(author);
            take_off.keep(op.chars as usize, op.lines as usize, if has_name { &AttribSet::EMPTY } else { &no_name });
        }
        self.local.pending = take_off.finish()?;
        let wire = signed.prepare_for_wire(pool);
        self.local.submitted = Some(signed);
        Ok(Some(wire))
    }

    /// Whether what is to be sent next has inserts under other names, which get the name of `author` then: that of a new
    /// session can be another. O(submitted + pending).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub(super) fn has_other_names(&self, author: &Utf16String, pool: &mut AttribPool) -> Result<bool, Error> {
        let next = self.local.submitted.as_ref().unwrap_or(&self.local.pending);
        Ok(next.claim_inserts(author, pool)? != *next)
    }

    /// What was submitted, to be sent once more just as it is, but for the author's name: that of a new session can be
    /// another. `None` if nothing was, or others have taken all of it away. O(submitted).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn resend(&mut self, author: &Utf16String, pool: &mut AttribPool) -> Result<Option<Wire>, Error> {
        let Some(submitted) = &self.local.submitted else { return Ok(None) };
        let submitted = submitted.claim_inserts(author, pool)?;
        if submitted.is_identity() {
            self.local.submitted = None;
            return Ok(None);
        }
        let wire = submitted.prepare_for_wire(pool);
        self.local.submitted = Some(submitted);
        Ok(Some(wire))
    }

    /// Takes the server's word that it has what was submitted, and gives that back. O(log n + submitted).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NothingSubmitted`]; as [`Document::apply`].
    pub fn accept(&mut self, pool: &AttribPool) -> Result<Changeset, Error> {
        let submitted = self.local.submitted.take().ok_or(ErrorKind::NothingSubmitted)?;
        if let Err(error) = self.base.apply(&submitted, pool) {
            self.local.submitted = Some(submitted);
            return Err(error);
        }
        Ok(submitted)
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
        let submitted = kept.submitted.clone().filter(|submitted| !submitted.is_identity());
        self.local = Local { submitted, pending: kept.pending.compose(&since, pool)? };
        Ok(for_editor)
    }
}
