// Everyone who takes part in some cases, ready to run.

import { openChromium } from './chromium.mjs';
import { startNode } from './node.mjs';
import { spread } from './results.mjs';
import { SUBJECTS } from './subjects/index.mjs';

/** For how many seconds messages come into a page with an editor. */
const PLAYED = 1;

export class Field {
  #browser;
  #takers = new Map();

  /** Starts a browser if one of the cases needs it. */
  static async open(cases) {
    const field = new Field();
    if (cases.some(({ takers }) => takers.some(({ where }) => where === 'chromium'))) field.#browser = await openChromium();
    return field;
  }

  get chromium() {
    return this.#browser?.version;
  }

  /** Each takes its turn in each run, so that whatever else the machine does falls on all of them. */
  async measure(one, { runs, budget }) {
    const [ready, failures] = [[], []];
    const play = one.rate === undefined ? this.#timed(one, budget) : this.#drawn(one);
    for (const { subject, where, trace = one.trace } of one.takers) {
      const names = { trace: trace.name ?? trace, subject: SUBJECTS[subject].name, where };
      try {
        // One that takes part with several traces does so in several processes.
        const taker = await this.#taker(subject, where, trace === one.trace ? '' : names.trace);
        ready.push({ taker, names, figures: [], prepared: await play.prepare(taker, trace) });
      } catch (error) {
        failures.push({ ...names, error: error.message });
      }
    }
    for (let run = 0; run < runs; run += 1) {
      for (const { taker, figures } of ready) figures.push(await play.run(taker));
    }
    const results = ready.map(({ names, figures, prepared }) => ({ bench: one.bench, batch: one.batch ?? 1, ...names, ...play.result(figures, prepared), runs }));
    return { results, failures };
  }

  async close() {
    for (const taker of this.#takers.values()) await taker.close();
    await this.#browser?.close();
  }

  async #taker(subject, where, which) {
    const key = `${subject} ${where} ${which}`;
    const start = where === 'node' ? startNode : this.#browser.start;
    if (!this.#takers.has(key)) this.#takers.set(key, await start(subject));
    return this.#takers.get(key);
  }

  /** How long it takes to take in messages. */
  #timed({ batch, pending, weight = 1 }, budget) {
    return {
      prepare: (taker, trace) => taker.prepare({ trace, batch, pending, budget: budget * weight }),
      run: (taker) => taker.run(),
      result: (figures, { document, changes, all }) => ({ document_chars: document, changes, changes_in_trace: all, us_per_change: spread(figures) }),
    };
  }

  /** How long the main thread is busy in a page that draws them. */
  #drawn({ trace, rate }) {
    return {
      prepare: () => {},
      async run(taker) {
        await taker.open({ trace });
        const before = await taker.busy();
        const played = await taker.play({ rate, seconds: PLAYED });
        return { ...played, busy: (await taker.busy()) - before };
      },
      result: (figures) => {
        const middle = (key) => spread(figures.map((figure) => figure[key])).median;
        return {
          document_chars: trace.size,
          changes: middle('changes'),
          changes_in_trace: rate * PLAYED,
          us_per_change: spread(figures.map(({ busy, changes }) => (busy * 1000) / changes)),
          frames: { drawn: middle('drawn'), dropped: middle('dropped') },
        };
      },
    };
  }
}
