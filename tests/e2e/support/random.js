// Randomness that can be had again: EASYSYNC_SEED names the seed, which is printed.

/** A source of numbers (mulberry32). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to but not including 1. */
  number() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `limit`. */
  below(limit) {
    return Math.floor(this.number() * limit);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  chance(probability) {
    return this.number() < probability;
  }

  /** Another source, for what runs at the same time. */
  fork() {
    return new Random(this.below(2 ** 32));
  }
}

/** The seed of this run; told to the test, so that a failure can be had again. */
export function seeded(t) {
  const seed = Number(process.env.EASYSYNC_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`EASYSYNC_SEED=${seed}`);
  return new Random(seed);
}
