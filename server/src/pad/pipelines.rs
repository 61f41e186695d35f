//! Commits with numbers: for each session which is next, and what became of the last, also after the session has ended.
//!
//! A connection that is lost leaves commits behind that the server may read later, or never. The client sends them again on
//! the next connection, and says as which they were sent first; so each is taken once, whichever comes first.

use crate::authors::AuthorId;
use easysync::{CommitId, CommitNumber, Outcome, Pipeline, Strangers, UserChanges};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// A session whose next number does not come within this time, though later ones have, is ended. A client that was told to
/// slow down sends again after three seconds.
pub const MAX_STUCK: Duration = Duration::from_secs(10);
/// What became of the commits of a session that has ended is remembered for so long,
const REMEMBERED_FOR: Duration = Duration::from_secs(600);
/// and of no more than so many sessions.
const MAX_ENDED: usize = 4096;

/// A commit with a number.
#[derive(Debug)]
pub struct Numbered {
    pub changes: Box<UserChanges>,
    pub number: CommitNumber,
    /// By which number an acknowledgement is awaited.
    pub ack: Option<u64>,
}

struct Entry {
    pipeline: Pipeline<Numbered>,
    author: AuthorId,
    /// Since when a number is missing.
    stuck_since: Option<Instant>,
}

/// The sessions of a pad that number their commits.
pub struct Pipelines {
    /// What the names of sessions begin with, so that no other server has the same.
    prefix: String,
    sessions: HashMap<u64, Entry>,
    ended: VecDeque<(u64, Instant)>,
    /// For commits that were sent first to another process, or to this one before it began anew, or under another name.
    strangers: Strangers<AuthorId>,
}

impl Pipelines {
    pub fn new(prefix: String) -> Self {
        Self { prefix, sessions: HashMap::new(), ended: VecDeque::new(), strangers: Strangers::default() }
    }

    /// What a client calls its session.
    pub fn name(&self, session: u64) -> String {
        format!("{}{session}", self.prefix)
    }

    /// A session begins, or its client joins once more.
    pub fn join(&mut self, session: u64, author: &AuthorId) {
        let make = || Entry { pipeline: Pipeline::default(), author: author.clone(), stuck_since: None };
        let entry = self.sessions.entry(session).or_insert_with(make);
        entry.pipeline.rejoin();
        (entry.author, entry.stuck_since) = (author.clone(), None);
    }

    /// A session has ended: nothing comes from it any more, but what it has sent can come again.
    pub fn leave(&mut self, session: u64, now: Instant) {
        let Some(entry) = self.sessions.get_mut(&session) else { return };
        entry.pipeline.refuse();
        entry.stuck_since = None;
        self.ended.push_back((session, now));
        let is_old = |ended: &VecDeque<(u64, Instant)>| {
            let (_, since) = ended.front()?;
            (ended.len() > MAX_ENDED || now.duration_since(*since) > REMEMBERED_FOR).then_some(())
        };
        while is_old(&self.ended).is_some()
            && let Some((session, _)) = self.ended.pop_front()
        {
            self.sessions.remove(&session);
        }
    }

    /// Whether a session numbers its commits.
    pub fn has(&self, session: u64) -> bool {
        self.sessions.contains_key(&session)
    }

    /// The commits of a session.
    pub fn get(&mut self, session: u64) -> Option<&mut Pipeline<Numbered>> {
        self.sessions.get_mut(&session).map(|entry| &mut entry.pipeline)
    }

    /// What became of a commit that was sent in an earlier session of its author.
    pub fn outcome(&self, id: &CommitId, author: &AuthorId) -> Option<Outcome> {
        match self.session_of(id).and_then(|session| self.sessions.get(&session)) {
            Some(entry) if entry.author == *author => entry.pipeline.outcome(id.seq),
            _ => self.strangers.outcome(id, author),
        }
    }

    /// A commit of an earlier session of an author was done: should it come in that one as well, it is known.
    pub fn tell(&mut self, id: &CommitId, author: &AuthorId, outcome: Outcome) {
        match self.session_of(id).and_then(|session| self.sessions.get_mut(&session)) {
            Some(entry) if entry.author == *author => entry.pipeline.tell(id.seq, outcome),
            _ => self.strangers.tell(id, author, outcome),
        }
    }

    fn session_of(&self, id: &CommitId) -> Option<u64> {
        id.session.to_str()?.strip_prefix(&self.prefix)?.parse().ok()
    }

    /// Looks whether a session waits for a number.
    pub fn look(&mut self, session: u64, now: Instant) {
        if let Some(entry) = self.sessions.get_mut(&session) {
            entry.stuck_since = entry.pipeline.is_stuck().then(|| entry.stuck_since.unwrap_or(now));
        }
    }

    /// When a session will have waited too long for a number, if any waits.
    pub fn wake(&self) -> Option<Instant> {
        self.sessions.values().filter_map(|entry| entry.stuck_since).min().map(|since| since + MAX_STUCK)
    }

    /// Sessions that have waited too long; what they have sent is good for nothing.
    pub fn evict(&mut self, now: Instant) -> Vec<u64> {
        let is_over = |entry: &Entry| entry.stuck_since.is_some_and(|since| now.duration_since(since) >= MAX_STUCK);
        let stuck = self.sessions.iter_mut().filter(|(_, entry)| is_over(entry));
        let evicted = stuck.map(|(session, entry)| {
            entry.pipeline.refuse();
            entry.stuck_since = None;
            *session
        });
        evicted.collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;
    use easysync::{AttribPool, Changeset, Turn, Wire};

    const OUTCOME: Outcome = Outcome { rev: 5, is_revision: true };

    fn author(name: &str) -> AuthorId {
        AuthorId::new(name.into())
    }

    fn commit(seq: u32) -> Numbered {
        let wire = Wire { changeset: Changeset::parse("Z:1>0$").unwrap(), pool: AttribPool::new() };
        let number = CommitNumber { seq, ..CommitNumber::default() };
        Numbered { changes: Box::new(UserChanges { base_rev: 0, wire, number: None }), number, ack: None }
    }

    fn with_sessions(sessions: &[u64]) -> Pipelines {
        let mut pipelines = Pipelines::new("x.".to_owned());
        sessions.iter().for_each(|session| pipelines.join(*session, &author("a.me")));
        pipelines
    }

    #[test]
    fn a_number_is_waited_for_but_not_for_ever() {
        let (mut pipelines, start) = (with_sessions(&[1, 2]), Instant::now());
        pipelines.get(1).unwrap().hold(1, commit(1));
        for second in 0..3 {
            pipelines.look(1, start + Duration::from_secs(second));
            pipelines.look(2, start);
        }
        assert_eq!(pipelines.wake(), Some(start + MAX_STUCK));
        assert!(pipelines.evict(start + MAX_STUCK - Duration::from_millis(1)).is_empty());
        assert_eq!(pipelines.evict(start + MAX_STUCK), [1]);
        assert_eq!((pipelines.wake(), pipelines.get(1).unwrap().is_stuck()), (None, false));
        assert_eq!([1, 2].map(|session| pipelines.get(session).unwrap().turn(0)), [Turn::Stale, Turn::Now]);
        // When it comes in time, nothing is waited for any more.
        let mut pipelines = with_sessions(&[1]);
        pipelines.get(1).unwrap().hold(1, commit(1));
        pipelines.look(1, start);
        pipelines.get(1).unwrap().tell(0, OUTCOME);
        assert_eq!(pipelines.get(1).unwrap().release().unwrap().number.seq, 1);
        pipelines.look(1, start);
        assert_eq!(pipelines.wake(), None);
    }

    #[test]
    fn what_became_of_a_commit_is_known_after_its_session_but_to_its_author_only() {
        let (mut pipelines, start) = (with_sessions(&[1]), Instant::now());
        let id = CommitId { session: pipelines.name(1).as_str().into(), seq: 0 };
        pipelines.get(1).unwrap().tell(0, OUTCOME);
        pipelines.leave(1, start);
        assert_eq!(pipelines.outcome(&id, &author("a.me")), Some(OUTCOME));
        assert_eq!(pipelines.outcome(&id, &author("a.you")), None);
        let other = CommitId { session: "y.1".into(), seq: 0 };
        assert_eq!(pipelines.outcome(&other, &author("a.me")), None);
        // Forgotten when there are too many, or much later.
        for session in 2..=MAX_ENDED as u64 + 1 {
            pipelines.join(session, &author("a.me"));
            pipelines.leave(session, start);
        }
        assert!(!pipelines.has(1) && pipelines.has(2));
        pipelines.join(9_999, &author("a.me"));
        pipelines.leave(9_999, start + REMEMBERED_FOR + Duration::from_secs(1));
        assert!(!pipelines.has(2) && pipelines.has(9_999));
    }

    #[test]
    fn what_was_sent_first_to_another_server_is_known_when_it_has_come_once() {
        let mut pipelines = with_sessions(&[1]);
        let id = CommitId { session: "y.1".into(), seq: 0 };
        pipelines.tell(&id, &author("a.me"), Outcome { rev: 4, is_revision: false });
        assert_eq!(pipelines.outcome(&id, &author("a.me")), None);
        pipelines.tell(&id, &author("a.me"), OUTCOME);
        assert_eq!(pipelines.outcome(&id, &author("a.me")), Some(OUTCOME));
        assert_eq!(pipelines.outcome(&id, &author("a.you")), None);
        // There is an end to what is remembered, and to how much it takes.
        let long = CommitId { session: "y".repeat(65).as_str().into(), seq: 0 };
        pipelines.tell(&long, &author("a.me"), OUTCOME);
        assert_eq!(pipelines.outcome(&long, &author("a.me")), None);
        for seq in 1..=1024 {
            pipelines.tell(&CommitId { session: "y.1".into(), seq }, &author("a.me"), OUTCOME);
        }
        assert_eq!(pipelines.outcome(&id, &author("a.me")), None);
    }

    #[test]
    fn nobody_tells_of_the_commits_of_someone_else() {
        let mut pipelines = with_sessions(&[1]);
        let id = CommitId { session: "x.1".into(), seq: 0 };
        pipelines.tell(&id, &author("a.you"), OUTCOME);
        assert_eq!(pipelines.get(1).unwrap().turn(0), Turn::Now);
        assert_eq!(pipelines.outcome(&id, &author("a.me")), None);
        // The author may be another one since: then only that one knows.
        assert_eq!(pipelines.outcome(&id, &author("a.you")), Some(OUTCOME));
        pipelines.tell(&id, &author("a.me"), OUTCOME);
        assert_eq!(pipelines.get(1).unwrap().turn(0), Turn::Known(OUTCOME));
    }
}
