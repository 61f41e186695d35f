// easysync beside other libraries: the same changes to the same text, from bytes to what an editor is told.
//
//   node bench/peers/run.mjs [--only NAME,...] [--runs 5] [--budget 80] [--quick] [--json FILE]
//
// A name is the beginning of a case's: `remote`, `remote/automerge-paper`, `sizes/10 MB`. The budget is milliseconds for a run; who cannot
// take in the whole trace within it takes in its beginning. --quick: three runs, a third of the budget, nothing written. `native` is the
// bench `trace` of the engine itself, without WebAssembly.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackage } from '../../scripts/build.mjs';
import { root, run } from '../../scripts/run.mjs';
import { needPackages } from '../../scripts/setup.mjs';
import { facts, positive } from '../stage.mjs';
import { printAims } from './aims.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    budget: { type: 'string', default: '80' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string', default: join(root, 'bench', 'results', 'latest.json') },
  },
});
const runs = values.quick ? 3 : positive('runs', values.runs);
const budget = values.quick ? 40 : positive('budget', values.budget);

buildPackage();
needPackages(join(root, 'bench'), '--ignore-scripts');
// What these need is there only now.
const { cases } = await import('./cases.mjs');
const { Field } = await import('./field.mjs');
const { Results } = await import('./results.mjs');
const { printCase } = await import('./table.mjs');
const { versions } = await import('./versions.mjs');

const names = values.only?.split(',');
const hasNative = !values.quick && (names?.includes('native') ?? true);
const chosen = cases(names);
if (chosen.length === 0 && !hasNative) {
  console.error(`no such case; there are\n  ${cases().map(({ name }) => name).join('\n  ')}`);
  process.exit(2);
}
const file = values.quick ? null : new Results(values.json);
const began = performance.now();
const field = await Field.open(chosen);
const measured = [];
try {
  for (const one of chosen) {
    const before = loadavg()[0];
    const outcome = await field.measure(one, { runs, budget });
    printCase({ name: one.name, ...outcome });
    measured.push(...outcome.results);
    const load = { before, after: loadavg()[0] };
    file?.put({ name: one.name, facts: { ...facts(), versions: versions(field.chromium) }, load }, outcome.results);
  }
} finally {
  await field.close();
}
if (hasNative) {
  const before = loadavg()[0];
  const results = native();
  const load = { before, after: loadavg()[0] };
  file.put({ name: 'native', facts: { ...facts(), versions: versions(field.chromium) }, load }, results);
}
printAims(file?.data.results ?? measured);
console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes`);

/** The engine without WebAssembly and JavaScript, as its own bench prints it. */
function native() {
  const folder = mkdtempSync(join(tmpdir(), 'easysync-bench-'));
  try {
    const file = join(folder, 'native.json');
    run('native', ['cargo', 'bench', '--bench', 'trace', '--', '--json', file]);
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
