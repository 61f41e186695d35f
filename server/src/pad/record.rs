//! The record of a pad, and how a pad is made from records.

use super::revision::{self, PadError, Revision};
use super::state::PadState;
use crate::authors::AuthorId;
use crate::store::{Put, Store};
use easysync::{
    AText, AttribPool, AttribSet, Builder, Document, Error, PoolForm, Utf16String, Value, json_atext, json_pool,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// A pad as it was found, or made.
pub struct Loaded {
    /// The document and its last revision.
    pub state: PadState,
    /// The revision that the pad's record has.
    pub recorded: u32,
    /// The last chat message; -1 if there is none.
    pub chat_head: i64,
    /// Bookmarks, as clients are told of them.
    pub saved: Vec<Value>,
    /// What must be written if the pad is new.
    pub puts: Vec<Put>,
}

/// The record of a pad, without the document.
#[derive(Debug, Clone)]
pub struct Head {
    /// The head revision.
    pub head: u32,
    /// The last chat message; -1 if there is none.
    pub chat_head: i64,
    /// Bookmarks.
    pub saved: Vec<Value>,
}

impl Loaded {
    /// The record that the pad should have.
    pub fn head(&self) -> Head {
        Head { head: self.state.head, chat_head: self.chat_head, saved: self.saved.clone() }
    }
}

impl Head {
    /// Whether there is nothing in the pad but its first text.
    pub fn is_blank(&self) -> bool {
        self.head == 0 && self.chat_head < 0 && self.saved.is_empty()
    }
}

/// The key of a pad.
pub fn key(pad: &str) -> String {
    format!("pad:{pad}")
}

/// The key of a chat message.
pub fn chat_key(pad: &str, number: i64) -> String {
    format!("pad:{pad}:chat:{number}")
}

/// The record of a pad. O(document).
pub fn put(pad: &str, head: &Head, doc: &Document, pool: &AttribPool) -> Put {
    let value = format!(
        r#"{{"atext":{},"pool":{},"head":{},"chatHead":{},"publicStatus":false,"savedRevisions":{}}}"#,
        json_atext(&doc.to_atext()),
        json_pool(pool, PoolForm::Short),
        head.head,
        head.chat_head,
        Value::List(head.saved.clone())
    );
    (key(pad), value)
}

/// Reads a pad, and moves it past the revisions that its record does not have yet; makes it if there is none.
///
/// # Errors
///
/// [`PadError`]: then it must not be touched.
pub fn load(store: &dyn Store, pad: &str, welcome: &str, now: f64) -> Result<Loaded, PadError> {
    match store.get(&key(pad))? {
        Some(text) => read(store, pad, &text),
        None => create(pad, welcome, now).map_err(|error| PadError::Record { key: key(pad), error }),
    }
}

fn read(store: &dyn Store, pad: &str, text: &str) -> Result<Loaded, PadError> {
    let failed = |error| PadError::Record { key: key(pad), error };
    let broken = || PadError::Broken { key: key(pad) };
    let record = Value::parse(text).map_err(failed)?;
    let mut pool = record.get("pool").ok_or_else(broken)?.to_pool().map_err(failed)?;
    let atext = record.get("atext").ok_or_else(broken)?;
    let text = |name| atext.get(name).and_then(Value::as_text).cloned();
    let atext =
        AText { text: text("text").ok_or_else(broken)?, attribs: text("attribs").ok_or_else(broken)?.to_string() };
    let mut doc = Document::from_atext(&atext, &pool).map_err(failed)?;
    let recorded = record.get("head").and_then(Value::as_integer).ok_or_else(broken)?;
    let mut time = revision::need(store, pad, recorded)?.time;
    let mut head = recorded;
    let mut recent = VecDeque::new();
    for stored in revision::all(store, pad, recorded + 1..u32::MAX).map_while(Result::transpose) {
        let stored = stored?;
        let failed = |error| PadError::Record { key: revision::key(pad, head + 1), error };
        if !stored.extend_pool(&mut pool) {
            return Err(PadError::Broken { key: revision::key(pad, head + 1) });
        }
        doc.apply(&stored.changeset, &pool).map_err(failed)?;
        let before = time;
        time = stored.time;
        head += 1;
        recent.push_back(stored.into_revision(head, before, &pool));
    }
    // Chat messages may be newer than the record, too.
    let mut chat_head = record.get("chatHead").and_then(Value::as_number).unwrap_or(-1.0) as i64;
    while store.get(&chat_key(pad, chat_head + 1))?.is_some() {
        chat_head += 1;
    }
    let saved = record.get("savedRevisions").map(|saved| saved.items().to_vec()).unwrap_or_default();
    let state = PadState { doc, pool, head, time, recent, key: None };
    Ok(Loaded { state, recorded, chat_head, saved, puts: Vec::new() })
}

fn create(pad: &str, welcome: &str, now: f64) -> Result<Loaded, Error> {
    let text = Utf16String::from(welcome.trim_end_matches('\n'));
    let mut builder = Builder::new(1);
    builder.insert(&text, &AttribSet::EMPTY);
    let changeset = builder.finish()?;
    let pool = AttribPool::new();
    let mut doc = Document::new();
    doc.apply(&changeset, &pool)?;
    let first = Revision::new(0, changeset, AuthorId::default(), (now, now), None, &pool);
    let (key, value) = revision::put(pad, &first, (0, &[]));
    let record = Value::parse(&value)?;
    let head = Head { head: 0, chat_head: -1, saved: Vec::new() };
    let puts = vec![(key, revision::key_put(pad, 0, &record, &doc, &pool).1), put(pad, &head, &doc, &pool)];
    let recent = VecDeque::from([Arc::new(first)]);
    let state = PadState { doc, pool, head: 0, time: now, recent, key: None };
    Ok(Loaded { state, recorded: 0, chat_head: -1, saved: Vec::new(), puts })
}
