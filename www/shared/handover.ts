// Hands a file to the page that this tab opens next.

import { answer, openDatabase, stored } from './database';
import { randomText } from './token';

const DATABASE = 'easysync.handover';
const STORE = 'files';
/** Where a tab has the key of the file that was left for it. */
const KEY = 'easysync.handover';

function open(): Promise<IDBDatabase> {
  return openDatabase((database) => database.createObjectStore(STORE), DATABASE);
}

/** Leaves a file for the next page. Resolves when it is stored; a file that nobody has taken goes for it. */
export async function leaveFile(file: File): Promise<void> {
  const database = await open();
  const key = randomText(16);
  const transaction = database.transaction(STORE, 'readwrite');
  const files = transaction.objectStore(STORE);
  files.clear();
  files.put(file, key);
  await stored(transaction);
  sessionStorage.setItem(KEY, key);
  database.close();
}

/** Takes the file that was left for this page; `null` if none was. */
export async function takeFile(): Promise<File | null> {
  const key = sessionStorage.getItem(KEY);
  if (key === null) return null;
  sessionStorage.removeItem(KEY);
  const database = await open();
  const transaction = database.transaction(STORE, 'readwrite');
  const files = transaction.objectStore(STORE);
  const file: unknown = await answer(files.get(key));
  files.delete(key);
  await stored(transaction);
  database.close();
  return file instanceof File ? file : null;
}
