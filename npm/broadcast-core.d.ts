// The engine is that of `easysync-wasm/changeset`: await its `init()` first.

import type { AttributePool, JsonablePool } from './attribute-pool.js';
import type { AText } from './changeset.js';

/** A way from one revision to another, or as near to it as is known. */
export interface RevisionPath {
  fromRev: number;
  /** Where it ends. */
  rev: number;
  status: 'complete' | 'partial';
  changesets: string[];
  /** How many revisions each goes, backwards less than 0; and how much time, as the server gave it. */
  spans: number[];
  times: number[];
}

/** Which changesets lead from where to where. */
export class RevisionInfo {
  constructor(latest?: number);
  /** The newest revision that is known. */
  latest: number;
  addChangeset(from: number, to: number, forwards: string, backwards: string, timeDelta: number): void;
  getPath(from: number, to: number): RevisionPath;
}

/** The revision that is shown. The lists are changed in place; only the core changes them. */
export interface PadContents {
  currentRevision: number;
  currentTime: number;
  currentLines: string[];
  alines: string[];
  apool: AttributePool;
}

export interface NewChanges {
  newRev: number;
  changeset: string;
  apool: JsonablePool;
  timeDelta?: number;
}

export interface ChangesetReply {
  start: number;
  granularity: number;
  forwardsChangesets: string[];
  backwardsChangesets: string[];
  actualEndNum: number;
  timeDeltas: number[];
  apool: JsonablePool;
}

export interface BroadcastCore {
  padContents: PadContents;
  revisionInfo: RevisionInfo;
  /** Applies a changeset that leads from the revision that is shown to another one. */
  applyChangeset(changeset: string, revision: number, timeDelta?: number): void;
  /** Goes to a revision, or as near to it as is known; gives the path there. */
  goToRevision(revision: number): RevisionPath;
  /** Takes the answer to a CHANGESET_REQ. */
  receiveChangesets(reply: ChangesetReply): void;
  /** Takes a change that was made just now, and shows it if the newest revision is shown; false if it is not the next one. */
  receiveNewChanges(change: NewChanges): boolean;
  /** Takes several changes that came as one message, and gives how many were new. */
  receiveNewChangesBatch(message: { changes: NewChanges[] }): number;
  /** The authors of what is shown, sorted. O(lines). */
  getActiveAuthors(): string[];
}

/**
 * Begins with a revision as CLIENT_VARS has it in `collab_client_vars`.
 *
 * @param onSplice Is told which lines go and which come, with their attributions.
 */
export function makeBroadcastCore(
  vars: { initialAttributedText: AText; apool: JsonablePool; rev: number; time: number },
  onSplice?: (start: number, removed: number, lines: string[], alines: string[]) => void,
): BroadcastCore;
