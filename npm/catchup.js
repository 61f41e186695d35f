// Long work in small slices, and how far it is. Nothing here needs the engine to be loaded.

/** How long a slice may take, in milliseconds: what is left of a frame is for the page. */
export const SLICE = 10;
/** How long it may take while somebody types: a key must not wait long for it. */
const SLICE_TYPING = 4;
/** So long after a key, in milliseconds, the next one is to be expected. */
const TYPING = 500;
/** Who waits for a frame waits no longer than this, in milliseconds: in the background there are none. */
const LONGEST_FRAME = 50;
/** Between two reports, in milliseconds. */
export const REPORT_INTERVAL = 100;
/** Revisions between two looks at the clock. */
export const AT_ONCE = 32;
/** Messages that come closer to each other than this, in milliseconds, may be of one task. */
const PAUSE = 1;

/** What the calls of a pad tell, as bits. */
const TO_SHOW = 1;
const TO_DO = 2;
const FOR_HOST = 4;
const TO_APPLY = 8;

/** Functions that wait for their turn, and what gives it to them. */
const waiting = [];
let channel;

/**
 * Resolves as soon as everything else that waits has had its turn: input, timers, messages, painting. Timers would be slowed down, and
 * what `scheduler.yield` resumes goes before timers and messages, so that these would wait until all the work is done.
 */
export function breathe() {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    if (!channel) {
      // One for all: each that is made and dropped is work for the garbage collector, whose pauses are among the longest tasks.
      channel = new MessageChannel();
      channel.port1.onmessage = () => waiting.shift()?.();
    }
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

/** Resolves as soon as what the page has to show has been drawn. */
function drawn() {
  if (typeof requestAnimationFrame !== 'function') return breathe();
  return new Promise((resolve) => {
    const done = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      // The frame is drawn after its callbacks.
      void breathe().then(resolve);
    };
    const frame = requestAnimationFrame(done);
    const timer = setTimeout(done, LONGEST_FRAME);
  });
}

/** One piece of work: tells at most ten times a second how far it is, and once how it ended. */
export class Round {
  #begun = performance.now();
  #reported = Number.NEGATIVE_INFINITY;
  #report;
  #failed;
  #last = null;

  constructor(total, report, failed) {
    this.total = total;
    this.#report = report;
    this.#failed = failed;
  }

  /** So much is done. */
  reach(done) {
    if (this.#last === null && performance.now() - this.#reported >= REPORT_INTERVAL) this.#tell('running', done, null);
  }

  /** It is over. A second end is none. */
  end(state, done, error = null) {
    this.#last ??= this.#tell(state, done, error);
    return this.#last;
  }

  #tell(state, all, error) {
    const now = performance.now();
    this.#reported = now;
    const { total } = this;
    const done = Math.max(0, total === null ? all : Math.min(all, total));
    const passed = (now - this.#begun) / 1000;
    const rate = passed > 0 ? done / passed : 0;
    const left = state === 'running' && total !== null && rate > 0 ? (total - done) / rate : null;
    const progress = { state, done, total, rate, left, error };
    try {
      this.#report(progress);
    } catch (problem) {
      this.#failed(problem);
    }
    return progress;
  }
}

/**
 * Messages on their way to a pad. A message that finds nobody waiting is taken at once; what cannot be done within a slice waits in the
 * engine and goes on after the page has had its turn, as a round that tells how far it is.
 */
export class Inbox {
  #host;
  #slice = SLICE;
  #signal = null;
  #isPaused = false;
  #isRunning = false;
  #isClosed = false;
  /** Whether something waits in the pad. */
  #hasWork = false;
  #round = null;
  /** The revisions from which and to which the round goes. */
  #from = 0;
  #to = 0;
  /** Who waits for the end of the round. */
  #awaiting = [];
  /** How long messages have been taken at once without a pause, and when that ended. */
  #spent = 0;
  #takenAt = 0;
  /** When somebody last typed, and whether that is still to be drawn. */
  #typedAt = Number.NEGATIVE_INFINITY;
  #isToDraw = false;

  constructor(host) {
    this.#host = host;
  }

  get isPaused() {
    return this.#isPaused;
  }

  get isCatchingUp() {
    return this.#round !== null;
  }

  typed() {
    this.#typedAt = performance.now();
    this.#isToDraw = true;
  }

  push(message) {
    if (this.#isClosed) return;
    const began = performance.now();
    if (began - this.#takenAt > PAUSE) this.#spent = 0;
    if (this.#hasWork || this.#isPaused || this.#spent > this.#sliceAt(began)) {
      this.#call('queue', message);
      void this.#run();
      return;
    }
    this.#call('receive', message);
    this.#settle();
    this.#takenAt = performance.now();
    this.#spent += this.#takenAt - began;
    void this.#run();
  }

  cancel() {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    this.end('cancelled');
  }

  catchUp({ signal = null, slice = this.#slice } = {}) {
    this.#watch(signal);
    this.#slice = slice;
    if (!this.#isClosed && !signal?.aborted) {
      this.#isPaused = false;
      this.#begin();
      void this.#run();
    }
    if (this.#round) return new Promise((resolve) => this.#awaiting.push(resolve));
    const state = this.#isClosed ? 'interrupted' : this.#isPaused ? 'cancelled' : 'done';
    return Promise.resolve({ state, done: 0, total: 0, rate: 0, left: null, error: null });
  }

  end(state, error = null) {
    const round = this.#round;
    this.#round = null;
    if (!round) return;
    const progress = round.end(state, this.#ask('rev', this.#from) - this.#from, error);
    for (const resolve of this.#awaiting.splice(0)) resolve(progress);
  }

  clear() {
    this.#hasWork = false;
    this.end('interrupted');
  }

  close() {
    if (this.#isClosed) return;
    this.#watch(null);
    this.clear();
    this.#isClosed = true;
  }

  #aborted = () => this.cancel();

  /** From now on this signal stops it, and no other. */
  #watch(signal) {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#signal = signal;
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener('abort', this.#aborted);
  }

  /** Calls the pad, and sees to what it tells. */
  #call(method, argument) {
    const { pad } = this.#host;
    let news = TO_DO;
    try {
      news = pad[method](argument);
    } catch (problem) {
      const error = problem instanceof Error ? problem : new Error(String(problem));
      // A queue that is full is emptied, and what was in it is asked for again.
      if (error.code === 'overflow') {
        this.end('interrupted');
        this.#tell('overflowed');
      } else {
        this.end('failed', error);
        this.#fail(error);
      }
      if (method === 'proceed') news |= FOR_HOST;
    }
    // What went wrong may have led to another pad.
    if (pad !== this.#host.pad) return;
    this.#hasWork = (news & TO_APPLY) !== 0;
    if (news & FOR_HOST) {
      const messages = method === 'receive' ? [argument] : pad.takeMessages();
      for (const message of messages) this.#tell('heard', message);
    }
    if (news & (TO_SHOW | TO_DO)) this.#tell('changed', news);
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#hasWork && !this.#isPaused && !this.#isClosed) {
      this.#begin();
      await this.#turn();
      this.#spent = 0;
      const began = performance.now();
      const end = began + this.#sliceAt(began);
      while (this.#hasWork && !this.#isPaused && !this.#isClosed && performance.now() < end) this.#call('proceed', AT_ONCE);
      if (!this.#isClosed) this.#settle();
    }
    this.#isRunning = false;
  }

  /** Lets the page have its turn. What is typed while it draws does not hold the work up a second time. */
  async #turn() {
    await breathe();
    if (!this.#isToDraw) return;
    this.#isToDraw = false;
    await drawn();
  }

  /** How long a slice that begins now may take. */
  #sliceAt(now) {
    return now - this.#typedAt < TYPING ? Math.min(SLICE_TYPING, this.#slice) : this.#slice;
  }

  /** A slice is over. */
  #settle() {
    this.#tell('settled');
    if (this.#isClosed) return;
    const rev = this.#ask('rev', this.#from);
    this.#round?.reach(rev - this.#from);
    // Some of what was counted may have been there before.
    if (this.#round && (rev >= this.#to || (!this.#hasWork && this.#ask('knownRev', rev) <= rev))) this.end('done');
    this.#begin();
  }

  /** Begins a round if there is something to be done, and none has begun. */
  #begin() {
    if (this.#round || this.#isPaused || this.#isClosed) return;
    this.#from = this.#ask('rev', 0);
    this.#to = this.#ask('knownRev', 0);
    if (this.#to <= this.#from) return;
    this.#round = new Round(this.#to - this.#from, (progress) => this.#host.report?.(progress), (error) => this.#fail(error));
  }

  /** A number of the pad's; an engine that has come to its end has none. */
  #ask(name, otherwise) {
    try {
      return this.#host.pad[name];
    } catch {
      return otherwise;
    }
  }

  #tell(name, argument) {
    try {
      this.#host[name]?.(argument);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    if (this.#host.failed) this.#host.failed(error);
    else queueMicrotask(() => {
      throw error;
    });
  }
}
