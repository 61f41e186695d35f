// Keeps in the browser what the server has not acknowledged, so that neither a crash nor a closed tab can lose it.

import { answer, openDatabase, stored } from '../shared/database';
import { randomText } from '../shared/token';
import { hasLocks, takeLock } from './locks';
import type { Held } from './locks';

const STORE = 'kept';
/** How long changes are gathered before they are written, in milliseconds. */
const GATHERING = 4;
/** When a write that failed is tried again, in milliseconds. */
const RETRY = 3000;
/** How long is waited for the disk before a commit, in milliseconds. A database that hangs must not stop the work. */
const PATIENCE = 2000;
/** Names this tab for as long as it lives, reloads included. */
const TAB = 'easysync.tab';

/** What is stored: one record for each page that has something to keep. */
interface Row {
  /** The pad: its server, and its name there. */
  pad: string;
  /** The page that it belongs to. */
  id: string;
  /** What the engine gave. */
  text: string;
  /** When it was written, in milliseconds since 1970. */
  time: number;
  /** The tab, for browsers that cannot tell which pages are alive. */
  tab: string;
}

/** What a page that is gone has left. It belongs to this page now. */
export interface Kept {
  readonly id: string;
  readonly text: string;
}

export type KeepState = 'stored' | 'storing' | 'failed';

/** Keeps what one page has of one pad. */
export class Keeper {
  private readonly id = randomText(16);
  private readonly claims = new Map<string, Held | null>();
  private own: Held | null = null;
  private database: Promise<IDBDatabase> | null = null;
  /** What is to be stored, and what is. */
  private wanted: string | null = null;
  private written: string | null = null;
  /** Rows that have become part of this page's own, to be removed with its next write. */
  private merged: string[] = [];
  private isWriting = false;
  private hasFailed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting: (() => void)[] = [];
  private isClosed = false;

  /** `changed` is called when the state is another one. */
  constructor(
    private readonly pad: string,
    private readonly changed: () => void,
  ) {}

  /** Whether what was last given to `keep` is stored. */
  get state(): KeepState {
    if (this.hasFailed) return 'failed';
    return this.wanted === this.written && this.merged.length === 0 ? 'stored' : 'storing';
  }

  /** What is to be stored from now on; `null` if there is nothing. It is written within milliseconds. */
  keep(text: string | null): void {
    if (text === this.wanted || this.isClosed) return;
    this.wanted = text;
    if (!this.isWriting) this.timer ??= setTimeout(() => void this.write(), GATHERING);
    this.changed();
  }

  /** Resolves when what was last given is on the disk, or cannot be brought there. */
  settled(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
      if (!this.isWriting) void this.write();
    });
  }

  /** Takes over what pages have left that are gone. What a page that lives has is not touched. Each is given out once, to one page. */
  async claim(): Promise<Kept[]> {
    const found: Row[] = [];
    const database = await this.open();
    const all = (): IDBRequest<Row[]> => database.transaction(STORE).objectStore(STORE).getAll(IDBKeyRange.bound([this.pad], [this.pad, []])) as IDBRequest<Row[]>;
    for (const { id, tab } of await answer(all())) {
      if (id === this.id || this.claims.has(id)) continue;
      const lock = hasLocks() ? await takeLock(this.lockName(id)) : null;
      if (hasLocks() ? lock === null : !isThisTab(tab)) continue;
      // Another page may have been quicker, and done with it.
      const row = (await answer(database.transaction(STORE).objectStore(STORE).get([this.pad, id]))) as Row | undefined;
      if (!row) {
        lock?.release();
        continue;
      }
      this.claims.set(id, lock);
      found.push(row);
    }
    return found.sort((a, b) => a.time - b.time);
  }

  /** What was claimed is part of what this page gives to `keep` from now on. */
  merge(id: string): void {
    this.merged.push(id);
    this.changed();
    if (!this.isWriting) this.timer ??= setTimeout(() => void this.write(), GATHERING);
  }

  /** Ends it. What is stored stays, for the next page. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const id of [...this.claims.keys()]) this.release(id);
    this.own?.release();
    this.tellWaiting();
  }

  private async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isWriting || this.isClosed) return;
    this.isWriting = true;
    const { wanted, waiting } = this;
    const merged = [...this.merged];
    this.waiting = [];
    try {
      await this.store(wanted, merged, waiting.length > 0);
      this.written = wanted;
      this.merged = this.merged.slice(merged.length);
      for (const id of merged) this.release(id);
      this.hasFailed = false;
    } catch {
      this.hasFailed = true;
      // It may work again once the database is opened anew.
      this.database = null;
    }
    this.isWriting = false;
    for (const done of waiting) done();
    this.changed();
    if (this.hasFailed) this.timer = setTimeout(() => void this.write(), RETRY);
    else if (this.state !== 'stored' || this.waiting.length > 0) void this.write();
  }

  /** One transaction: what is ours comes, and what has become part of it goes. */
  private async store(text: string | null, merged: readonly string[], isStrict: boolean): Promise<void> {
    if (text === this.written && merged.length === 0 && !(isStrict && text !== null)) return;
    const database = await this.open();
    if (hasLocks()) this.own ??= await takeLock(this.lockName(this.id));
    const transaction = database.transaction(STORE, 'readwrite', { durability: isStrict ? 'strict' : 'relaxed' });
    const rows = transaction.objectStore(STORE);
    if (text === null) rows.delete([this.pad, this.id]);
    else rows.put({ pad: this.pad, id: this.id, text, time: Date.now(), tab: tabName() } satisfies Row);
    for (const id of merged) rows.delete([this.pad, id]);
    await stored(transaction);
  }

  private open(): Promise<IDBDatabase> {
    this.database ??= openDatabase((database) => database.createObjectStore(STORE, { keyPath: ['pad', 'id'] })).then(
      (database) => {
        // The browser may close it, when it runs out of room for instance.
        database.onclose = () => {
          this.database = null;
        };
        return database;
      },
      (error: unknown) => {
        this.database = null;
        throw error;
      },
    );
    return this.database;
  }

  private lockName(id: string): string {
    return `easysync.kept ${this.pad} ${id}`;
  }

  private release(id: string): void {
    this.claims.get(id)?.release();
    this.claims.delete(id);
  }

  private tellWaiting(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const done of waiting) done();
  }
}

/** The name of this tab. A tab that was copied has the same as the first. */
function tabName(): string {
  try {
    const known = sessionStorage.getItem(TAB);
    if (known) return known;
    const name = randomText(16);
    sessionStorage.setItem(TAB, name);
    return name;
  } catch {
    return '';
  }
}

/** Whether what a page of a tab has left is this one's, for it is that tab, loaded anew. A tab that was copied was not. */
function isThisTab(tab: string): boolean {
  const [navigation] = performance.getEntriesByType('navigation');
  return tab !== '' && tab === tabName() && navigation instanceof PerformanceNavigationTiming && navigation.type === 'reload';
}
