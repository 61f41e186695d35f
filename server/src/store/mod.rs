//! Where pads are kept: keys and JSON texts, as Etherpad lays them out.

mod file;
mod postgres;
mod writer;

pub use file::RedbStore;
pub use postgres::PostgresStore;
pub use writer::Writer;

/// A key and its new value.
pub type Put = (String, String);

/// How long a key may be, in characters: as long as in the tables that Etherpad makes.
pub const MAX_KEY: usize = 100;

/// Whether every store can have a key. PostgreSQL has no text with NUL in it.
pub fn is_key(key: &str) -> bool {
    key.chars().count() <= MAX_KEY && !key.contains('\0')
}

/// Why the store could not do what it should.
#[derive(Debug, thiserror::Error)]
#[error("store: {0}")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A store of texts by key. Keys have at most 100 characters; there is no NUL in keys and values, which JSON
/// writes as `\u0000`. Calls block.
pub trait Store: Send + Sync + 'static {
    /// The value of a key.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// The values of many keys, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// Writes all of `puts` or none; the last counts if a key is there more than once. When it returns, they outlive a crash.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nobody can say what was written.
    fn write(&self, puts: &[Put]) -> Result<(), StoreError>;

    /// Calls `visit` with all keys that begin with `prefix`, in their order, until it returns `false`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn scan(&self, prefix: &str, visit: &mut dyn FnMut(&str, &str) -> bool) -> Result<(), StoreError>;

    /// The other processes that use the store at the same time, if there can be any.
    fn peers(&self) -> Option<&dyn Peers> {
        None
    }
}

/// What several processes need that share a store. Calls block.
///
/// A lock belongs to the one who got it until they give it back, or until they cannot write any more: [`Store::write`] fails
/// from when others can have the locks. Whoever gets a lock sees all that was written before.
pub trait Peers: Send + Sync {
    /// Tells the others what this process is called.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn introduce(&self, name: &str) -> Result<(), StoreError>;

    /// Takes a lock, unless somebody else has it. It must be given back as often as it is taken.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn try_lock(&self, name: &str) -> Result<bool, StoreError>;

    /// Gives back a lock.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn unlock(&self, name: &str) -> Result<(), StoreError>;

    /// What the one is called who has a lock. It is taken from those who have given no sign of life for some seconds.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn holder(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Gives a sign of life. Must be called every few seconds.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the locks are lost, and nothing can be written.
    fn beat(&self) -> Result<(), StoreError>;

    /// Writes a value under a key that has none yet, and says what is there then. It outlives a crash. Needs no lock.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn claim(&self, key: &str, value: &str) -> Result<String, StoreError>;

    /// Has `changed` called with the keys of authors whose records other processes have written. Once for each store.
    fn on_change(&self, changed: Box<dyn Fn(&str) + Send + Sync>);
}
