// What the server has sent and the engine has not taken yet: worked off in small slices, so that the page stays alive.

import { Round } from './round';
import type { Report } from './round';
import { breathe } from './slices';

/** The one who takes the messages. */
export interface Reader {
  /** The last revision that is done. */
  readonly rev: number;
  /** The newest revision that is known of. */
  readonly knownRev: number;
  /** Takes a message. Says whether revisions of it are left for `proceed`. */
  take(message: string): boolean;
  /** Goes on with what is left, at most so many revisions. Says whether some are left even then. */
  proceed(limit: number): boolean;
  /** A slice is over: time to tell others what has changed. */
  settle(): void;
  /** There was no room; what had been queued is gone, and has to be fetched again. */
  overflowed(): void;
  /** A round reports. */
  report: Report;
  /** Something went wrong in what was called. */
  failed(error: unknown): void;
}

/** How long a slice may take, in milliseconds: half a frame, so that the other half is left for the page. */
const SLICE = 7;
/** Messages that come closer to each other than this, in milliseconds, may be of one task. */
const PAUSE = 1;
/** Revisions between two looks at the clock. */
export const AT_ONCE = 32;
/** How many messages may wait, and how large they may be together, in code units. */
const MAX_MESSAGES = 250_000;
const MAX_SIZE = 64_000_000;
/** Messages that are done are let go of in pieces of so many. */
const PIECE = 4096;

/** The newest revision that a message brings or speaks of; -1 if none. Within a text the quotes would have backslashes. */
function newestRev(message: string): number {
  const key = '"newRev":';
  const at = message.lastIndexOf(key);
  const rev = at < 0 ? Number.NaN : Number.parseInt(message.slice(at + key.length, at + key.length + 16), 10);
  return Number.isSafeInteger(rev) ? rev : -1;
}

/**
 * Messages on their way to an engine. A message that finds nobody waiting is taken at once; what cannot be done within a slice goes on after the page has
 * had its turn, as a round that reports how far it is.
 */
export class Inbox {
  private queue: string[] = [];
  private next = 0;
  private size = 0;
  private newest = -1;
  /** Whether the engine has revisions left of a message that it took. */
  private isHalfDone = false;
  private isRunning = false;
  private isPaused = false;
  private isClosed = false;
  private round: Round | null = null;
  /** How long messages have been taken at once without a pause, and when that ended. */
  private spent = 0;
  private takenAt = 0;

  constructor(
    private readonly reader: Reader,
    private readonly slice = SLICE,
  ) {}

  /** Whether the user has stopped the catching up. */
  get paused(): boolean {
    return this.isPaused;
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.queue.length - this.next;
  }

  private get hasWork(): boolean {
    return this.waiting > 0 || this.isHalfDone;
  }

  /** A message has come. */
  push(message: string): void {
    if (this.isClosed) return;
    const began = performance.now();
    if (began - this.takenAt > PAUSE) this.spent = 0;
    if (this.hasWork || this.isPaused || this.spent > this.slice) {
      this.enqueue(message);
      void this.run();
      return;
    }
    this.take(message);
    this.reader.settle();
    this.takenAt = performance.now();
    this.spent += this.takenAt - began;
    if (this.hasWork) void this.run();
    else this.advance();
  }

  /** Stops between two revisions; what is done stays. */
  cancel(): void {
    if (this.isPaused || this.isClosed) return;
    this.isPaused = true;
    this.endRound('cancelled');
  }

  /** Goes on after `cancel`. */
  resume(): void {
    if (!this.isPaused || this.isClosed) return;
    this.isPaused = false;
    this.begin();
    void this.run();
  }

  /** The round, if there is one, has come to an end before its time. */
  endRound(state: 'done' | 'cancelled' | 'interrupted' | 'failed', error: Error | null = null): void {
    const { round } = this;
    this.round = null;
    round?.end(state, error);
  }

  /** Drops what waits. */
  clear(): void {
    this.queue = [];
    this.next = 0;
    this.size = 0;
    this.newest = -1;
    this.isHalfDone = false;
  }

  close(): void {
    this.isClosed = true;
    this.clear();
    this.round = null;
  }

  private enqueue(message: string): void {
    if (this.waiting >= MAX_MESSAGES || this.size + message.length > MAX_SIZE) {
      this.clear();
      this.endRound('interrupted');
      this.reader.overflowed();
      return;
    }
    this.queue.push(message);
    this.size += message.length;
    this.newest = Math.max(this.newest, newestRev(message));
  }

  private take(message: string): void {
    try {
      this.isHalfDone = this.reader.take(message);
    } catch (error) {
      this.isHalfDone = false;
      this.reader.failed(error);
    }
  }

  /** One step of the work. */
  private step(): void {
    if (this.isHalfDone) {
      try {
        this.isHalfDone = this.reader.proceed(AT_ONCE);
      } catch (error) {
        this.isHalfDone = false;
        this.reader.failed(error);
      }
      return;
    }
    const message = this.queue[this.next];
    if (message === undefined) return;
    this.next += 1;
    this.size -= message.length;
    if (this.next >= PIECE) {
      this.queue.splice(0, this.next);
      this.next = 0;
    }
    this.take(message);
  }

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (this.hasWork && !this.isPaused && !this.isClosed) {
        this.begin();
        await breathe();
        this.spent = 0;
        const end = performance.now() + this.slice;
        while (this.hasWork && !this.isPaused && !this.isClosed && performance.now() < end) this.step();
        if (this.isClosed) return;
        this.reader.settle();
        this.advance();
      }
    } finally {
      this.isRunning = false;
    }
  }

  /** Begins a round if there is something to be done, and none has begun. */
  private begin(): void {
    const { reader } = this;
    const { rev } = reader;
    const to = Math.max(this.newest, reader.knownRev);
    if (!this.round && !this.isPaused && to > rev) this.round = new Round(rev, to, reader.report, (error) => reader.failed(error));
  }

  /** Tells the round how far it is, and whether there is more to come. */
  private advance(): void {
    const { reader } = this;
    const { rev } = reader;
    if (!this.hasWork) this.newest = -1;
    if (this.round?.reach(rev)) this.round = null;
    // Some of what was counted had been there before.
    if (this.round && !this.hasWork && reader.knownRev <= rev) this.endRound('done');
    if (!this.round) this.begin();
  }
}
