//! A pad's server: the engine's own rebase, readers and writers, with a store that can lose what is not yet written.

use easysync::{
    AttribPool, ClientMessage, Document, Error, ErrorKind, Outgoing, OutgoingHistory, PoolForm, Submission,
    UnknownAttrib, Utf16String, accept_commit, json_atext, json_pool, json_string, new_changes, new_changes_batch,
    parse_client_message, rebase,
};
use easysync::{Changeset, ChangesetRequest, UserChanges};
use std::collections::BTreeMap;

/// A batch has at most so many revisions.
const MAX_BATCH: u32 = 50;
/// A request is answered with at most so many steps.
const MAX_STEPS: u32 = 100;

struct Revision {
    changeset: Changeset,
    author: Utf16String,
    time: f64,
    members: String,
    after: Document,
}

/// A connection that has joined.
struct Session {
    can_batch: bool,
    /// The last revision that it was sent.
    sent: u32,
    /// Answers to its commits, in order: the revision, and whether it is one that the commit made.
    accepts: Vec<(u32, bool)>,
}

/// The server of one pad.
pub struct Server {
    start: Document,
    pool: AttribPool,
    revisions: Vec<Revision>,
    /// What is on the disk, and so may be sent.
    durable: u32,
    began: f64,
    sessions: BTreeMap<u64, Session>,
}

impl Server {
    pub fn new(text: &str, now: f64) -> Self {
        Self {
            start: Document::from_text(text),
            pool: AttribPool::new(),
            revisions: Vec::new(),
            durable: 0,
            began: now,
            sessions: BTreeMap::new(),
        }
    }

    pub fn head(&self) -> u32 {
        self.revisions.len() as u32
    }

    pub fn document(&self) -> &Document {
        self.revisions.last().map_or(&self.start, |revision| &revision.after)
    }

    pub fn pool(&self) -> &AttribPool {
        &self.pool
    }

    /// A connection is gone. What it has sent can still come.
    pub fn forget(&mut self, session: u64) {
        self.sessions.remove(&session);
    }

    /// The process dies: what was not written is gone, and so are all connections.
    pub fn crash(&mut self) {
        self.revisions.truncate(self.durable as usize);
        self.sessions.clear();
    }

    /// Everything up to the head is on the disk.
    pub fn write(&mut self) {
        self.durable = self.head();
    }

    pub fn is_written(&self) -> bool {
        self.durable == self.head()
    }

    /// Takes a message from a connection, and answers what can be answered at once.
    pub fn take(&mut self, session: u64, author: &Utf16String, message: &str, now: f64) -> Vec<String> {
        match parse_client_message(message) {
            Ok(ClientMessage::Ready(ready)) => {
                let can_batch = ready.capabilities.is_some_and(|bits| bits & 1 != 0);
                let sent = self.durable;
                let vars = self.client_vars(author);
                self.sessions.insert(session, Session { can_batch, sent, accepts: Vec::new() });
                vec![vars]
            }
            Ok(ClientMessage::UserChanges(changes)) => {
                match changes.and_then(|changes| self.commit(session, author, &changes, now)) {
                    Ok(()) => Vec::new(),
                    Err(_) => vec![r#"{"disconnect":"badChangeset"}"#.to_owned()],
                }
            }
            Ok(ClientMessage::ChangesetRequest(request)) if self.sessions.contains_key(&session) => {
                self.history(request).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn commit(&mut self, session: u64, author: &Utf16String, changes: &UserChanges, now: f64) -> Result<(), Error> {
        let UserChanges { base_rev, wire } = changes;
        let Some(since) = self.revisions.get(*base_rev as usize..) else {
            return Err(ErrorKind::OtherHistory { rev: self.head() }.into());
        };
        let since = since.iter().map(|revision| (&revision.changeset, &revision.author));
        let submission = Submission { changeset: &wire.changeset, pool: &wire.pool, author };
        let head = self.revisions.last().map_or(&self.start, |revision| &revision.after);
        let changeset = rebase(&submission, since, head, &mut self.pool)?;
        let mut after = self.document().clone();
        after.apply(&changeset, &self.pool)?;
        let is_revision = after != *self.document();
        if is_revision {
            let rev = self.head() + 1;
            let outgoing =
                Outgoing { rev, wire: &changeset.prepare_for_wire(&self.pool), author, time: now, time_delta: None };
            let members = outgoing.members();
            let author = author.clone();
            self.revisions.push(Revision { changeset, author, time: now, members, after });
        }
        let head = self.head();
        if let Some(session) = self.sessions.get_mut(&session) {
            session.accepts.push((head, is_revision));
        }
        Ok(())
    }

    /// What each connection is to be sent now: everything that is written, in order. With each message comes whether it
    /// acknowledges a commit that made no revision.
    pub fn fan_out(&mut self) -> Vec<(u64, String, bool)> {
        let mut out = Vec::new();
        let (durable, revisions) = (self.durable, &self.revisions);
        let members =
            |rev: u32| revisions.get(rev as usize - 1).map(|revision| revision.members.as_str()).unwrap_or_default();
        for (&id, session) in &mut self.sessions {
            loop {
                let mut limit = durable;
                if let Some(&(rev, is_revision)) = session.accepts.first() {
                    let before = rev - u32::from(is_revision);
                    if session.sent >= before && rev <= durable {
                        out.push((id, accept_commit(rev), !is_revision));
                        session.sent = session.sent.max(rev);
                        session.accepts.remove(0);
                        continue;
                    }
                    limit = limit.min(before);
                }
                let first = session.sent + 1;
                if first > limit {
                    break;
                }
                let last = if session.can_batch { limit.min(session.sent + MAX_BATCH) } else { first };
                let message = if last > first {
                    new_changes_batch((first..=last).map(members))
                } else {
                    new_changes(members(first))
                };
                out.push((id, message, false));
                session.sent = last;
            }
        }
        out
    }

    fn client_vars(&self, author: &Utf16String) -> String {
        let at = self.revisions.get((self.durable as usize).wrapping_sub(1));
        let (doc, time) = at.map_or((&self.start, self.began), |revision| (&revision.after, revision.time));
        format!(
            r#"{{"type":"CLIENT_VARS","data":{{"userId":{},"collab_client_vars":{{"padId":"pad","rev":{},"time":{time},"initialAttributedText":{},"apool":{}}}}}}}"#,
            json_string(author),
            self.durable,
            json_atext(&doc.to_atext()),
            json_pool(&self.pool, PoolForm::Short),
        )
    }

    /// Answers a request for revisions as servers do: from the head at most, a hundred steps.
    fn history(&self, request: ChangesetRequest) -> Option<String> {
        let ChangesetRequest { start, granularity, request_id } = request;
        let first = (start as u32).min(self.durable).max(1);
        let last = self.durable.min(first + MAX_STEPS - 1);
        let mut answer = OutgoingHistory {
            start: first.into(),
            granularity,
            actual_end: Some((last + 1).into()),
            request_id,
            steps: Vec::new(),
            pool: AttribPool::new(),
        };
        let mut pool = self.pool.clone();
        for rev in first..=last {
            let before = (rev as usize).checked_sub(2).and_then(|index| self.revisions.get(index));
            let (doc, began) = before.map_or((&self.start, self.began), |before| (&before.after, before.time));
            let revision = self.revisions.get(rev as usize - 1)?;
            let backwards = revision.changeset.inverse(doc, &mut pool).ok()?;
            let mut moved =
                |changeset: &Changeset| changeset.move_to_pool(&pool, &mut answer.pool, UnknownAttrib::Drop).ok();
            let (forwards, backwards) = (moved(&revision.changeset)?, moved(&backwards)?);
            answer.steps.push((forwards, backwards, revision.time - began));
        }
        Some(answer.to_message())
    }
}
