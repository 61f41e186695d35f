//! Which process has a pad, when several share one store: the one that has the pad's lock. See `docs/storage.md`.

use crate::authors::random_letters;
use crate::store::{Peers, Store, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// A pad that nobody has open is kept for so long.
const KEEP: Duration = Duration::from_secs(30);
/// If a lock is given back just when it is asked for, it is asked for again so often, after so long.
const TRIES: u32 = 20;
const RETRY: Duration = Duration::from_millis(50);
/// What others know a process by, in bytes: PostgreSQL takes no longer ones.
const MAX_PEER: usize = 63;
const SECRET_LEN: usize = 10;

/// Who has a pad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This process.
    Us,
    /// Another.
    Other(Peer),
}

/// Another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Host and port.
    pub address: String,
    /// By this it knows that a request comes from one of the processes, not from a client that only says so.
    pub secret: String,
}

impl Peer {
    /// A process that others reach at an address; `None` if that is too long.
    fn new(address: &str) -> Option<Self> {
        let peer = Self { address: address.to_owned(), secret: random_letters(SECRET_LEN) };
        (peer.name().len() <= MAX_PEER).then_some(peer)
    }

    fn name(&self) -> String {
        format!("{}@{}", self.secret, self.address)
    }

    fn from_name(name: &str) -> Option<Self> {
        let (secret, address) = name.split_once('@')?;
        Some(Self { address: address.to_owned(), secret: secret.to_owned() })
    }
}

/// The pads that are ours.
pub(crate) struct Owners {
    /// None if nobody else can have any.
    shared: Option<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    own: Peer,
    /// The pads whose locks we have, and since when nobody has asked for them.
    held: Mutex<HashMap<String, Instant>>,
    /// Locks are taken one at a time, so that each is taken once.
    taking: tokio::sync::Mutex<()>,
}

impl Owners {
    /// Tells the others at which address this process is. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if the address is too long.
    pub fn start(store: Arc<dyn Store>, address: &str) -> Result<Self, StoreError> {
        let Some(peers) = store.peers() else { return Ok(Self { shared: None }) };
        let too_long = || StoreError(format!("{address} is too long for an address").into());
        let own = Peer::new(address).ok_or_else(too_long)?;
        peers.introduce(&own.name())?;
        let shared = Shared { store, own, held: Mutex::default(), taking: tokio::sync::Mutex::default() };
        Ok(Self { shared: Some(shared) })
    }

    /// Whether other processes can have pads.
    pub fn are_many(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether a secret is ours.
    pub fn is_own_secret(&self, secret: &[u8]) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.own.secret.as_bytes() == secret)
    }

    /// Whether a pad is ours. It stays so while it is open, and for some time after this.
    pub fn hold(&self, pad: &str) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.hold(pad))
    }

    /// Who has a pad; if nobody has, this process takes it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn of(&self, pad: &str) -> Result<Owner, StoreError> {
        let Some(shared) = &self.shared else { return Ok(Owner::Us) };
        for _ in 0..TRIES {
            if shared.hold(pad) {
                return Ok(Owner::Us);
            }
            let name = pad.to_owned();
            let holder = shared.ask(move |peers| peers.holder(&name)).await?;
            match holder.as_deref().map(Peer::from_name) {
                Some(Some(peer)) if peer != shared.own => return Ok(Owner::Other(peer)),
                // One that has not said yet what it is called.
                Some(None) => {}
                // Nobody, or we are just giving it back.
                Some(Some(_)) | None => {
                    if shared.take(pad).await? {
                        return Ok(Owner::Us);
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        }
        Err(StoreError(format!("nobody says to have pad {pad}, but nobody can take it").into()))
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing is ours any more.
    pub async fn beat(&self) -> Result<(), StoreError> {
        match &self.shared {
            Some(shared) => shared.ask(|peers| peers.beat()).await,
            None => Ok(()),
        }
    }

    /// Forgets pads that nobody has asked for lately and that are not in use, and says which: they can be given back when all
    /// that concerns them is written.
    pub fn forget_unused(&self, now: Instant, is_used: impl Fn(&str) -> bool) -> Vec<String> {
        let Some(shared) = &self.shared else { return Vec::new() };
        let mut held = shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unused = |pad: &str, asked: &mut Instant| now.duration_since(*asked) >= KEEP && !is_used(pad);
        held.extract_if(|pad, asked| is_unused(pad, asked)).map(|(pad, _)| pad).collect()
    }

    /// Gives back what was forgotten. If it has been taken again since then, it was taken twice, and stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn give_back(&self, pads: Vec<String>) -> Result<(), StoreError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        shared.ask(move |peers| pads.iter().try_for_each(|pad| peers.unlock(pad))).await
    }
}

impl Shared {
    fn hold(&self, pad: &str) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get_mut(pad).map(|asked| *asked = Instant::now()).is_some()
    }

    /// Takes a pad's lock, unless another process has it.
    async fn take(&self, pad: &str) -> Result<bool, StoreError> {
        let _one = self.taking.lock().await;
        if self.hold(pad) {
            return Ok(true);
        }
        let name = pad.to_owned();
        let is_ours = self.ask(move |peers| peers.try_lock(&name)).await?;
        if is_ours {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(pad.to_owned(), Instant::now());
        }
        Ok(is_ours)
    }

    async fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&dyn Peers) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        let asked = spawn_blocking(move || match store.peers() {
            Some(peers) => what(peers),
            None => Err(StoreError("the store has no locks".into())),
        });
        asked.await.map_err(|error| StoreError(Box::new(error)))?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;
    use crate::store::Put;

    /// Locks of several processes, by their names, each taken so often.
    type Table = Arc<Mutex<HashMap<String, (String, usize)>>>;

    struct Fake {
        table: Table,
        name: Mutex<String>,
    }

    impl Store for Fake {
        fn get(&self, _: &str) -> Result<Option<String>, StoreError> {
            Ok(None)
        }
        fn write(&self, _: &[Put]) -> Result<(), StoreError> {
            Ok(())
        }
        fn scan(&self, _: &str, _: &mut dyn FnMut(&str, &str) -> bool) -> Result<(), StoreError> {
            Ok(())
        }
        fn peers(&self) -> Option<&dyn Peers> {
            Some(self)
        }
    }

    impl Peers for Fake {
        fn introduce(&self, name: &str) -> Result<(), StoreError> {
            *self.name.lock().unwrap() = name.to_owned();
            Ok(())
        }
        fn try_lock(&self, name: &str) -> Result<bool, StoreError> {
            let own = self.name.lock().unwrap().clone();
            let mut table = self.table.lock().unwrap();
            let (holder, count) = table.entry(name.to_owned()).or_insert((own.clone(), 0));
            *count += usize::from(*holder == own);
            Ok(*holder == own)
        }
        fn unlock(&self, name: &str) -> Result<(), StoreError> {
            let mut table = self.table.lock().unwrap();
            let (_, count) = table.get_mut(name).unwrap();
            *count -= 1;
            if *count == 0 {
                table.remove(name);
            }
            Ok(())
        }
        fn holder(&self, name: &str) -> Result<Option<String>, StoreError> {
            Ok(self.table.lock().unwrap().get(name).map(|(holder, _)| holder.clone()))
        }
        fn beat(&self) -> Result<(), StoreError> {
            Ok(())
        }
        fn claim(&self, _: &str, value: &str) -> Result<String, StoreError> {
            Ok(value.to_owned())
        }
        fn on_change(&self, _: Box<dyn Fn(&str) + Send + Sync>) {}
    }

    fn process(table: &Table, address: &str) -> Owners {
        let store = Fake { table: table.clone(), name: Mutex::default() };
        Owners::start(Arc::new(store), address).unwrap()
    }

    #[tokio::test]
    async fn a_pad_is_of_the_first_who_asks_until_they_give_it_back() {
        let table = Table::default();
        let (one, two) = (process(&table, "one:1"), process(&table, "two:2"));
        assert!(!one.hold("p"));
        // Many at once take it once.
        let asked = futures_util::future::join_all((0..10).map(|_| one.of("p"))).await;
        assert!(asked.into_iter().all(|owner| owner.unwrap() == Owner::Us));
        assert_eq!(table.lock().unwrap().get("p").unwrap().1, 1);
        let Owner::Other(peer) = two.of("p").await.unwrap() else { unreachable!() };
        assert_eq!((peer.address.as_str(), two.hold("p")), ("one:1", false));
        assert!(one.is_own_secret(peer.secret.as_bytes()) && !two.is_own_secret(peer.secret.as_bytes()));

        let later = Instant::now() + KEEP;
        assert!(one.forget_unused(Instant::now(), |_| false).is_empty());
        assert!(one.forget_unused(later, |_| true).is_empty());
        let unused = one.forget_unused(later, |_| false);
        assert_eq!((unused.as_slice(), one.hold("p")), (["p".to_owned()].as_slice(), false));
        // Somebody asks while it is being given back: it stays.
        assert_eq!(one.of("p").await.unwrap(), Owner::Us);
        one.give_back(unused).await.unwrap();
        assert!(matches!(two.of("p").await.unwrap(), Owner::Other(_)));
        one.give_back(one.forget_unused(later + KEEP, |_| false)).await.unwrap();
        assert_eq!(two.of("p").await.unwrap(), Owner::Us);
    }

    #[test]
    fn addresses_may_be_as_long_as_they_are_on_the_network() {
        let long = "[2001:0db8:1111:2222:3333:4444:5555:6666]:65535";
        assert_eq!(Peer::new(long).and_then(|peer| Peer::from_name(&peer.name())).unwrap().address, long);
        assert_eq!(Peer::new(&"x".repeat(60)), None);
        assert_eq!(Peer::from_name("psql"), None);
    }
}
