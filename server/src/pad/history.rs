//! What a pad was: documents at revisions, and parts of the history. Reads the store, so it blocks.

use super::revision::{self, KEY_EVERY, PadError};
use crate::store::Store;
use easysync::{
    AText, AttribPool, Changeset, ChangesetRequest, Document, Error, OutgoingHistory, UnknownAttrib, Value,
};

/// One request covers at most so many steps.
const MAX_STEPS: f64 = 100.0;
/// How old a revision may be that a reader gets of a closed history, in milliseconds: pages that were away for a moment ask for what
/// they missed, which they would have seen.
const RECENT_MS: f64 = 600_000.0;

/// What is needed to read a pad's history.
pub struct History<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// The pad's id.
    pub pad: &'a str,
    /// The pad's pool: of now, or of any revision after those that are read.
    pub pool: &'a AttribPool,
    /// The last revision that is durable.
    pub head: u32,
}

/// Why a part of the history is not given.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The request makes no sense.
    #[error("{0}")]
    Request(&'static str),
    /// It is kept from those who may only read.
    #[error("the history is closed to readers")]
    Closed,
    /// The pad cannot be read.
    #[error(transparent)]
    Pad(#[from] PadError),
    /// The pad's changesets do not fit each other.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl History<'_> {
    /// The document at a revision: from the key revision before it, or an earlier one if that is not there. O(document +
    /// revisions between).
    ///
    /// # Errors
    ///
    /// [`PadError`].
    pub fn document_at(&self, rev: u32) -> Result<Document, PadError> {
        let mut key = rev - rev % KEY_EVERY;
        let (mut doc, first) = loop {
            if let Some(doc) = self.key_document(key)? {
                break (doc, key + 1);
            }
            match key.checked_sub(KEY_EVERY) {
                Some(earlier) => key = earlier,
                None => break (Document::new(), 0),
            }
        };
        for (rev, stored) in (first..).zip(revision::need_all(self.store, self.pad, first..rev + 1)) {
            doc.apply(&stored?.changeset, self.pool).map_err(|error| self.record_error(rev, error))?;
        }
        Ok(doc)
    }

    fn key_document(&self, rev: u32) -> Result<Option<Document>, PadError> {
        let stored = revision::need(self.store, self.pad, rev)?;
        let Some(atext) = stored.record.get("meta").and_then(|meta| meta.get("atext")) else { return Ok(None) };
        let text = |name| atext.get(name).and_then(Value::as_text).cloned().unwrap_or_default();
        let atext = AText { text: text("text"), attribs: text("attribs").to_string() };
        Document::from_atext(&atext, self.pool).map(Some).map_err(|error| self.record_error(rev, error))
    }

    fn record_error(&self, rev: u32, error: Error) -> PadError {
        PadError::Record { key: revision::key(self.pad, rev), error }
    }

    /// Refuses what a reader may not have of a closed history: all but single revisions that were made within the last minutes.
    ///
    /// # Errors
    ///
    /// [`HistoryError::Closed`], [`HistoryError::Pad`].
    pub fn check_recent(&self, request: &ChangesetRequest, now: f64) -> Result<(), HistoryError> {
        let is_one = request.granularity == 1.0 && (1.0..=f64::from(self.head)).contains(&request.start);
        if is_one && now - revision::need(self.store, self.pad, request.start as u32)?.time <= RECENT_MS {
            return Ok(());
        }
        Err(HistoryError::Closed)
    }

    /// Answers `CHANGESET_REQ`: steps of `granularity` revisions each, forwards and backwards.
    ///
    /// # Errors
    ///
    /// [`HistoryError`]; a request for nothing, or with a step that is no step, gets an answer without steps.
    pub fn answer(&self, request: ChangesetRequest) -> Result<OutgoingHistory, HistoryError> {
        let ChangesetRequest { start, granularity, request_id } = request;
        if !(start.is_finite() && start >= 0.0 && start.fract() == 0.0) {
            return Err(HistoryError::Request("start is not a revision"));
        }
        if !(granularity.is_finite() && granularity.fract() == 0.0) {
            return Err(HistoryError::Request("granularity is not a whole number"));
        }
        let head = f64::from(self.head);
        let start = start.min(head);
        let end = (start + MAX_STEPS * granularity).min(head + 1.0);
        let end = (end / granularity).floor() * granularity;
        let actual_end = end.is_finite().then_some(end);
        let mut answer =
            OutgoingHistory { start, granularity, actual_end, request_id, steps: Vec::new(), pool: AttribPool::new() };
        // Both fit, because they are not above the head.
        let is_possible = granularity >= 1.0 && start + granularity <= end;
        let (start, step, end) = (start as u32, granularity as u32, if is_possible { end as u32 } else { 0 });
        if !is_possible {
            return Ok(answer);
        }
        let mut doc = match start.checked_sub(1) {
            Some(before) => self.document_at(before)?,
            None => Document::new(),
        };
        // Inverses need attributes that say "no more"; they are entered into a copy.
        let mut pool = self.pool.clone();
        let mut time = match start.checked_sub(1) {
            Some(before) => revision::need(self.store, self.pad, before)?.time,
            None => revision::need(self.store, self.pad, 0)?.time,
        };
        let mut revisions = revision::need_all(self.store, self.pad, start..end);
        let mut rev = start;
        while rev + step <= end {
            let mut changesets = Vec::with_capacity(step as usize);
            let begin = time;
            for stored in revisions.by_ref().take(step as usize) {
                let stored = stored?;
                changesets.push(stored.changeset);
                time = stored.time;
            }
            let forwards = compose_all(changesets, &pool)?;
            let backwards = forwards.inverse(&doc, &mut pool)?;
            doc.apply(&forwards, &pool)?;
            let mut to_answer =
                |changeset: Changeset| changeset.move_to_pool(&pool, &mut answer.pool, UnknownAttrib::Drop);
            let (forwards, backwards) = (to_answer(forwards)?, to_answer(backwards)?);
            answer.steps.push((forwards, backwards, time - begin));
            rev += step;
        }
        Ok(answer)
    }
}

/// One changeset instead of many. In pairs, so that the long ones are few.
fn compose_all(mut changesets: Vec<Changeset>, pool: &AttribPool) -> Result<Changeset, HistoryError> {
    while changesets.len() > 1 {
        let mut composed = Vec::with_capacity(changesets.len().div_ceil(2));
        let mut rest = changesets.into_iter();
        while let Some(first) = rest.next() {
            composed.push(match rest.next() {
                Some(second) => first.compose(&second, pool)?,
                None => first,
            });
        }
        changesets = composed;
    }
    changesets.pop().ok_or(HistoryError::Request("a step without revisions"))
}
