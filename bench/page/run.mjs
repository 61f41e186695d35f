// The pad's page in Chromium: how long it takes to open, what changes of others cost it, and how a burst of them feels.
//
//   node bench/page/run.mjs [--runs 3] [--sizes 10,100,500,1000] [--seconds 10] [--json FILE]
//
// The sizes are thousands of code units. Etherpad's figures were taken once, on a machine with two cores.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makePad } from './document.mjs';
import { measure, median } from './measures.mjs';
import { openStage, positive } from '../stage.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '10,100,500,1000' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'string' },
  },
});
const runs = positive('runs', values.runs);
const seconds = positive('seconds', values.seconds);
const sizes = values.sizes.split(',').map((size) => positive('sizes', size));

/** What is told of each measure, for pads of 10, 100 and 500 thousand code units; all in milliseconds. */
const MEASURES = [
  { key: 'ready', label: 'ready for typing', etherpad: { 10: 900, 100: 1400, 500: 2900 }, aim: { 10: 300, 100: 400, 500: 600 } },
  { key: 'perChange', label: 'main thread per change, 20 a second', etherpad: { 10: 8.7, 100: 26, 500: 61 }, aim: 1 },
  { key: 'perChangeUnseen', label: '  the same, outside of what is seen', etherpad: {}, aim: 1 },
  { key: 'burst', label: '1,000 revisions until all are shown', etherpad: { 10: 3700, 100: 12_000, 500: 64_000 }, aim: 300 },
  { key: 'longestTask', label: 'longest task in a burst', etherpad: { 10: 32, 100: 54, 500: 414 }, aim: 16 },
  { key: 'longestTaskCpu', label: '  the longest by its time on a processor', etherpad: {}, aim: null },
  { key: 'echoWorst', label: 'keystroke’s echo in a burst, worst', etherpad: { 10: 17, 100: 68, 500: 231 }, aim: 50 },
  { key: 'echoMedian', label: 'keystroke’s echo in a burst, median', etherpad: {}, aim: null },
];

const stage = await openStage();
const { server, browser } = stage;
const results = [];
try {
  console.log(`\n${stage.described}, ${runs} runs, a fresh pad and page for each`);
  // The sizes take turns, so that whatever else the machine does falls on all of them.
  for (let run = -1; run < runs; run += 1) {
    for (const size of sizes) {
      // The first round only warms everything up.
      if (run < 0 && size !== sizes[0]) continue;
      const name = `bench-${size}-${run + 1}`;
      await makePad(server.origin, name, size * 1000);
      const figures = await measure(browser, server, name, { seconds: run < 0 ? 1 : seconds });
      if (run < 0) continue;
      results.push({ size, run, ...figures });
      console.log(`  run ${run + 1}, ${size} kB: ${MEASURES.map(({ key }) => `${key} ${format(figures[key])}`).join(', ')} (${figures.keys} keys)`);
    }
  }
  print();
  if (values.json) {
    writeFileSync(values.json, `${JSON.stringify({ ...stage.facts, runs, seconds, unit: 'ms', results }, null, 1)}\n`);
  }
} finally {
  await stage.close();
}

function print() {
  const rows = [['milliseconds', 'kB', 'min', 'median', 'max', 'Etherpad 3.3.1', 'aim', '']];
  for (const { key, label, etherpad, aim } of MEASURES) {
    for (const size of sizes) {
      const all = results.filter((result) => result.size === size).map((result) => result[key]);
      const limit = typeof aim === 'number' ? aim : aim?.[size];
      const middle = median(all);
      rows.push([
        size === sizes[0] ? label : '',
        String(size),
        format(Math.min(...all)),
        format(middle),
        format(Math.max(...all)),
        etherpad[size] === undefined ? '' : format(etherpad[size]),
        limit === undefined || limit === null ? '' : `<= ${limit}`,
        limit === undefined || limit === null ? '' : middle <= limit ? 'reached' : 'missed',
      ]);
    }
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  console.log('');
  for (const row of rows) console.log(row.map((cell, column) => (column === 0 || column === 7 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd());
}

function format(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
