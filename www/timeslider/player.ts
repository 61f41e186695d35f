// Playback: which revision is due when.

import type { History } from './history';

/** How fast a history is played. */
export type Speed =
  /** So many revisions a second. */
  | { kind: 'rate'; perSecond: number }
  /** As it was written, so many times as fast; pauses are cut short. */
  | { kind: 'time'; factor: number }
  /** The whole history in so many seconds. */
  | { kind: 'whole'; seconds: number };

/** The longest pause that is played, in milliseconds. */
const LONGEST_PAUSE = 2000;
/** A frame that comes this late is taken for one that came in time: the page was not being watched. */
const LONGEST_FRAME = 250;
/** What a revision takes whose time is not known. */
const UNKNOWN_PAUSE = 100;
/** A frame looks at no more times than this. */
const MOST_TIMES = 2000;

/** Plays a history from the revision that is shown, to the newest. */
export class Player {
  private playing = false;
  private last = 0;
  /** What has passed and is not used up: revisions, or milliseconds. */
  private due = 0;

  /** `changed` is called when playing begins or ends. */
  constructor(
    private readonly history: () => History | null,
    public speed: Speed,
    private readonly changed: () => void,
  ) {}

  get isPlaying(): boolean {
    return this.playing;
  }

  play(): void {
    const history = this.history();
    if (this.playing || !history || history.rev === null) return;
    if ((history.target ?? 0) >= history.head) history.seek(0);
    this.playing = true;
    this.due = 0;
    this.last = performance.now();
    this.changed();
    requestAnimationFrame((now) => this.frame(now));
  }

  pause(): void {
    if (!this.playing) return;
    this.playing = false;
    this.changed();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  private frame(now: number): void {
    const history = this.history();
    if (!this.playing) return;
    if (!history) {
      this.pause();
      return;
    }
    const passed = Math.min(Math.max(0, now - this.last), LONGEST_FRAME);
    this.last = now;
    // What has to be fetched stops the clock.
    if (!history.isWaiting && history.rev !== null) {
      const from = history.rev;
      if (from >= history.head) {
        this.pause();
        return;
      }
      const next = this.speed.kind === 'time' ? this.nextByTime(history, from, passed * this.speed.factor) : this.nextByCount(history, from, passed);
      if (next > from) history.seek(next);
    }
    requestAnimationFrame((time) => this.frame(time));
  }

  private nextByCount(history: History, from: number, passed: number): number {
    const { speed } = this;
    const perSecond = speed.kind === 'rate' ? speed.perSecond : speed.kind === 'whole' ? Math.max(1, history.head / speed.seconds) : 1;
    this.due += (passed * perSecond) / 1000;
    const whole = Math.floor(this.due);
    this.due -= whole;
    return Math.min(from + whole, history.head);
  }

  private nextByTime(history: History, from: number, passed: number): number {
    this.due += passed;
    const factor = this.speed.kind === 'time' ? this.speed.factor : 1;
    let rev = from;
    let time = history.facts(rev).time;
    for (let looked = 0; rev < history.head && looked < MOST_TIMES; looked += 1) {
      const next = history.facts(rev + 1).time;
      const pause = time === null || next === null ? UNKNOWN_PAUSE * factor : Math.min(Math.max(0, next - time), LONGEST_PAUSE * factor);
      if (this.due < pause) break;
      this.due -= pause;
      rev += 1;
      time = next;
    }
    return rev;
  }
}
