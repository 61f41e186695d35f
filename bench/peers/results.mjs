// What was measured, in a file that later runs add to.

import { readFileSync, writeFileSync } from 'node:fs';

const keyOf = ({ bench, trace, subject, where, batch }) => JSON.stringify([bench, trace, subject, where, batch]);

export class Results {
  #file;
  #data;

  constructor(file) {
    this.#file = file;
    try {
      this.#data = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      this.#data = { parts: [], results: [] };
    }
  }

  get data() {
    return this.#data;
  }

  /** Puts a part of a run in place of what was measured of the same before. */
  put(part, results) {
    const replaced = new Set(results.map(keyOf));
    const kept = this.#data.results.filter((result) => !replaced.has(keyOf(result)));
    const cases = new Set(part.cases);
    const parts = this.#data.parts.map((old) => ({ ...old, cases: old.cases.filter((name) => !cases.has(name)) }));
    const { machine, versions } = part.facts;
    this.#data = {
      machine,
      versions,
      commit: part.facts.commit,
      parts: [...parts.filter((old) => old.cases.length > 0), { date: part.facts.date, commit: part.facts.commit, load: part.load, cases: part.cases }],
      results: [...kept, ...results],
    };
    writeFileSync(this.#file, `${JSON.stringify(this.#data, null, 1)}\n`);
  }
}

/** The least, middle and greatest of some figures. */
export function spread(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const round = (figure) => Number(figure.toPrecision(4));
  return { min: round(sorted[0]), median: round(sorted[sorted.length >> 1]), max: round(sorted.at(-1)) };
}
