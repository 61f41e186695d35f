// How long the text was and when, over the whole history: enough points to draw it, gathered in small slices.

import { breathe } from '../shared/slices';
import type { History } from './history';

/** A point of the outline. */
export interface Point {
  rev: number;
  /** Milliseconds since 1970; `null` if nobody knows. */
  time: number | null;
  /** UTF-16 code units. */
  length: number;
}

const MOST_POINTS = 400;
/** How long a slice may take, in milliseconds: a small part of a frame. */
const SLICE = 4;
const AT_ONCE = 4;
/** How long to wait for more, when what is missing has to come from the server. */
const RETRY = 400;

/** Gathers the outline of one history. */
export class Outline {
  private readonly known = new Map<number, Point>();
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;

  /** `changed` is called when there is more to draw. */
  constructor(
    private readonly history: History,
    private readonly changed: () => void,
  ) {
    history.on('head', () => this.soon());
    history.on('arrived', () => this.soon());
  }

  /** What is known, in order. */
  get points(): Point[] {
    return this.revs()
      .map((rev) => this.known.get(rev))
      .filter((point) => point !== undefined);
  }

  /** Begins, or goes on. */
  start(): void {
    if (this.running || this.isClosed || this.history.slider.head === undefined) return;
    this.running = true;
    this.gather()
      .catch((error: unknown) => console.error(error))
      .finally(() => {
        this.running = false;
      });
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.start();
    }, RETRY);
  }

  /** The revisions that are looked at: those to which the coarse steps lead that the engine fetches of a pad of this size. */
  private revs(): number[] {
    const { head, isFile } = this.history;
    const grain = isFile || head <= 1000 ? 1 : head <= 10_000 ? 10 : 100;
    const step = Math.max(1, Math.ceil(head / MOST_POINTS / grain)) * grain;
    const revs = [0];
    for (let rev = step - 1; rev < head; rev += step) if (rev > 0) revs.push(rev);
    if (head > 0) revs.push(head);
    return revs;
  }

  private async gather(): Promise<void> {
    const missing = this.revs().filter((rev) => !this.known.has(rev));
    // Steps of a pad on a server come from the newest on.
    if (!this.history.isFile) missing.reverse();
    while (missing.length > 0) {
      const end = performance.now() + SLICE;
      let found = 0;
      do {
        const some = missing.splice(0, AT_ONCE);
        const facts = this.history.slider.outline(Uint32Array.from(some));
        some.forEach((rev, index) => {
          const [time = Number.NaN, length = Number.NaN] = facts.subarray(2 * index);
          if (Number.isNaN(length) || (Number.isNaN(time) && !this.history.isFile)) return;
          this.known.set(rev, { rev, time: Number.isNaN(time) ? null : time, length });
          found += 1;
        });
        if (found === 0) break;
      } while (performance.now() < end && missing.length > 0);
      if (found === 0) return;
      this.changed();
      await breathe();
      if (this.isClosed) return;
    }
  }
}
