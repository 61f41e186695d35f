//! One revision: in memory, on the wire, in the store.

use crate::authors::AuthorId;
use crate::socketio;
use crate::store::{Put, Store, StoreError};
use easysync::{
    AttribId, AttribPool, Attribute, Changeset, Document, Error, Outgoing, PoolForm, Value, json_atext, json_pool,
    json_string,
};
use engineioxide::Str;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Every so many revisions the store has the whole document.
pub const KEY_EVERY: u32 = 100;

/// So many records are asked for at once.
const TOGETHER: u32 = 100;

/// Why a pad cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record does not fit the pad.
    #[error("record {key}: {error}")]
    Record {
        /// Its key.
        key: String,
        /// What is wrong.
        error: Error,
    },
    /// A record is missing or is not what it should be.
    #[error("record {key} is missing or broken")]
    Broken {
        /// Its key.
        key: String,
    },
}

/// A revision in memory.
#[derive(Debug)]
pub struct Revision {
    /// Its number.
    pub rev: u32,
    /// What it changes, numbered by the pad's pool.
    pub changeset: Changeset,
    /// Who made it.
    pub author: AuthorId,
    /// When, in milliseconds since 1970.
    pub time: f64,
    /// The session that made it; none for corrections, and for what was read from the store.
    pub session: Option<u64>,
    /// The members of its message.
    pub members: String,
    frame: OnceLock<Str>,
}

impl Revision {
    /// Makes a revision; `before` is the time of the one before it.
    pub fn new(
        rev: u32,
        changeset: Changeset,
        author: AuthorId,
        (before, time): (f64, f64),
        session: Option<u64>,
        pool: &AttribPool,
    ) -> Self {
        let wire = changeset.prepare_for_wire(pool);
        let outgoing = Outgoing { rev, wire: &wire, author: &author, time, time_delta: Some(time - before) };
        let members = outgoing.members();
        Self { rev, changeset, author, time, session, members, frame: OnceLock::new() }
    }

    /// Its `NEW_CHANGES` packet: made once, shared by all who get it.
    pub fn frame(&self) -> Str {
        self.frame.get_or_init(|| socketio::message(&easysync::new_changes(&self.members))).clone()
    }

    /// Its `CLIENT_RECONNECT` packet.
    pub fn reconnect_frame(&self, head: u32, pool: &AttribPool) -> Str {
        let wire = self.changeset.prepare_for_wire(pool);
        let outgoing = Outgoing { rev: self.rev, wire: &wire, author: &self.author, time: self.time, time_delta: None };
        socketio::message(&easysync::client_reconnect(head, &outgoing.members()))
    }
}

/// The record of a revision as the store has it.
#[derive(Debug)]
pub struct Stored {
    /// What it changes, numbered by the pad's pool.
    pub changeset: Changeset,
    /// Who made it.
    pub author: AuthorId,
    /// When.
    pub time: f64,
    /// The record itself, for what else it has.
    pub record: Value,
}

/// The key of a revision.
pub fn key(pad: &str, rev: u32) -> String {
    format!("pad:{pad}:revs:{rev}")
}

/// The record of a revision. `added` are the pool entries that it needs and that no record before it has, with the
/// number of the first: by them the pool is known without writing all of it each time.
pub fn put(pad: &str, revision: &Revision, added: (u32, &[Attribute])) -> Put {
    let mut meta = vec![
        ("author".into(), Value::from(Clone::clone(&*revision.author))),
        ("timestamp".into(), Value::Number(revision.time)),
    ];
    let (first, added) = added;
    if !added.is_empty() {
        let pair = |attribute: &Attribute| {
            Value::List(vec![Value::from(attribute.key.clone()), Value::from(attribute.value.clone())])
        };
        let added = Value::List(added.iter().map(pair).collect());
        meta.push(("poolAdded".into(), Value::object([("first", Value::from(first)), ("attribs", added)])));
    }
    let changeset = json_string(&revision.changeset.to_utf16());
    (key(pad, revision.rev), format!("{{\"changeset\":{changeset},\"meta\":{}}}", Value::Object(meta)))
}

/// The record of a key revision: the same, and the pool and the document after it. O(document).
pub fn key_put(pad: &str, rev: u32, record: &Value, doc: &Document, pool: &AttribPool) -> Put {
    let changeset = record.get("changeset").unwrap_or(&Value::Null);
    let meta = record.get("meta").unwrap_or(&Value::Null).to_string();
    // The two large members go in as text: as values they would be several times their size.
    let meta = meta.strip_suffix('}').unwrap_or_default();
    let (pool, atext) = (json_pool(pool, PoolForm::Full), json_atext(&doc.to_atext()));
    (key(pad, rev), format!("{{\"changeset\":{changeset},\"meta\":{meta},\"pool\":{pool},\"atext\":{atext}}}}}"))
}

/// Reads the record of a revision; `None` if there is none.
pub fn get(store: &dyn Store, pad: &str, rev: u32) -> Result<Option<Stored>, PadError> {
    let key = key(pad, rev);
    store.get(&key)?.map(|text| Stored::parse(&key, &text)).transpose()
}

/// The same, of a revision that must be there.
pub fn need(store: &dyn Store, pad: &str, rev: u32) -> Result<Stored, PadError> {
    get(store, pad, rev)?.ok_or_else(|| PadError::Broken { key: key(pad, rev) })
}

/// Reads the records of revisions one after the other, many at a time; `None` for those that are not there.
pub fn all<'a>(
    store: &'a dyn Store,
    pad: &'a str,
    revs: Range<u32>,
) -> impl Iterator<Item = Result<Option<Stored>, PadError>> + 'a {
    let end = revs.end;
    revs.step_by(TOGETHER as usize).flat_map(move |first| {
        let keys: Vec<_> = (first..end.min(first.saturating_add(TOGETHER))).map(|rev| key(pad, rev)).collect();
        match store.get_all(&keys) {
            Ok(texts) => keys
                .iter()
                .zip(texts)
                .map(|(key, text)| text.map(|text| Stored::parse(key, &text)).transpose())
                .collect(),
            Err(error) => vec![Err(error.into())],
        }
    })
}

/// The same, of revisions that must be there.
pub fn need_all<'a>(
    store: &'a dyn Store,
    pad: &'a str,
    revs: Range<u32>,
) -> impl Iterator<Item = Result<Stored, PadError>> + 'a {
    let first = revs.start;
    let found = (first..).zip(all(store, pad, revs));
    found.map(move |(rev, found)| found?.ok_or_else(|| PadError::Broken { key: key(pad, rev) }))
}

impl Stored {
    fn parse(key: &str, text: &str) -> Result<Self, PadError> {
        let failed = |error| PadError::Record { key: key.to_owned(), error };
        let record = Value::parse(text).map_err(failed)?;
        let broken = || PadError::Broken { key: key.to_owned() };
        let meta = record.get("meta").ok_or_else(broken)?;
        let changeset = record.get("changeset").and_then(Value::as_text).ok_or_else(broken)?;
        Ok(Self {
            changeset: Changeset::parse_lenient_utf16(changeset).map_err(failed)?,
            author: AuthorId::new(meta.get("author").and_then(Value::as_text).cloned().unwrap_or_default()),
            time: meta.get("timestamp").and_then(Value::as_number).unwrap_or_default(),
            record,
        })
    }

    /// Enters into `pool` what this revision added to it. Fails if the numbers do not go on from those in the pool.
    pub fn extend_pool(&self, pool: &mut AttribPool) -> bool {
        let Some(added) = self.record.get("meta").and_then(|meta| meta.get("poolAdded")) else { return true };
        let Some(first) = added.get("first").and_then(Value::as_integer) else { return false };
        let attribs = added.get("attribs").map(Value::items).unwrap_or_default();
        (first..).zip(attribs).all(|(number, pair)| match pair.items() {
            [Value::Text(key), Value::Text(value)] => {
                pool.put(Attribute::new(key.clone(), value.clone())) == AttribId(number)
            }
            _ => false,
        })
    }

    /// Turns the record into a revision in memory.
    pub fn into_revision(self, rev: u32, before: f64, pool: &AttribPool) -> Arc<Revision> {
        Arc::new(Revision::new(rev, self.changeset, self.author, (before, self.time), None, pool))
    }
}
