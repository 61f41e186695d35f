/** How far a round of catching up is, or how it ended. */
export interface Progress {
  /** `cancelled`: it was stopped, and can go on. `interrupted`: the connection went; another round follows. `failed`: `error` says why. */
  state: 'running' | 'done' | 'cancelled' | 'interrupted' | 'failed';
  /** Revisions done. */
  done: number;
  /** Revisions in all, counted when the round began; what comes later belongs to the next one. */
  total: number;
  /** Revisions a second. */
  rate: number;
  /** Seconds, once that can be told. */
  left: number | null;
  error: Error | null;
}

/** What an inbox needs of a `Pad`. */
export interface InboxPad {
  readonly rev: number;
  readonly knownRev: number;
  receive(message: string): number;
  queue(message: string): number;
  proceed(limit: number): number;
  takeMessages(): string[];
}

/** Whom an inbox tells. What one of these throws goes to `failed`, and harms nothing. */
export interface InboxHost {
  /** Who takes the messages; after a trap it is another one. */
  readonly pad: InboxPad;
  /** The pad has something for `flush` (1) or for `takeEffects` (2), or both (3). */
  changed(news: number): void;
  /** A message concerns more than the document. */
  heard?(message: string): void;
  /** The messages that have come are taken, or a slice is over: a time to look at the state of the pad. */
  settled?(): void;
  /** There was no room for what came. A `Pad` asks for it again; others have to. */
  overflowed?(): void;
  /** At most ten times a second, and exactly once at the end of a round. */
  report?(progress: Progress): void;
  /** What a call of the pad threw, or one of these. Without it, it is thrown where nothing catches it. */
  failed?(error: Error): void;
}

/**
 * Messages on their way to a pad. A message that finds nobody waiting is taken at once; what cannot be done within a slice waits in the
 * engine, bounded, and goes on after the page has had its turn, as a round that tells how far it is.
 */
export class Inbox {
  constructor(host: InboxHost);
  /** Whether it was stopped; what comes then waits. */
  readonly isPaused: boolean;
  /** Whether a round goes on; it still does when the last of its slices is told of. */
  readonly isCatchingUp: boolean;
  /** A message has come. */
  push(message: string): void;
  /** Somebody types: the next slice begins when that is drawn, and for half a second slices are shorter. */
  typed(): void;
  /** Stops between two revisions. What is done stays, and is revision `pad.rev`. */
  cancel(): void;
  /**
   * Goes on if it was stopped; `cancel` or the signal stop it. Resolves with the numbers at the end of the present round, however it ends; at once
   * if there is nothing to be done. It works without being called, too, until it is stopped.
   *
   * @param options.slice How long a slice may take, in milliseconds; `SLICE` if nothing else was ever said.
   */
  catchUp(options?: { signal?: AbortSignal; slice?: number }): Promise<Progress>;
  /** The present round is over before its time. */
  end(state: 'interrupted' | 'failed', error?: Error): void;
  /** Nothing waits any more: the pad is another one. */
  clear(): void;
  close(): void;
}

/** Tells how far long work is: at most ten times a second, and once how it ended. What `report` throws goes to `failed`. */
export class Round<T extends number | null = number> {
  constructor(total: T, report: (progress: Progress & { total: T }) => void, failed: (error: Error) => void);
  /** How much there is in all. */
  total: T;
  reach(done: number): void;
  /** A second end is none: what counts is how it ended first. */
  end(state: Exclude<Progress['state'], 'running'>, done: number, error?: Error | null): Progress & { total: T };
}

/** Resolves as soon as everything else that waits has had its turn: input, timers, messages, painting. */
export function breathe(): Promise<void>;

/** How long a slice of long work may take, in milliseconds: what is left of a frame is for the page. */
export const SLICE: number;
/** Between two reports of progress, in milliseconds. */
export const REPORT_INTERVAL: number;
/** Revisions between two looks at the clock. */
export const AT_ONCE: number;
