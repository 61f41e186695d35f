// The browser's database, as promises. It may be forbidden, full, or absent: everything here rejects then.

const VERSION = 1;

/** Resolves with the result of a request. */
export function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database gave no answer'));
  });
}

/** Resolves when everything of a transaction is stored. */
export function stored(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the database stored nothing'));
  });
}

/** Opens a database; `make` lays out a new one. */
export function openDatabase(make: (database: IDBDatabase) => void, name = 'easysync'): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => make(request.result);
    request.onsuccess = () => {
      // A page with a newer layout must not wait for this one.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error ?? new Error('the database cannot be opened'));
    request.onblocked = () => reject(new Error('the database is held by another page'));
  });
}
