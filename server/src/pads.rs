//! All pads: which are open, and by which ids they are known.

use crate::authors::{Authors, random_letters};
use crate::config::{Batching, Config};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::owners::Owners;
use crate::pad::revision::PadError;
use crate::pad::{Message, Pad, PadHandle, record};
use crate::store::{Store, StoreError, Writer};
use easysync::Value;
use rand::Rng;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, oneshot};

/// So many parts of histories and exports are read at once.
const MAX_READERS: usize = 4;
/// The longest name of a pad, in characters.
const MAX_NAME: usize = 50;

/// What all pads use.
pub(crate) struct Shared {
    pub store: Arc<dyn Store>,
    pub writer: Arc<Writer>,
    pub authors: Authors,
    /// Which pads other processes have.
    pub owners: Owners,
    /// The text of a new pad.
    pub welcome: String,
    /// Whether those who may only read are kept from the history.
    pub closed_history: bool,
    /// Who gets several revisions in one message.
    pub batching: Batching,
    pub limits: Limits,
    pub metrics: Arc<Metrics>,
    pub readers: Arc<Semaphore>,
    open: Mutex<HashMap<String, PadHandle>>,
    read_only: Mutex<HashMap<String, String>>,
    is_stopping: Mutex<bool>,
    /// Pads that are being made from files.
    importing: Mutex<HashSet<String>>,
}

/// A pad that a client or a page asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The pad's own id.
    pub id: String,
    /// Whether it was asked for by its read-only id.
    pub read_only: bool,
}

impl Shared {
    pub fn new(
        store: Arc<dyn Store>,
        writer: Arc<Writer>,
        owners: Owners,
        metrics: Arc<Metrics>,
        config: &Config,
    ) -> Arc<Self> {
        Arc::new(Self {
            authors: Authors::new(store.clone(), writer.clone()),
            owners,
            store,
            writer,
            welcome: config.welcome.clone(),
            closed_history: config.closed_history,
            batching: config.new_changes_batch,
            limits: config.limits(),
            metrics,
            readers: Arc::new(Semaphore::new(MAX_READERS)),
            open: Mutex::default(),
            read_only: Mutex::default(),
            is_stopping: Mutex::new(false),
            importing: Mutex::default(),
        })
    }

    /// Takes a name for a pad that is made from a file; false if anything has been written under it, or another file is being
    /// taken. A pad that nobody has written in is closed for it. Blocks.
    pub fn begin_import(&self, id: &str) -> Result<bool, PadError> {
        let closing = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.owners.hold(id) {
                return Err(StoreError("another process has the pad".into()).into());
            }
            // From here on nobody opens the pad, and no other process gets it.
            if !self.importing.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned()) {
                return Ok(false);
            }
            open.get(id).map(|pad| {
                let (sender, receiver) = oneshot::channel();
                pad.tell(Message::Vacate(sender));
                receiver
            })
        };
        let is_free = match closing {
            Some(closed) => Ok(closed.blocking_recv().is_ok()),
            None => record::load(self.store.as_ref(), id, "", 0.0).map(|loaded| loaded.head().is_blank()),
        };
        if !matches!(is_free, Ok(true)) {
            self.end_import(id);
        }
        is_free
    }

    /// The pad is there, or will not be.
    pub fn end_import(&self, id: &str) {
        self.importing.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Hands a message to a pad, which is opened if it is not. `None` when the server is stopping, or makes the pad from a file, or
    /// when the pad is not ours.
    pub fn send(self: &Arc<Self>, id: &str, message: Message) -> Option<PadHandle> {
        // The lock is held while sending, so that a pad which is about to close sees the message and stays.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner) {
            return None;
        }
        if self.importing.lock().unwrap_or_else(PoisonError::into_inner).contains(id) || !self.owners.hold(id) {
            return None;
        }
        let handle = open.entry(id.to_owned()).or_insert_with(|| Pad::start(id.to_owned(), self.clone()));
        handle.send(message);
        Some(handle.clone())
    }

    /// Takes a pad out of the list if nothing is waiting for it; called by the pad itself, which ends then.
    pub fn forget(&self, id: &str, nothing_waits: impl FnOnce() -> bool) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        nothing_waits() && {
            open.remove(id);
            true
        }
    }

    /// How many pads are open.
    pub fn open_pads(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many authors each open pad has.
    pub fn authors_of_pads(&self) -> Vec<usize> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().map(PadHandle::authors).collect()
    }

    /// Gives back pads that nobody needs here any more, once all that was written in them is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn give_back(&self) -> Result<(), StoreError> {
        let unused = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let importing = self.importing.lock().unwrap_or_else(PoisonError::into_inner);
            let is_used = |pad: &str| open.contains_key(pad) || importing.contains(pad);
            self.owners.forget_unused(Instant::now(), is_used)
        };
        if unused.is_empty() {
            return Ok(());
        }
        let (sender, written) = oneshot::channel();
        self.writer.write(Vec::new(), move || {
            let _nobody_waits = sender.send(());
        });
        match written.await {
            Ok(()) => self.owners.give_back(unused).await,
            // The store has failed, and with it all locks are gone.
            Err(_) => Ok(()),
        }
    }

    /// Closes all pads as they are: the store has failed, or others may have them. Nothing can be opened any more.
    pub fn abandon(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        open.values().for_each(|handle| handle.tell(Message::Abandon));
    }

    /// Writes and closes all pads. Nothing can be opened any more.
    pub async fn stop(&self) {
        let mut stopped = Vec::new();
        {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            *self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
            for handle in open.values() {
                let (sender, receiver) = oneshot::channel();
                if handle.send(Message::Stop(sender)) {
                    stopped.push(receiver);
                }
            }
        }
        for stopped in stopped {
            drop(stopped.await);
        }
    }

    /// Whether a pad has been made. One that is open may not have reached the store yet.
    pub fn exists(&self, id: &str) -> Result<bool, StoreError> {
        let is_open = self.open.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id);
        Ok(is_open || self.store.get(&record::key(id))?.is_some())
    }

    /// The pad that is meant by an id; `None` if there can be none.
    pub fn find(&self, id: &str) -> Result<Option<Found>, StoreError> {
        if is_read_only_id(id) {
            let cached = self.read_only.lock().unwrap_or_else(PoisonError::into_inner);
            let known = cached.iter().find(|(_, read_only)| *read_only == id).map(|(pad, _)| pad.clone());
            drop(cached);
            let pad = match known {
                Some(pad) => Some(pad),
                None => stored_text(self.store.get(&format!("readonly2pad:{id}"))?),
            };
            return Ok(pad.map(|id| Found { id, read_only: true }));
        }
        let id = sanitize(id);
        Ok(is_name(&id).then_some(Found { id, read_only: false }))
    }

    /// The id by which a pad can only be read; made when it is asked for first.
    pub fn read_only_id(&self, pad: &str) -> Result<String, StoreError> {
        let mut cached = self.read_only.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = cached.get(pad) {
            return Ok(id.clone());
        }
        let id = match stored_text(self.store.get(&format!("pad2readonly:{pad}"))?) {
            Some(id) => id,
            None => {
                let id = format!("r.{:032x}", rand::rng().random::<u128>());
                let text = |text: &str| Value::from(text).to_string();
                let puts = vec![(format!("pad2readonly:{pad}"), text(&id)), (format!("readonly2pad:{id}"), text(pad))];
                self.writer.write(puts, || ());
                id
            }
        };
        cached.insert(pad.to_owned(), id.clone());
        Ok(id)
    }
}

fn stored_text(stored: Option<String>) -> Option<String> {
    Value::parse(&stored?).ok()?.as_text()?.to_str()
}

fn is_read_only_id(id: &str) -> bool {
    id.strip_prefix("r.").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The name under which a pad is kept: white space and colons become `_`, because colons part the keys of the store.
pub(crate) fn sanitize(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    let mut was_space = false;
    for c in name.chars() {
        match c {
            c if c.is_whitespace() && !c.is_control() => {
                if !was_space {
                    clean.push('_');
                }
                was_space = true;
                continue;
            }
            ':' => clean.push('_'),
            c => clean.push(c),
        }
        was_space = false;
    }
    clean
}

/// Whether a name, after [`sanitize`], can be that of a pad.
pub(crate) fn is_name(name: &str) -> bool {
    let is_good = |c: char| !c.is_control() && !matches!(c, '$' | '/' | ':');
    (1..=MAX_NAME).contains(&name.chars().count()) && name != "." && name != ".." && name.chars().all(is_good)
}

/// A name for a pad that nobody has.
pub(crate) fn random_name() -> String {
    random_letters(12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_checked() {
        assert_eq!(sanitize("my  pad: one"), "my_pad__one");
        assert_eq!(sanitize("größe😀"), "größe😀");
        let fifty = "x".repeat(50);
        assert!(["a", "größe😀", "a.b", fifty.as_str()].into_iter().all(is_name));
        let long = "x".repeat(51);
        assert!(!["", "a$b", "a/b", "a:b", "a\nb", ".", "..", long.as_str()].into_iter().any(is_name));
        assert!(is_read_only_id(&format!("r.{:032x}", 7u128)) && !is_read_only_id("r.12") && !is_read_only_id("abc"));
        assert!(is_name(&random_name()));
    }
}
