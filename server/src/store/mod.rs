//! Where pads are kept: keys and JSON texts, as Etherpad lays them out.

mod file;
mod writer;

pub use file::RedbStore;
pub use writer::Writer;

/// A key and its new value.
pub type Put = (String, String);

/// Why the store could not do what it should.
#[derive(Debug, thiserror::Error)]
#[error("store: {0}")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A store of texts by key. Calls block.
pub trait Store: Send + Sync + 'static {
    /// The value of a key.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Writes all of `puts` or none. When it returns, they outlive a crash.
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
}
