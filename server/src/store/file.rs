//! The store in one file, on redb.

use super::{Put, Store, StoreError};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::path::Path;

const TABLE: TableDefinition<'_, &str, &str> = TableDefinition::new("store");

/// A store in one file.
pub struct RedbStore {
    database: Database,
}

impl RedbStore {
    /// Opens the file, or makes it, with its folder.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if another program has the file open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let database = Database::create(path).map_err(failed)?;
        let transaction = database.begin_write().map_err(failed)?;
        transaction.open_table(TABLE).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(Self { database })
    }
}

impl Store for RedbStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let table = self.database.begin_read().map_err(failed)?.open_table(TABLE).map_err(failed)?;
        Ok(table.get(key).map_err(failed)?.map(|value| value.value().to_owned()))
    }

    fn write(&self, puts: &[Put]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(failed)?;
        let mut table = transaction.open_table(TABLE).map_err(failed)?;
        for (key, value) in puts {
            table.insert(key.as_str(), value.as_str()).map_err(failed)?;
        }
        drop(table);
        transaction.commit().map_err(failed)
    }

    fn scan(&self, prefix: &str, visit: &mut dyn FnMut(&str, &str) -> bool) -> Result<(), StoreError> {
        let table = self.database.begin_read().map_err(failed)?.open_table(TABLE).map_err(failed)?;
        for entry in table.range(prefix..).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            if !key.value().starts_with(prefix) || !visit(key.value(), value.value()) {
                break;
            }
        }
        Ok(())
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError(Box::new(error))
}
