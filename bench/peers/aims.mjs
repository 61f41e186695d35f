// What is wanted of the engine, beside what was measured.

import { format } from './table.mjs';

const MAIN = { bench: 'remote', trace: 'automerge-paper', where: 'node', batch: 1 };

/** @returns {{aim: string, limit: string, measured: string, isReached: boolean}[]} Those of which everything was measured. */
export function aims(results) {
  const median = (wanted) => results.find((result) => Object.entries(wanted).every(([key, value]) => result[key] === value))?.us_per_change.median;
  const ours = median({ ...MAIN, subject: 'easysync' });
  const at100kB = (subject) => median({ bench: 'sizes', trace: '100 kB', subject, where: 'node' });
  const extreme = (trace) => median({ bench: 'extremes', trace, subject: 'easysync' });
  const most = (aim, limit, measured, unit) => ({ aim, limit: `<= ${limit}${unit}`, measured, unit, isReached: measured <= limit });
  const least = (aim, limit, measured) => ({ aim, limit: `>= ${limit} times`, measured, unit: ' times', isReached: measured >= limit });
  const faster = (subject, limit) => least(`automerge-paper, faster than ${subject}`, limit, median({ ...MAIN, subject }) / ours);
  return [
    most('automerge-paper, wire text to patch, in Node', 0.6, ours, ' µs'),
    most('automerge-paper, from parsed objects, in Node', 1.5, median({ ...MAIN, subject: 'easysync, objects' }), ' µs'),
    faster('CodeMirror', 2.5),
    faster('diamond-types', 4),
    faster('Loro', 30),
    faster('Yjs', 300),
    least('100 kB, faster than Etherpad', 3000, at100kB('Etherpad') / at100kB('easysync')),
    most('a change at 10 MB to one at 10 kB', 1.5, extreme('10 MB') / extreme('10 kB'), ' times'),
    most('6,600 changes a second, of one core', 2, (ours * 6600) / 1e4, ' %'),
    most('200 authors to one', 1.5, extreme('200 authors') / extreme('1 author'), ' times'),
  ]
    .filter(({ measured }) => Number.isFinite(measured))
    .map(({ measured, unit, ...aim }) => ({ ...aim, measured: `${format(measured)}${unit}` }));
}

export function printAims(results) {
  console.log('');
  for (const { aim, limit, measured, isReached } of aims(results)) console.log(`${aim.padEnd(48)}  ${limit.padStart(13)}  ${measured.padStart(12)}  ${isReached ? 'reached' : 'missed'}`);
}
