//! A pad's document and what a commit does to it. No socket, no store, no clock.

use super::markers;
use super::revision::{KEY_EVERY, Revision};
use crate::authors::AuthorId;
use easysync::{
    AttribPool, AttribSet, Attribute, Changeset, CommitNumber, Document, Entered, Error, ErrorKind, OpKind, Outcome,
    Pipeline, Submission, UserChanges, Utf16String, Wire, rebase,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// So many of the last revisions are kept in memory; older ones are read from the store when someone needs them.
pub const RECENT: usize = 2048;

/// A revision that commits may have to be moved past.
pub type Since = (Changeset, AuthorId);

/// A revision that a commit is moved past.
struct Past {
    rev: u32,
    changeset: Changeset,
    /// Whether the session that commits now can have sent it before.
    is_own: bool,
}

/// Why a commit is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The changeset, or what it would do to the document, is not valid.
    #[error(transparent)]
    Invalid(#[from] Error),
    /// It is based on a revision that is not there.
    #[error("based on revision {base_rev}, but the head is {head}")]
    NoSuchRevision {
        /// The revision it names.
        base_rev: u32,
        /// The last there is.
        head: u32,
    },
    /// It inserts text in no one's name, or in another's.
    #[error("inserts text that does not carry its author")]
    ForeignInsert,
    /// It says that text is by someone who never wrote here.
    #[error("gives text to an author that the pad does not know")]
    UnknownAuthor,
    /// The document would become longer than documents may be.
    #[error("makes the document {len} code units long, and no more than {max} are allowed")]
    TooLong {
        /// How long.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// It has a number that is not due for long, or was not due at all.
    #[error("commit {seq} of a session that has not come so far")]
    OutOfTurn {
        /// The number.
        seq: u32,
    },
    /// Revisions that it must be moved past cannot be read.
    #[error("revisions since {base_rev} cannot be read")]
    Unreadable {
        /// The revision it is based on.
        base_rev: u32,
    },
}

/// Who commits, and when.
#[derive(Debug, Clone)]
pub struct Committer {
    /// The author.
    pub author: AuthorId,
    /// The session.
    pub session: u64,
    /// The head when the session joined: what is older can be its own only as a retransmission.
    pub joined_rev: u32,
    /// Now, in milliseconds since 1970.
    pub time: f64,
    /// How long the document may become, in code units.
    pub max_len: usize,
}

/// The document, its pool, and the last revisions.
#[derive(Debug, Clone)]
pub struct PadState {
    /// The document at the head.
    pub doc: Document,
    /// What numbers it.
    pub pool: AttribPool,
    /// The head revision.
    pub head: u32,
    /// When that was made.
    pub time: f64,
    /// The last revisions, ascending, without gaps, up to the head.
    pub recent: VecDeque<Arc<Revision>>,
    /// The last key revision that was made here, and the document at it, until someone takes them.
    pub key: Option<(u32, Document)>,
}

impl PadState {
    /// The first revision in memory; one more than the head if there is none.
    pub fn first_recent(&self) -> u32 {
        self.head + 1 - self.recent.len() as u32
    }

    /// A revision, if it is in memory.
    pub fn recent(&self, rev: u32) -> Option<&Arc<Revision>> {
        let index = rev.checked_sub(self.first_recent())?;
        self.recent.get(index as usize)
    }

    /// Forgets revisions that are durable and more than enough.
    pub fn trim(&mut self, durable: u32) {
        while self.recent.len() > RECENT && self.recent.front().is_some_and(|first| first.rev <= durable) {
            self.recent.pop_front();
        }
    }

    /// Takes a commit without a number, and says what became of it. `older` are the revisions between the one it is based on
    /// and the first in memory. If line markers had to be put right, another revision does so.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; then nothing has changed.
    pub fn commit(&mut self, changes: &UserChanges, older: &[Since], who: &Committer) -> Result<Outcome, Refusal> {
        let wire = self.check(changes, who)?;
        let past = self.past(changes.base_rev.saturating_add(1), older, who)?;
        let nobody = Utf16String::new();
        let since = past.iter().map(|past| (&past.changeset, if past.is_own { &*who.author } else { &nobody }));
        let submission = Submission { changeset: &wire.changeset, pool: &wire.pool, author: &who.author };
        let known = self.pool.len();
        let result = rebase(&submission, since, &self.doc, &mut self.pool).map_err(Refusal::from);
        let result = result.and_then(|changeset| self.applied(changeset, who));
        let (changeset, after) = self.or_forget(known, result)?;
        self.take(changeset, after, who)
    }

    /// Takes a commit with a number, when it is its turn in its session. `known` is what became of it, if it was sent before;
    /// `older` are the revisions from [`Pipeline::needs_from`] to the first in memory.
    ///
    /// # Errors
    ///
    /// As [`PadState::commit`].
    pub fn commit_numbered<T>(
        &mut self,
        (changes, number): (&UserChanges, &CommitNumber),
        (pipeline, known): (&Pipeline<T>, Option<Outcome>),
        older: &[Since],
        who: &Committer,
    ) -> Result<(Entered, Outcome), Refusal> {
        let base_rev = changes.base_rev;
        let wire = self.check(changes, who)?;
        let past = self.past(pipeline.needs_from(number, base_rev), older, who)?;
        let revisions = || past.iter().map(|past| (past.rev, &past.changeset));
        let before = revisions().take_while(|(rev, _)| *rev <= base_rev);
        let submission = Submission { changeset: &wire.changeset, pool: &wire.pool, author: &who.author };
        let pool_len = self.pool.len();
        let result = pipeline.enter(number, base_rev, &submission, before, &mut self.pool).map_err(Refusal::from);
        let entered = self.or_forget(pool_len, result)?;
        if let Some(outcome) = known {
            return Ok((entered, outcome));
        }
        // What has a number and was not sent before is new, whatever it looks like.
        let is_own = |rev: u32| number.is_repeat && past.iter().any(|past| past.rev == rev && past.is_own);
        let since = revisions().skip_while(|(rev, _)| *rev <= base_rev);
        let result = entered.rebase(since, is_own, &self.doc, &self.pool).map_err(Refusal::from);
        let result = result.and_then(|(changeset, own)| Ok((self.applied(changeset, who)?, own)));
        let ((changeset, after), own) = self.or_forget(pool_len, result)?;
        match own {
            Some(rev) => Ok((entered, Outcome { rev, is_revision: true })),
            None => Ok((entered, self.take(changeset, after, who)?)),
        }
    }

    /// The revisions from `first` on; those that are not in memory are `older`.
    fn past(&self, first: u32, older: &[Since], who: &Committer) -> Result<Vec<Past>, Refusal> {
        let in_memory = self.first_recent();
        if older.len() as u32 != in_memory.saturating_sub(first) {
            return Err(Refusal::Unreadable { base_rev: first.saturating_sub(1) });
        }
        let older = (first..).zip(older).map(|(rev, (changeset, author))| {
            let is_own = *author == who.author;
            Past { rev, changeset: changeset.clone(), is_own }
        });
        // An author may have several sessions. Equal changesets are a retransmission only if this session can have sent
        // the earlier one; what another session of the author did at the same time is another change.
        let recent = self.recent.iter().skip(first.saturating_sub(in_memory) as usize).map(|revision| {
            let is_session = revision.session == Some(who.session) || revision.rev <= who.joined_rev;
            let is_own = is_session && revision.author == who.author;
            Past { rev: revision.rev, changeset: revision.changeset.clone(), is_own }
        });
        Ok(older.chain(recent).collect())
    }

    fn check(&self, changes: &UserChanges, who: &Committer) -> Result<Wire, Refusal> {
        let UserChanges { base_rev, wire, .. } = changes;
        if *base_rev > self.head {
            return Err(Refusal::NoSuchRevision { base_rev: *base_rev, head: self.head });
        }
        let wire = signed(wire, &who.author)?;
        check_authors(&wire, &who.author, &self.pool)?;
        Ok(wire)
    }

    /// What a refused commit brought into the pool goes out again.
    fn or_forget<T>(&mut self, known: usize, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if result.is_err() && self.pool.len() > known {
            self.forget_attributes(known)?;
        }
        result
    }

    /// Appends what a commit has come to.
    fn take(&mut self, changeset: Changeset, after: Document, who: &Committer) -> Result<Outcome, Refusal> {
        if after == self.doc {
            return Ok(Outcome { rev: self.head, is_revision: false });
        }
        let correction = markers::correction(&after, &changeset, &self.pool)?;
        let corrected = match &correction {
            Some(correction) => {
                let mut corrected = after.clone();
                corrected.apply(correction, &self.pool)?;
                Some(corrected)
            }
            None => None,
        };
        self.append(changeset, after, who, Some(who.session));
        let rev = self.head;
        if let (Some(correction), Some(corrected)) = (correction, corrected) {
            self.append(correction, corrected, who, None);
        }
        Ok(Outcome { rev, is_revision: true })
    }

    /// The document after a changeset, if it may become so long.
    fn applied(&self, changeset: Changeset, who: &Committer) -> Result<(Changeset, Document), Refusal> {
        let mut after = self.doc.clone();
        after.apply(&changeset, &self.pool)?;
        let (len, max) = (after.len_utf16(), who.max_len);
        if len > max && len > self.doc.len_utf16() {
            return Err(Refusal::TooLong { len, max });
        }
        Ok((changeset, after))
    }

    fn append(&mut self, changeset: Changeset, after: Document, who: &Committer, session: Option<u64>) {
        self.head += 1;
        // Clocks can be set back; the times of revisions do not go back with them.
        let time = who.time.max(self.time);
        let times = (self.time, time);
        let revision = Revision::new(self.head, changeset, who.author.clone(), times, session, &self.pool);
        self.recent.push_back(Arc::new(revision));
        self.time = time;
        if self.head.is_multiple_of(KEY_EVERY) {
            self.key = Some((self.head, after.clone()));
        }
        self.doc = after;
    }

    fn forget_attributes(&mut self, known: usize) -> Result<(), Error> {
        let kept = self.pool.iter().take(known).map(|(id, attribute)| (id.0, attribute.clone()));
        self.pool = AttribPool::from_numbered(kept.collect::<Vec<_>>(), known as u32)?;
        Ok(())
    }
}

/// Text that comes without a name gets that of its author. Etherpad 3 refuses it, but clients older than that rule are still
/// in use.
fn signed(wire: &Wire, author: &Utf16String) -> Result<Wire, Error> {
    let Wire { changeset, mut pool } = wire.clone();
    let changeset = changeset.stamp_author(author, &mut pool)?;
    Ok(Wire { changeset, pool })
}

/// Text may be inserted in one's own name only. What is there may be given back to anyone who has written in the pad, as
/// undo does.
fn check_authors(wire: &Wire, author: &Utf16String, pool: &AttribPool) -> Result<(), Refusal> {
    let authors = |attribs: &AttribSet| -> Result<Vec<Utf16String>, Error> {
        let mut found = Vec::new();
        for id in attribs.ids() {
            let attribute = wire.pool.get(*id)?;
            if attribute.key == "author" {
                found.push(attribute.value.clone());
            }
        }
        Ok(found)
    };
    for op in wire.changeset.ops() {
        let named = authors(&op.attribs)?;
        match op.kind {
            OpKind::Insert if named.is_empty() || named.iter().any(|name| name != author) => {
                return Err(Refusal::ForeignInsert);
            }
            OpKind::Keep => {
                for name in named {
                    let is_known = name.is_empty()
                        || name == *author
                        || pool.find(&Attribute::new("author", name.clone())).is_some();
                    if !is_known {
                        return Err(Refusal::UnknownAuthor);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// So that callers need not name the engine's kinds.
impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        Self::Invalid(kind.into())
    }
}
