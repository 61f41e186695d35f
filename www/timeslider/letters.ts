// The messages of a history that wait to be taken, as an inbox wants to see them.

import type { InboxPad } from 'easysync-wasm/history';

/** How many may wait, and how large they may be together, in code units. */
const MAX_WAITING = 250_000;
const MAX_SIZE = 64_000_000;
/** What an inbox is told: there is more to be done. */
const MORE = 8;

/** Takes each message by `take`, at once or in its turn. */
export class Letters implements InboxPad {
  readonly #waiting: string[] = [];
  #size = 0;

  constructor(
    private readonly head: () => number,
    private readonly take: (message: string) => void,
  ) {}

  get rev(): number {
    return this.head();
  }

  /** As far as is known before the messages are read; each has a revision, most of the time. */
  get knownRev(): number {
    return this.rev + this.#waiting.length;
  }

  receive(message: string): number {
    this.take(message);
    return 0;
  }

  queue(message: string): number {
    if (this.#waiting.length >= MAX_WAITING || this.#size + message.length > MAX_SIZE) {
      this.#waiting.length = 0;
      this.#size = 0;
      throw Object.assign(new Error('too many messages wait'), { code: 'overflow' });
    }
    this.#waiting.push(message);
    this.#size += message.length;
    return MORE;
  }

  proceed(limit: number): number {
    for (const message of this.#waiting.splice(0, limit)) {
      this.#size -= message.length;
      this.take(message);
    }
    return this.#waiting.length > 0 ? MORE : 0;
  }

  takeMessages(): string[] {
    return [];
  }
}
