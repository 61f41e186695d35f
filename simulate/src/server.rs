//! A pad's server: the engine's own rebase, readers and writers, with a store that can lose what is not yet written.

use easysync::{
    AttribPool, CAN_BATCH, CAN_PIPELINE, ClientMessage, CommitId, CommitNumber, Document, Entered, Error, ErrorKind,
    Outcome, Outgoing, OutgoingHistory, Pipeline, PoolForm, Strangers, Submission, Turn, UnknownAttrib, Utf16String,
    accept_commit, json_atext, json_pool, json_string, new_changes, new_changes_batch, parse_client_message, rebase,
};
use easysync::{Changeset, ChangesetRequest, UserChanges};
use std::collections::BTreeMap;

/// The answer to a commit that cannot be taken.
pub const REFUSAL: &str = r#"{"disconnect":"badChangeset"}"#;
/// A batch has at most so many revisions.
const MAX_BATCH: u32 = 50;
/// A request is answered with at most so many steps.
const MAX_STEPS: u32 = 100;

struct Revision {
    changeset: Changeset,
    author: Utf16String,
    /// The connection by which it came.
    session: u64,
    time: f64,
    members: String,
    after: Document,
}

/// A connection that has joined.
struct Session {
    can_batch: bool,
    /// The last revision that it was sent.
    sent: u32,
    /// The revision at which it joined.
    joined: u32,
    /// Answers to its commits, in order, each with the number of the commit.
    accepts: Vec<(Outcome, Option<u32>)>,
}

/// Who numbers commits: the author, and the commits.
type Numbered = (Utf16String, Pipeline<UserChanges>);

/// A commit, and who sends it.
struct Commit<'a> {
    session: u64,
    author: &'a Utf16String,
    changes: &'a UserChanges,
    now: f64,
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
    /// By connection; those that are gone as well. `None` if this server knows nothing of numbers.
    numbered: Option<BTreeMap<u64, Numbered>>,
    /// For commits that were sent first to the process before this one, or under another name.
    strangers: Strangers<Utf16String>,
    /// How often the process has died.
    deaths: u32,
}

impl Server {
    /// A server that `pipelines` commits, and does not take equal commits of two tabs for one; or one like Etherpad.
    pub fn new(text: &str, now: f64, pipelines: bool) -> Self {
        Self {
            start: Document::from_text(text),
            pool: AttribPool::new(),
            revisions: Vec::new(),
            durable: 0,
            began: now,
            sessions: BTreeMap::new(),
            numbered: pipelines.then(BTreeMap::new),
            strangers: Strangers::default(),
            deaths: 0,
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
        self.numbered.iter_mut().for_each(BTreeMap::clear);
        self.strangers = Strangers::default();
        self.deaths += 1;
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
                let bits = ready.capabilities.unwrap_or_default();
                let sent = self.durable;
                let is_numbered = bits & CAN_PIPELINE != 0 && self.numbered.is_some();
                let vars = self.client_vars(author, is_numbered.then_some(session));
                let can_batch = bits & CAN_BATCH != 0;
                self.sessions.insert(session, Session { can_batch, sent, joined: sent, accepts: Vec::new() });
                if let Some(numbered) = self.numbered.as_mut().filter(|_| is_numbered) {
                    numbered.insert(session, (author.clone(), Pipeline::default()));
                }
                vec![vars]
            }
            Ok(ClientMessage::UserChanges(changes)) => {
                let result = changes.and_then(|mut changes| match changes.number.take() {
                    Some(number) => self.commit_numbered(session, author, (*changes, number), now),
                    None => self.commit(&Commit { session, author, changes: &changes, now }),
                });
                match result {
                    Ok(()) => Vec::new(),
                    Err(_) => vec![REFUSAL.to_owned()],
                }
            }
            Ok(ClientMessage::ChangesetRequest(request)) if self.sessions.contains_key(&session) => {
                self.history(request).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), Error> {
        let Commit { session, author, changes, .. } = *commit;
        let since = self.since(changes.base_rev)?;
        // Who has had an answer without a number takes the server for one that knows of none: then it is one like Etherpad, which
        // takes equal commits of an author for one.
        let since = since.iter().map(|(_, revision)| (&revision.changeset, &revision.author));
        let submission = Submission { changeset: &changes.wire.changeset, pool: &changes.wire.pool, author };
        let mut pool = self.pool.clone();
        let changeset = rebase(&submission, since, self.document(), &mut pool)?;
        self.pool = pool;
        let outcome = self.append(changeset, commit)?;
        self.answer(session, outcome, None);
        Ok(())
    }

    /// Takes a commit when it is its turn, and those that have waited for it.
    fn commit_numbered(
        &mut self,
        session: u64,
        author: &Utf16String,
        (mut changes, number): (UserChanges, CommitNumber),
        now: f64,
    ) -> Result<(), Error> {
        changes.number = Some(number);
        let mut next = Some(changes);
        while let Some(mut changes) = next.take() {
            let Some(number) = changes.number.take() else { break };
            let Some((_, pipeline)) = self.numbered.as_mut().and_then(|all| all.get_mut(&session)) else { break };
            let turn = pipeline.turn(number.seq);
            match turn {
                Turn::Early => pipeline.hold(number.seq, UserChanges { number: Some(number), ..changes }),
                Turn::Known(outcome) => self.answer(session, outcome, Some(number.seq)),
                Turn::Stale => {}
                Turn::Wrong => return Err(ErrorKind::WrongNumber { expected: 0, found: number.seq }.into()),
                Turn::Now => {
                    let result = self.commit_now(&Commit { session, author, changes: &changes, now }, &number);
                    let Some((_, pipeline)) = self.numbered.as_mut().and_then(|all| all.get_mut(&session)) else {
                        break;
                    };
                    match result {
                        Ok((entered, outcome)) => {
                            pipeline.done(number.seq, entered, outcome);
                            self.tell(&number, author, outcome);
                            self.answer(session, outcome, Some(number.seq));
                        }
                        Err(error) => {
                            pipeline.refuse();
                            return Err(error);
                        }
                    }
                }
            }
            next = self.numbered.as_mut().and_then(|all| all.get_mut(&session)?.1.release());
        }
        Ok(())
    }

    fn commit_now(&mut self, commit: &Commit<'_>, number: &CommitNumber) -> Result<(Entered, Outcome), Error> {
        let UserChanges { base_rev, wire, .. } = commit.changes;
        let known = number.first.as_ref().and_then(|id| self.outcome(id, commit.author));
        let pipelines = self.numbered.as_ref().and_then(|all| all.get(&commit.session));
        let Some((_, pipeline)) = pipelines else { return Err(ErrorKind::NotJoined.into()) };
        let past = self.since(pipeline.needs_from(number, *base_rev) - 1)?;
        let revisions = || past.iter().map(|(rev, revision)| (*rev, &revision.changeset));
        let submission = Submission { changeset: &wire.changeset, pool: &wire.pool, author: commit.author };
        let mut pool = self.pool.clone();
        let before = revisions().take_while(|(rev, _)| rev <= base_rev);
        let entered = pipeline.enter(number, *base_rev, &submission, before, &mut pool)?;
        if let Some(outcome) = known {
            self.pool = pool;
            return Ok((entered, outcome));
        }
        let since = revisions().skip_while(|(rev, _)| rev <= base_rev);
        let can_be_own = |rev: u32| {
            let of = self.revisions.get(rev as usize - 1);
            number.is_repeat && of.is_some_and(|revision| self.is_of((rev, revision), commit))
        };
        let (changeset, own) = entered.rebase(since, can_be_own, self.document(), &pool)?;
        self.pool = pool;
        let outcome = match own {
            Some(rev) => Outcome { rev, is_revision: true },
            None => self.append(changeset, commit)?,
        };
        Ok((entered, outcome))
    }

    /// The revisions after one, with their numbers.
    fn since(&self, rev: u32) -> Result<Vec<(u32, &Revision)>, Error> {
        let since = self.revisions.get(rev as usize..).ok_or(ErrorKind::OtherHistory { rev: self.head() })?;
        Ok((rev + 1..).zip(since).collect())
    }

    /// Whether a revision can be what the sender of a commit has sent before.
    fn is_of(&self, (rev, revision): (u32, &Revision), commit: &Commit<'_>) -> bool {
        let joined = self.sessions.get(&commit.session).map_or(0, |session| session.joined);
        let is_joined = rev <= joined;
        revision.author == *commit.author && (revision.session == commit.session || is_joined)
    }

    /// The connection of a session of this process.
    fn connection_of(&self, id: &CommitId) -> Option<u64> {
        id.session.to_str()?.strip_prefix(&format!("{}.", self.deaths))?.parse().ok()
    }

    /// What became of a commit that was sent in an earlier session of its author.
    fn outcome(&self, id: &CommitId, author: &Utf16String) -> Option<Outcome> {
        match self.connection_of(id).and_then(|connection| self.numbered.as_ref()?.get(&connection)) {
            Some((of, pipeline)) if of == author => pipeline.outcome(id.seq),
            _ => self.strangers.outcome(id, author),
        }
    }

    fn tell(&mut self, number: &CommitNumber, author: &Utf16String, outcome: Outcome) {
        let Some(id) = &number.first else { return };
        let connection = self.connection_of(id);
        match connection.and_then(|connection| self.numbered.as_mut()?.get_mut(&connection)) {
            Some((of, pipeline)) if of == author => pipeline.tell(id.seq, outcome),
            _ => self.strangers.tell(id, author, outcome),
        }
    }

    fn append(&mut self, changeset: Changeset, commit: &Commit<'_>) -> Result<Outcome, Error> {
        let mut after = self.document().clone();
        after.apply(&changeset, &self.pool)?;
        if after == *self.document() {
            return Ok(Outcome { rev: self.head(), is_revision: false });
        }
        let (rev, time) = (self.head() + 1, commit.now);
        let wire = changeset.prepare_for_wire(&self.pool);
        let members = Outgoing { rev, wire: &wire, author: commit.author, time, time_delta: None }.members();
        let (author, session) = (commit.author.clone(), commit.session);
        self.revisions.push(Revision { changeset, author, session, time, members, after });
        Ok(Outcome { rev, is_revision: true })
    }

    fn answer(&mut self, session: u64, outcome: Outcome, seq: Option<u32>) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.accepts.push((outcome, seq));
        }
    }

    /// What each connection is to be sent now: everything that is written, in order. With each message comes whether it
    /// acknowledges a commit that made no revision without saying so.
    pub fn fan_out(&mut self) -> Vec<(u64, String, bool)> {
        let mut out = Vec::new();
        let (durable, revisions) = (self.durable, &self.revisions);
        let members =
            |rev: u32| revisions.get(rev as usize - 1).map(|revision| revision.members.as_str()).unwrap_or_default();
        for (&id, session) in &mut self.sessions {
            loop {
                let mut limit = durable;
                if let Some(&(Outcome { rev, is_revision }, seq)) = session.accepts.first() {
                    let before = rev - u32::from(is_revision);
                    if session.sent >= before && rev <= durable {
                        out.push((id, accept_commit(rev, seq, is_revision), !is_revision && seq.is_none()));
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

    fn client_vars(&self, author: &Utf16String, numbered: Option<u64>) -> String {
        let own = numbered.map(|session| {
            format!(
                r#""easysync":{{"capabilities":{},"session":"{}.{session}"}},"#,
                CAN_BATCH | CAN_PIPELINE,
                self.deaths
            )
        });
        let at = self.revisions.get((self.durable as usize).wrapping_sub(1));
        let (doc, time) = at.map_or((&self.start, self.began), |revision| (&revision.after, revision.time));
        format!(
            r#"{{"type":"CLIENT_VARS","data":{{{}"userId":{},"collab_client_vars":{{"padId":"pad","rev":{},"time":{time},"initialAttributedText":{},"apool":{}}}}}}}"#,
            own.unwrap_or_default(),
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
