/** Requests for revisions go no faster than so many milliseconds apart: Etherpad drops a client's messages above ten a second. */
export const REQUEST_INTERVAL = 150;
/** How long after a commit the next may follow, in milliseconds, if the server does not say otherwise; Etherpad's own client does so. */
export const COMMIT_INTERVAL = 500;

/** Sends requests one after the other, at a pace that servers bear. */
export class Pacer {
  private waiting: string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `isStopped` tells whether to wait; then `go` has to be called when it is over. */
  constructor(
    private readonly send: (message: string) => void,
    private readonly isStopped: () => boolean = () => false,
  ) {}

  push(message: string): void {
    this.waiting.push(message);
    this.go();
  }

  go(): void {
    if (this.timer !== undefined || this.isStopped()) return;
    const message = this.waiting.shift();
    if (message === undefined) return;
    this.send(message);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.go();
    }, REQUEST_INTERVAL);
  }

  /** Drops what waits. */
  clear(): void {
    this.waiting = [];
  }

  close(): void {
    this.clear();
    clearTimeout(this.timer);
  }
}
