// The engine is that of `easysync-wasm/changeset`: await its `init()` first.

import type { JsonablePool, PoolLike } from './attribute-pool.js';
import type { AText } from './changeset.js';

/** What the editor is told. */
export interface AceCallbacks {
  setDocumentAttributedText(atext: AText): void;
  /** The changeset is numbered by the editor's pool. */
  applyChangesetToDocument(changeset: string, preferInsertionAfterCaret: boolean): void;
}
export interface AceCallbacksProvider {
  withCallbacks(operationName: string, run: (callbacks: AceCallbacks) => void): void;
}
export interface Scheduler {
  setTimeout(callback: () => void, delay: number): unknown;
}

/** What the editor has of the server, what was sent, and what was not. */
export interface ChangesetTracker {
  /** Whether there was a first document. What comes before it is passed over. */
  isTracking(): boolean;
  setBaseText(text: string): void;
  setBaseAttributedText(atext: AText, apool?: JsonablePool | null): void;
  /** Takes what the user has done to the text that the editor shows. */
  composeUserChangeset(changeset: string): void;
  /** Takes what somebody else has done, and tells the editor. */
  applyChangesToBase(changeset: string, author?: string, apool?: JsonablePool | null): void;
  /** What to send: a changeset with a pool of its own, or nulls. What was sent and not acknowledged is in it again. */
  prepareUserChangeset(): { changeset: string; apool: JsonablePool } | { changeset: null; apool: null };
  /** The server has what was sent. Throws if nothing was. */
  applyPreparedChangesetToBase(): void;
  setUserChangeNotificationCallback(callback: (() => void) | null): void;
  hasUncommittedChanges(): boolean;
  /** What the three layers are, for tests and for a look into a page; not one of Etherpad's. O(length of the document). */
  layers(): { base: AText; submitted: string | null; user: string };
}

/**
 * Makes a tracker that numbers attributes by the editor's own pool.
 *
 * @param author Tells who is writing. Etherpad's editor is found without: two frames above, `pad.myUserInfo` has it.
 */
export function makeChangesetTracker(
  scheduler: Scheduler,
  apool: PoolLike,
  aceCallbacksProvider: AceCallbacksProvider,
  author?: () => string,
): ChangesetTracker;
