// What is measured: cases, each a trace and a way in which it arrives, and who takes part.

import { scattered } from './synthetic.mjs';
import { recorded } from './traces.mjs';

const PLAIN_TEXT = ['codemirror', 'plain'];
const CRDTS = ['diamond', 'ywasm', 'yjs', 'loro', 'automerge'];
const PADS = ['easysync', 'etherpad'];
const IN_NODE = ['easysync', 'easysyncApart', 'easysyncObjects', ...PLAIN_TEXT, ...CRDTS, 'etherpad'];
const IN_CHROMIUM = ['easysync', 'easysyncObjects', ...PLAIN_TEXT];
/** The trace that the aims speak of gets so many times the time of others, so that most subjects see all of it. */
const MAIN_TRACE = 'automerge-paper';
const MAIN_WEIGHT = 15;
/** Documents of different sizes are compared with each other: enough time for all changes. */
const SIZES_WEIGHT = 3;

const node = (subjects) => subjects.map((subject) => ({ subject, where: 'node' }));
const chromium = (subjects) => subjects.map((subject) => ({ subject, where: 'chromium' }));

const SIZES = [10, 100, 1000, 10_000].map((kilobytes) => ({ name: kilobytes < 1000 ? `${kilobytes} kB` : `${kilobytes / 1000} MB`, size: kilobytes * 1000, changes: 20_000 }));
const HALF = 50_000;

/** Remote changes one by one and in batches. */
function remote() {
  const synthetic = { name: 'synthetic', size: 0, changes: 20_000 };
  return [synthetic, ...recorded()].flatMap((trace) =>
    [1, 10, 200].map((batch) => ({
      trace,
      batch,
      weight: trace === MAIN_TRACE && batch === 1 ? MAIN_WEIGHT : 1,
      takers: [...node(IN_NODE), ...chromium(IN_CHROMIUM)],
    })),
  );
}

/** The same kind of typing in documents of different sizes. */
function sizes() {
  return SIZES.map((trace) => ({ trace, batch: 1, weight: SIZES_WEIGHT, takers: node(IN_NODE) }));
}

const AUTHORS = [1, 2, 200].map((count) => ({ name: `${count} ${count === 1 ? 'author' : 'authors'}`, size: 2 * HALF, changes: 20_000, authors: count }));

/** Authors who take turns, each at a place of their own. */
function authors() {
  return AUTHORS.map((trace) => ({
    trace,
    batch: 1,
    takers: node([...PADS, ...PLAIN_TEXT, 'yjs', 'ywasm', 'loro']),
  }));
}

/** The smallest with the largest, in turns: a machine whose speed changes between two cases says nothing of how they compare. */
function extremes() {
  const traces = [SIZES, AUTHORS].flatMap((list) => [list[0], list.at(-1)]);
  const takers = traces.map((trace) => ({ subject: 'easysync', where: 'node', trace }));
  return [{ trace: { name: 'in turns' }, batch: 1, weight: SIZES_WEIGHT, takers }];
}

/** The user has typed what nobody else has yet; all of it is before what arrives. */
function pending() {
  return [0, 1, 10_000].map((count) => ({
    trace: { name: `${count} pending`, size: 2 * HALF, changes: 20_000, from: HALF },
    batch: 1,
    pending: scattered(count, HALF),
    takers: node([...PADS, 'codemirror', ...CRDTS]),
  }));
}

/** The newest revision of a history that also keeps the way back. */
function history() {
  const main = recorded().includes(MAIN_TRACE) ? [MAIN_TRACE] : [];
  return [...main, SIZES[1]].map((trace) => ({ trace, batch: 1, takers: node(['easysyncHistory', 'etherpadHistory']) }));
}

/** A page in which CodeMirror draws each change. */
function page() {
  return [60, 6600].map((rate) => ({
    trace: { name: `${rate} a second`, size: 2 * HALF, changes: 2 * rate },
    rate,
    takers: chromium([...PADS, ...PLAIN_TEXT, 'yjs', 'loro', 'automerge']),
  }));
}

const BENCHES = { remote, sizes, authors, extremes, pending, history, page };

/** All cases, or those whose names begin with all of one of these. */
export function cases(beginnings) {
  const all = Object.entries(BENCHES).flatMap(([bench, list]) =>
    list().map((one) => {
      const trace = one.trace.name ?? one.trace;
      return { bench, name: `${bench}/${trace}${bench === 'remote' ? `/${one.batch}` : ''}`, ...one };
    }),
  );
  return beginnings ? all.filter(({ name }) => beginnings.some((beginning) => `${name}/`.startsWith(`${beginning}/`))) : all;
}
