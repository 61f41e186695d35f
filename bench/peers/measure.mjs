// One subject and one case at a time, in Node as in a browser: messages are made, then taken in, and only that is timed.

import { BlockText } from './text.mjs';

/** Changes of the first trial; each further one has at most so many times as many. */
const FIRST = 200;
const GROWTH = 16;
/** Changes of which everything that an editor is told is followed. */
const FOLLOWED = 2000;
/** Making messages may take so many times as long as taking them in. */
const PREPARING = 4;

export class Bench {
  #subject;
  #case;
  #messages;
  #start;
  #expected;

  constructor(subject) {
    this.#subject = subject;
  }

  /**
   * Makes as many messages as can be taken in within the budget, and looks whether what comes of them is right.
   *
   * @param {{trace: {start: string, patches: import('./subjects/index.mjs').Patch[]}, batch: number, pending?: [at: number, text: string][], budget: number}} what
   *   What is pending is elsewhere than what arrives, and before it. `budget` is in milliseconds.
   */
  prepare(what) {
    const { trace, batch, budget, pending = [] } = what;
    this.#case = { trace, batch, pending };
    this.#messages = [];
    const sender = this.#subject.sender(trace.start);
    this.#start = sender.start;
    const all = Math.ceil(trace.patches.length / batch);
    let left = PREPARING * budget;
    let wanted = Math.min(all, Math.ceil(FIRST / batch));
    for (;;) {
      while (this.#messages.length < wanted && left > 0) {
        const at = this.#messages.length * batch;
        const began = performance.now();
        this.#messages.push(sender.send(trace.patches.slice(at, at + batch)));
        left -= performance.now() - began;
      }
      const { taken, took } = this.#trial(budget);
      if (taken < this.#messages.length) {
        // What has run before is faster the next time.
        this.#messages.length = Math.max(taken, this.#trial(budget).taken);
        break;
      }
      if (taken < wanted || taken === all) break;
      wanted = Math.min(all, taken + Math.max(1, Math.floor(taken * Math.min(budget / took - 1, GROWTH))));
      // What is missing to the budget is not worth another trial.
      if (wanted < all && wanted < taken * 1.2) break;
    }
    this.#expected = this.#reference();
    this.#follow();
    return { changes: this.#changes, all: trace.patches.length, document: this.#expected.length };
  }

  /** Microseconds for each change. */
  run() {
    const receiver = this.#open();
    const began = performance.now();
    let told;
    for (const message of this.#messages) told = receiver.receive(message);
    const took = performance.now() - began;
    if (told === undefined) throw new Error(`${this.#subject.name} told nothing of its last message`);
    this.#check(receiver.text(), this.#expected);
    receiver.close();
    return (took * 1000) / this.#changes;
  }

  get #changes() {
    return Math.min(this.#messages.length * this.#case.batch, this.#case.trace.patches.length);
  }

  #open() {
    const receiver = this.#subject.open(this.#start);
    if (this.#case.pending.length > 0) receiver.type(this.#case.pending);
    globalThis.gc?.();
    return receiver;
  }

  #trial(budget) {
    const receiver = this.#open();
    const began = performance.now();
    let taken = 0;
    for (const message of this.#messages) {
      receiver.receive(message);
      taken += 1;
      if (performance.now() - began > budget) break;
    }
    const took = performance.now() - began;
    receiver.close();
    return { taken, took };
  }

  /** The text at the end. */
  #reference() {
    const text = new BlockText(this.#case.trace.start);
    for (const patch of this.#case.trace.patches.slice(0, this.#changes)) text.splice(...patch);
    for (const [at, inserted] of this.#case.pending) text.splice(at, 0, inserted);
    return text.toString();
  }

  /** An editor that is only told what changed has the same text. */
  #follow() {
    const receiver = this.#open();
    const editor = new BlockText(this.#case.trace.start);
    for (const [at, inserted] of this.#case.pending) editor.splice(at, 0, inserted);
    for (const message of this.#messages.slice(0, Math.ceil(FOLLOWED / this.#case.batch))) {
      for (const patch of this.#subject.splices(receiver.receive(message))) editor.splice(...patch);
    }
    this.#check(editor.toString(), receiver.text());
    receiver.close();
  }

  #check(found, expected) {
    if (found === expected) return;
    let at = 0;
    while (found[at] === expected[at]) at += 1;
    throw new Error(`${this.#subject.name} has another text from ${at} on: ${JSON.stringify(found.slice(at, at + 40))}, not ${JSON.stringify(expected.slice(at, at + 40))}`);
  }
}
