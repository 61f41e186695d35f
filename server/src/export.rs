//! Pads as files: plain text, HTML, and Etherpad's own format with the whole history.

use crate::authors::AuthorId;
use crate::pad::revision::{self, KEY_EVERY, PadError};
use crate::pad::{Snapshot, record};
use crate::pads::Shared;
use bytes::Bytes;
use easysync::{AttribPool, Document, Error, Value, json_string, to_plain_text};
use tokio::sync::mpsc;

/// A part of an export has about so many bytes.
const CHUNK: usize = 64 * 1024;

/// The text for people, as Etherpad exports it; halves of surrogate pairs become U+FFFD. O(document).
///
/// # Errors
///
/// As [`easysync::to_plain_text`].
pub fn export_txt(doc: &Document, pool: &AttribPool) -> Result<String, Error> {
    Ok(String::from_utf16_lossy(&to_plain_text(doc, pool)?))
}

/// Writes a pad with its whole history as one JSON object, in parts. `name` stands for the pad in all keys. Blocks; ends
/// early if nobody takes the parts any more.
pub(crate) fn export_etherpad(
    shared: &Shared,
    pad: &str,
    name: &str,
    snapshot: &Snapshot,
    parts: &mpsc::Sender<Result<Bytes, PadError>>,
) {
    let mut sink = Sink { parts, buffer: String::from("{"), is_first: true };
    if let Err(Stop::Failed(error)) = write_etherpad(shared, pad, name, snapshot, &mut sink) {
        tracing::error!(pad, %error, "export failed");
        // An error breaks the transfer off, so that nobody takes half a pad for a whole one.
        drop(parts.blocking_send(Err(error)));
    }
}

enum Stop {
    Failed(PadError),
    NobodyListens,
}

impl<E: Into<PadError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn write_etherpad(
    shared: &Shared,
    pad: &str,
    name: &str,
    snapshot: &Snapshot,
    sink: &mut Sink<'_>,
) -> Result<(), Stop> {
    let store = shared.store.as_ref();
    let Snapshot { doc, pool, head } = snapshot;
    let (key, record) = record::put(name, head, doc, pool);
    sink.put(&key, &record)?;
    for (_, attribute) in pool.iter().filter(|(_, attribute)| attribute.key == "author" && !attribute.value.is_empty())
    {
        let id = AuthorId::new(attribute.value.clone());
        if let Some(author) = shared.authors.get(&id)? {
            let mut record = author.to_record();
            record.set("padIDs", Value::from(name));
            sink.put(&format!("globalAuthor:{id}"), &record.to_string())?;
        }
    }
    // Key revisions can lack their document, if it was still being written; so the documents are made along the way.
    let mut doc = Document::new();
    let mut known = AttribPool::new();
    for (rev, stored) in (0..).zip(revision::need_all(store, pad, 0..head.head + 1)) {
        let stored = stored?;
        if !stored.extend_pool(&mut known) {
            known = pool.clone();
        }
        let failed = |error| PadError::Record { key: revision::key(pad, rev), error };
        doc.apply(&stored.changeset, pool).map_err(failed)?;
        let has_atext = stored.record.get("meta").is_some_and(|meta| meta.get("atext").is_some());
        let (key, record) = if rev % KEY_EVERY == 0 && !has_atext {
            revision::key_put(name, rev, &stored.record, &doc, &known)
        } else {
            (revision::key(name, rev), stored.record.to_string())
        };
        sink.put(&key, &record)?;
    }
    for number in 0..=head.chat_head {
        if let Some(message) = store.get(&record::chat_key(pad, number))? {
            sink.put(&record::chat_key(name, number), &message)?;
        }
    }
    sink.finish()
}

struct Sink<'a> {
    parts: &'a mpsc::Sender<Result<Bytes, PadError>>,
    buffer: String,
    is_first: bool,
}

impl Sink<'_> {
    fn put(&mut self, key: &str, value: &str) -> Result<(), Stop> {
        if !std::mem::take(&mut self.is_first) {
            self.buffer.push(',');
        }
        self.buffer.push_str(&json_string(&key.encode_utf16().collect::<Vec<_>>()));
        self.buffer.push(':');
        self.buffer.push_str(value);
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let part = Bytes::from(std::mem::take(&mut self.buffer));
        self.parts.blocking_send(Ok(part)).map_err(|_| Stop::NobodyListens)
    }

    fn finish(&mut self) -> Result<(), Stop> {
        self.buffer.push('}');
        self.flush()
    }
}

/// Parts as a stream that an answer can be made of.
pub(crate) fn stream(
    receiver: mpsc::Receiver<Result<Bytes, PadError>>,
) -> impl futures_util::Stream<Item = Result<Bytes, PadError>> {
    futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}
