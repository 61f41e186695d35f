//! `.etherpad` files in: a pad with all its revisions, in the place of one that nobody has written in.

use crate::pad::record::{self, Head};
use crate::pad::revision::{self, KEY_EVERY, PadError};
use crate::pads::Shared;
use crate::store::{Put, StoreError, is_key};
use easysync::{AttribPool, Changeset, Document, Error, EtherpadFile, FileError, Value};
use std::collections::HashMap;

/// The largest file that is taken, in bytes. What is made of it in memory takes some times as much.
pub(crate) const MAX_FILE: usize = 32 << 20;
/// Records that are read at once.
const RECORDS: u32 = 1000;

/// A file's records by their names.
type Records<'a> = HashMap<String, &'a Value>;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// Somebody has written under the name.
    #[error("this pad has been written in; a file needs a new one")]
    PadHasData,
    /// The file is not what it should be.
    #[error(transparent)]
    File(#[from] FileError),
    /// The same, where the record is not known.
    #[error("the file: {0}")]
    Broken(#[from] Error),
    /// A record is not what it should be.
    #[error("record {0}: cannot be used")]
    Record(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pad that is there cannot be read.
    #[error(transparent)]
    Pad(#[from] PadError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl ImportError {
    /// As Etherpad's page knows it.
    pub fn status(&self) -> &'static str {
        match self {
            Self::PadHasData => "padHasData",
            Self::File(_) | Self::Broken(_) | Self::Record(_) => "uploadFailed",
            Self::Store(_) | Self::Pad(_) | Self::Stopping => "internalError",
        }
    }
}

/// Makes a pad of a file. When it returns, the pad is durable. Blocks.
pub(crate) fn import(shared: &Shared, pad: &str, file: &[u8]) -> Result<(), ImportError> {
    let puts = puts(shared, pad, file)?;
    if !shared.begin_import(pad)? {
        return Err(ImportError::PadHasData);
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    shared.writer.write(puts, move || {
        let _nobody_waits = sender.send(());
    });
    // If the writer fails, it lets go of the sender.
    let is_written = receiver.recv().is_ok();
    shared.end_import(pad);
    if is_written { Ok(()) } else { Err(ImportError::Stopping) }
}

/// The records of the pad, in our form: nothing but what we know of goes into the store, and the documents of key revisions are made
/// anew, because those in the file may be wrong.
fn puts(shared: &Shared, pad: &str, bytes: &[u8]) -> Result<Vec<Put>, ImportError> {
    check(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|_| ImportError::Record("(first)".to_owned()))?;
    let file = Value::parse(text)?;
    let file: Records<'_> = file.members().iter().map(|(key, value)| (key.to_string(), value)).collect();
    let names = file.keys().filter_map(|key| key.strip_prefix("pad:"));
    let old_name = names.filter(|name| !name.contains(':')).min().map(str::to_owned);
    let old_name = old_name.ok_or_else(|| ImportError::Record("pad:".to_owned()))?;
    let need = |key: String| file.get(&key).copied().ok_or(ImportError::Record(key));
    let unusable = |key: &str| ImportError::Record(key.to_owned());
    let pad_key = record::key(&old_name);
    let kept = need(pad_key.clone())?;
    let head = kept.get("head").and_then(Value::as_integer).ok_or_else(|| unusable(&pad_key))?;
    let pool = kept.get("pool").ok_or_else(|| unusable(&pad_key))?.to_pool()?;
    let chat_head =
        kept.get("chatHead").and_then(Value::as_number).unwrap_or(-1.0).clamp(-1.0, f64::from(u32::MAX)) as i64;

    let mut puts = Vec::new();
    let mut doc = Document::new();
    for rev in 0..=head {
        let key = revision::key(&old_name, rev);
        let found = need(key.clone())?;
        let changeset = found.get("changeset").and_then(Value::as_text).ok_or_else(|| unusable(&key))?;
        doc.apply(&Changeset::parse_lenient_utf16(changeset)?, &pool).map_err(|_| unusable(&key))?;
        let meta = found.get("meta");
        let member = |name: &str, other: Value| meta.and_then(|meta| meta.get(name)).cloned().unwrap_or(other);
        let own = Value::object([
            ("changeset", Value::from(changeset.clone())),
            (
                "meta",
                Value::object([
                    ("author", member("author", "".into())),
                    ("timestamp", member("timestamp", Value::Number(0.0))),
                ]),
            ),
        ]);
        puts.push(match rev % KEY_EVERY {
            0 => revision::key_put(pad, rev, &own, &doc, &pool),
            _ => (revision::key(pad, rev), own.to_string()),
        });
    }
    // A gap would end the chat for the server as well.
    let mut last_chat = -1;
    while last_chat < chat_head
        && let Some(message) = file.get(&record::chat_key(&old_name, last_chat + 1))
    {
        last_chat += 1;
        puts.push((record::chat_key(pad, last_chat), message.to_string()));
    }
    let saved = kept.get("savedRevisions").map(|saved| saved.items().to_vec()).unwrap_or_default();
    puts.push(record::put(pad, &Head { head, chat_head: last_chat, saved }, &doc, &pool));
    puts.extend(authors(shared, pad, &file, &pool)?);
    Ok(puts)
}

/// Reads the file as the history page does, which tells what is wrong with it.
fn check(bytes: &[u8]) -> Result<(), FileError> {
    let mut file = EtherpadFile::new();
    for part in bytes.chunks(1 << 18) {
        file.push(part);
        while !file.advance(RECORDS)?.needs_more {}
    }
    file.finish().map(drop)
}

/// Names and colours of authors whom the server does not know. Nobody's name is changed by a file.
fn authors(shared: &Shared, pad: &str, file: &Records<'_>, pool: &AttribPool) -> Result<Vec<Put>, ImportError> {
    let mut puts = Vec::new();
    let named = pool.iter().map(|(_, attribute)| attribute).filter(|attribute| attribute.key == "author");
    for attribute in named.filter(|attribute| !attribute.value.is_empty()) {
        let key = format!("globalAuthor:{}", attribute.value);
        if let Some(found) = file.get(&key)
            && is_key(&key)
            && shared.store.get(&key)?.is_none()
        {
            let member = |name: &str| found.get(name).cloned().unwrap_or(Value::Null);
            let own = Value::object([
                ("colorId", member("colorId")),
                ("name", member("name")),
                ("timestamp", member("timestamp")),
                ("padIDs", Value::from(pad)),
            ]);
            puts.push((key, own.to_string()));
        }
    }
    Ok(puts)
}
