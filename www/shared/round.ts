// How far a round of catching up is: revisions done, revisions in all, rate, time left.

/** How a round stands, or how it ended. */
export interface Progress {
  /** `interrupted`: the connection went; another round follows by itself. `failed`: something is wrong. */
  state: 'running' | 'done' | 'cancelled' | 'interrupted' | 'failed';
  /** Revisions done. */
  done: number;
  /** Revisions in all, counted when the round began. */
  total: number;
  /** Revisions a second. */
  rate: number;
  /** Seconds, once that can be told. */
  left: number | null;
  error: Error | null;
}

export type Report = (progress: Progress) => void;

/** Between two reports, in milliseconds. */
const REPORT_INTERVAL = 100;

/** One round: from a revision to the newest that was known when it began. What comes later belongs to the next. */
export class Round {
  private readonly begun = performance.now();
  private reported = Number.NEGATIVE_INFINITY;
  private rev: number;
  private isOver = false;

  /** `report` is called at most ten times a second, and once at the end. What it throws goes to `failed`, and harms nothing. */
  constructor(
    private readonly from: number,
    readonly to: number,
    private readonly report: Report,
    private readonly failed: (error: unknown) => void,
  ) {
    this.rev = from;
  }

  /** Revision `rev` is done. Says whether that was the last one of the round, which is over then. */
  reach(rev: number): boolean {
    this.rev = rev;
    if (rev >= this.to) this.end('done');
    else if (performance.now() - this.reported >= REPORT_INTERVAL) this.tell('running', null);
    return this.isOver;
  }

  /** Ends the round, and tells how it stands. A second end is none. */
  end(state: Exclude<Progress['state'], 'running'>, error: Error | null = null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.tell(state, error);
  }

  private tell(state: Progress['state'], error: Error | null): void {
    const now = performance.now();
    this.reported = now;
    const total = this.to - this.from;
    const done = Math.min(Math.max(0, this.rev - this.from), total);
    const passed = (now - this.begun) / 1000;
    const rate = passed > 0 ? done / passed : 0;
    const left = state === 'running' && rate > 0 ? (total - done) / rate : null;
    try {
      this.report({ state, done, total, rate, left, error });
    } catch (problem) {
      this.failed(problem);
    }
  }
}
