// What was measured, in a file that later runs add to.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

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
      this.#data = { cases: [], results: [] };
    }
  }

  get data() {
    return this.#data;
  }

  /** Puts a case in place of what was measured of the same before. */
  put({ name, facts: { machine, versions, ...when }, load }, results) {
    const replaced = new Set(results.map(keyOf));
    this.#data = {
      machine,
      versions,
      commit: when.commit,
      cases: [...this.#data.cases.filter((old) => old.name !== name), { name, ...when, load }],
      results: [...this.#data.results.filter((result) => !replaced.has(keyOf(result))), ...results],
    };
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify(this.#data, null, 1)}\n`);
  }
}

/** The least, middle and greatest of some figures. */
export function spread(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const round = (figure) => Number(figure.toPrecision(4));
  return { min: round(sorted[0]), median: round(sorted[sorted.length >> 1]), max: round(sorted.at(-1)) };
}
