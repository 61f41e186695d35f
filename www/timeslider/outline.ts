// How long the text was, when, and how much was written, over the whole history: enough points to draw it, gathered in small slices.

import type { Written } from 'easysync-wasm/history';
import { breathe } from '../shared/slices';
import type { History } from './history';

/** A point of the outline: a revision, and what was written since the point before. */
export interface Point {
  /** The first revision that `written` counts. */
  from: number;
  /** The last one, whose time and length these are. */
  rev: number;
  /** Milliseconds since 1970; `null` if nobody knows. */
  time: number | null;
  /** UTF-16 code units; `null` if it is not known yet. */
  length: number | null;
  /** It grows while finer steps come from a server. `null` if nothing is known yet. */
  written: Written | null;
}

const MOST_POINTS = 400;
/** How long a slice may take, in milliseconds: a small part of a frame. */
const SLICE = 4;
/** How long to wait for more, when what is missing has to come from the server. */
const RETRY = 400;

/** Whether nothing more can become known of what was written. */
function isExact({ from, rev, written }: Point): boolean {
  return written?.steps === rev - from + 1;
}

/** Gathers the outline of one history. */
export class Outline {
  private all: Point[] = [];
  private step = 0;
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;

  /** `changed` is called when there is more to draw. */
  constructor(
    private readonly history: History,
    private readonly changed: () => void,
  ) {
    history.on('joined', () => {
      // If it is another pad, nothing that is known holds.
      this.step = 0;
    });
    history.on('head', () => this.soon());
    history.on('arrived', () => this.soon());
  }

  /** What is known, in order. */
  get points(): Point[] {
    return this.all.filter(({ length }) => length !== null);
  }

  /** The point that a revision belongs to. */
  at(rev: number): Point | undefined {
    return this.all.find((point) => rev <= point.rev);
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

  /** Chooses the revisions to look at: those to which the coarse steps lead that the engine fetches of a pad of this size. */
  private lay(): void {
    const { head, isFile } = this.history;
    const grain = isFile || head <= 1000 ? 1 : head <= 10_000 ? 10 : 100;
    const step = Math.max(1, Math.ceil(head / MOST_POINTS / grain)) * grain;
    const known = new Map(step === this.step ? this.all.map((point) => [point.rev, point]) : []);
    this.step = step;
    this.all = [];
    for (let from = 0; from <= head; from += step) {
      const rev = Math.min(from + step - 1, head);
      this.all.push(known.get(rev) ?? { from, rev, time: null, length: null, written: null });
    }
  }

  private async gather(): Promise<void> {
    this.lay();
    const unknown = this.all.filter(({ length }) => length === null);
    // Steps of a pad on a server come from the newest on.
    if (!this.history.isFile) unknown.reverse();
    await this.each(unknown, (point) => this.learn(point) || 'enough');
    await this.each(this.all.filter((point) => !isExact(point)), (point) => this.refine(point));
  }

  /** Looks at points in small slices, until `look` says that it is enough, and tells if something became known. */
  private async each(points: readonly Point[], look: (point: Point) => boolean | 'enough'): Promise<void> {
    let end = performance.now() + SLICE;
    let isNews = false;
    for (const point of points) {
      if (this.isClosed) return;
      const found = look(point);
      if (found === 'enough') break;
      isNews ||= found;
      if (performance.now() < end) continue;
      if (isNews) this.changed();
      isNews = false;
      await breathe();
      end = performance.now() + SLICE;
    }
    if (isNews) this.changed();
  }

  private learn(point: Point): boolean {
    const { slider, isFile } = this.history;
    const [time = Number.NaN, length = Number.NaN] = slider.outline(Uint32Array.of(point.rev));
    if (Number.isNaN(length) || (Number.isNaN(time) && !isFile)) return false;
    point.time = Number.isNaN(time) ? null : time;
    point.length = length;
    this.refine(point);
    return true;
  }

  private refine(point: Point): boolean {
    const written = this.history.slider.written(point.from, point.rev + 1, point.written?.steps ?? 0);
    if (written) point.written = written;
    return written !== undefined;
  }
}
