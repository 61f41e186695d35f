// Catching up with very many revisions in Chromium: how long the longest task is, how a keystroke feels meanwhile, and what the slicing costs.
//
//   node bench/catchup/run.mjs [--runs 3] [--revisions 100000] [--arriving 20000] [--size 100] [--json FILE]
//
// The size is that of the pad before, in thousands of code units. Each run has a pad and a page of its own for each measure. So many revisions as
// `--revisions` says wait in the page when it begins; as many as `--arriving` says come as fast as the browser hands them over, while somebody types.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPad } from '../../tests/e2e/support/browser.js';
import { makePad } from '../page/document.mjs';
import { longestOf, median } from '../page/measures.mjs';
import { openStage, positive } from '../stage.mjs';
import { Flood } from './flood.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    revisions: { type: 'string', default: '100000' },
    arriving: { type: 'string', default: '20000' },
    size: { type: 'string', default: '100' },
    json: { type: 'string' },
  },
});
const [runs, revisions, arriving, size] = ['runs', 'revisions', 'arriving', 'size'].map((name) => positive(name, values[name]));
/** Between two keystrokes, in milliseconds: as a key repeats that is held. */
const KEY_INTERVAL = 33;
/** So many come before it begins: the first ones after a page has been opened take long, whatever else it does. */
const KEYS_BEFORE = 20;

const MEASURES = [
  { key: 'unsliced', label: 'queued: total in one go', aim: null },
  { key: 'sliced', label: 'queued: total in slices', aim: null },
  { key: 'ratio', label: 'queued: in slices / in one go', aim: 1.2 },
  { key: 'longestTask', label: 'queued: longest task', aim: 16 },
  { key: 'longestTaskCpu', label: 'queued: longest task, processor time', aim: null },
  { key: 'typingTask', label: 'queued, with typing: longest task', aim: 16 },
  { key: 'typingTaskCpu', label: 'queued, with typing: longest task, processor time', aim: null },
  { key: 'longTasks', label: 'queued, with typing: tasks above 50 ms', aim: 0 },
  { key: 'echoWorst', label: 'queued, with typing: echo, worst', aim: 50 },
  { key: 'echoMedian', label: 'queued, with typing: echo, median', aim: null },
  { key: 'eventWorst', label: 'queued, with typing: event timing, worst', aim: 50 },
  { key: 'floodTask', label: 'as they arrive, with typing: longest task', aim: 16 },
  { key: 'floodEvent', label: 'as they arrive, with typing: event timing, worst', aim: 50 },
];

const stage = await openStage();
const { server, browser } = stage;
const results = [];
try {
  await makePad(server.origin, 'catchup', size * 1000);
  console.log(`\n${stage.described}, ${runs} runs, ${revisions} revisions (${arriving} as they arrive), a pad of ${size} kB`);
  for (let run = 0; run < runs; run += 1) {
    const unsliced = await measured((page) => catchUp(page, { slice: Number.POSITIVE_INFINITY }));
    const sliced = await measured((page) => catchUp(page, {}));
    const traced = await measured((page) => catchUp(page, { traced: true }));
    const typed = await measured((page) => catchUp(page, { traced: true, types: true }));
    const flood = await measured((page) => catchUp(page, { traced: true, types: true, isQueued: false }));
    const cancelled = await measured(cancelAtHalf);
    const thrown = await measured(throwing);
    const result = {
      unsliced: unsliced.total,
      sliced: sliced.total,
      ratio: sliced.total / unsliced.total,
      longestTask: traced.longestTask,
      longestTaskCpu: traced.longestTaskCpu,
      typingTask: typed.longestTask,
      typingTaskCpu: typed.longestTaskCpu,
      longTasks: typed.longTasks,
      echoWorst: Math.max(...typed.echo),
      echoMedian: median(typed.echo),
      eventWorst: typed.eventWorst,
      floodTask: flood.longestTask,
      // Not the echo: what it is measured with waits behind all messages that have come.
      floodEvent: flood.eventWorst,
      keys: typed.echo.length,
      cancelled,
      thrown,
    };
    results.push(result);
    console.log(`  run ${run + 1}: ${MEASURES.map(({ key }) => `${key} ${format(result[key])}`).join(', ')} (${result.keys} keys)`);
    console.log(`         cancelled at revision ${cancelled.rev} of ${cancelled.total}, with the right text; ${thrown.reports} reports that threw harmed nothing`);
  }
  print();
  if (values.json) {
    writeFileSync(values.json, `${JSON.stringify({ ...stage.facts, runs, revisions, arriving, size, unit: 'ms', results }, null, 1)}\n`);
  }
} finally {
  await stage.close();
}

/** Opens the pad behind a flood of its own, and measures something of its page. */
async function measured(work) {
  const flood = await Flood.before(server, 'catchup');
  const pad = await openPad(browser, flood.address, { prepare: (page) => page.addInitScript(watch) });
  try {
    await pad.page.evaluate(() => window.easysync.view.dispatch({ selection: { anchor: window.easysync.view.state.doc.line(3).from }, scrollIntoView: true }));
    // Whatever belongs to loading is over by then.
    await sleep(800);
    return await work({ ...pad, page: pad.page, flood });
  } finally {
    await pad.close();
    await flood.close();
  }
}

/** Runs in the page before its scripts. */
function watch() {
  const bench = { echo: [], longTasks: 0, eventWorst: 0, reports: [] };
  window.bench = bench;
  bench.afterPaint = (then) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => then(performance.now());
      port2.postMessage(null);
    });
  bench.begin = () => {
    new PerformanceObserver((list) => {
      bench.longTasks += list.getEntries().length;
    }).observe({ type: 'longtask' });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) bench.eventWorst = Math.max(bench.eventWorst, duration);
    }).observe({ type: 'event', durationThreshold: 16 });
    const { view } = window.easysync;
    const began = [];
    view.contentDOM.addEventListener('keydown', (event) => began.push(event.timeStamp), { capture: true });
    view.contentDOM.addEventListener('input', () => {
      const start = began.shift();
      bench.afterPaint((time) => bench.echo.push(time - start));
    });
  };
  /** Resolves when a revision is shown, with the time. */
  bench.shown = (rev) =>
    new Promise((resolve, reject) => {
      const end = performance.now() + 120_000;
      const look = () => {
        const { session, view } = window.easysync;
        if (session.rev >= rev && !session.engine.isBehind && view.state.doc.length === session.engine.length - 1) bench.afterPaint(resolve);
        else if (performance.now() > end) reject(new Error(`revision ${rev} is not shown; the page is at ${session.rev}`));
        else requestAnimationFrame(look);
      };
      look();
    });
}

/** Has all revisions sent; they wait in the page until it goes on. */
async function fill({ page, flood }) {
  await page.evaluate(() => {
    const { session } = window.easysync;
    session.on('progress', (progress) => window.bench.reports.push(progress));
    session.cancelCatchUp();
  });
  const inserted = await flood.send(revisions);
  await page.waitForFunction((count) => window.easysync.session.waiting >= count, revisions, { timeout: 120_000 });
  await sleep(300);
  return inserted;
}

async function catchUp({ page, flood }, { slice = null, traced = false, types = false, isQueued = true }) {
  const devtools = await page.context().newCDPSession(page);
  const sent = [];
  let keys = 0;
  const press = () => {
    sent.push(devtools.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Q', code: 'KeyQ', text: 'Q', windowsVirtualKeyCode: 81 }));
    sent.push(devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Q', code: 'KeyQ', windowsVirtualKeyCode: 81 }));
    keys += 1;
    return sleep(KEY_INTERVAL);
  };
  while (types && keys < KEYS_BEFORE) await press();
  await page.waitForFunction(() => window.easysync.session.saveState === 'saved', null, { timeout: 30_000 });
  const target = flood.rev + (isQueued ? revisions : arriving);
  await page.evaluate(() => window.bench.begin());
  let inserted = isQueued ? await fill({ page, flood }) : null;
  if (traced) await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
  let isOver = false;
  const shown = page
    .evaluate(
      async ([rev, time]) => {
        const began = performance.now();
        window.easysync.session.resumeCatchUp(time ?? undefined);
        return (await window.bench.shown(rev)) - began;
      },
      [target, slice],
    )
    .finally(() => {
      isOver = true;
    });
  const type = async () => {
    while (types && !isOver) await press();
  };
  const typing = type();
  if (!isQueued) inserted = await flood.send(arriving);
  const total = await shown;
  await typing;
  await Promise.all(sent);
  const trace = traced ? JSON.parse((await browser.stopTracing()).toString()) : null;
  if (types) await page.waitForFunction((count) => window.bench.echo.length >= count, keys - KEYS_BEFORE, { timeout: 10_000 });
  await assertText(page, flood.textWith(inserted), keys);
  const { echo, longTasks, eventWorst, reports } = await page.evaluate(() => window.bench);
  if (isQueued) assertReports(reports, slice === null);
  return { total, echo, longTasks, eventWorst, ...(trace && longestOf(trace.traceEvents)) };
}

/** What others wrote is all there, and each keystroke is. */
async function assertText(page, expected, keys) {
  await page.waitForFunction(() => window.easysync.session.saveState === 'saved', null, { timeout: 30_000 });
  const text = await page.evaluate(() => `${window.easysync.view.state.doc.toString()}\n`);
  assert.equal(text.replaceAll('Q', ''), expected, 'the page has another text');
  assert.equal(text.length - expected.length, keys, 'not every keystroke is there once');
}

/** At most ten reports a second, one at the end, and numbers that were counted at the beginning. */
function assertReports(reports, areMany) {
  const round = reports.filter(({ total }) => total === revisions);
  assert.equal(round.filter(({ state }) => state !== 'running').length, 1, 'the round has not ended once');
  assert.equal(round.at(-1).state, 'done');
  assert.equal(round.at(-1).done, revisions);
  const seconds = revisions / round.at(-1).rate;
  assert.ok(round.length <= seconds * 10 + 2, `${round.length} reports in ${seconds} s`);
  assert.ok(!areMany || seconds < 0.3 || round.length > 2, 'there were no reports on the way');
}

/** Cancelled at half: what is there stays, is right, and can be edited; then it goes on. */
async function cancelAtHalf({ page, flood }) {
  const first = flood.rev;
  const inserted = await fill({ page, flood });
  const stopped = await page.evaluate(
    (half) =>
      new Promise((resolve, reject) => {
        const { session } = window.easysync;
        session.on('progress', (progress) => {
          if (progress.state === 'cancelled') resolve({ ...progress, rev: session.rev });
          else if (progress.state === 'done' || progress.state === 'failed') reject(new Error('it was over before it was cancelled'));
        });
        session.resumeCatchUp();
        const look = () => (session.rev >= half ? session.cancelCatchUp() : setTimeout(look, 0));
        look();
      }),
    first + revisions / 2,
  );
  await sleep(300);
  const done = stopped.rev - first;
  assert.ok(done >= revisions / 2 && done < revisions, `cancelled after ${done}`);
  assert.deepEqual([stopped.done, stopped.total], [done, revisions]);
  const now = await page.evaluate(() => ({ rev: window.easysync.session.rev, text: `${window.easysync.view.state.doc.toString()}\n` }));
  assert.equal(now.rev, stopped.rev, 'it went on after it was cancelled');
  // The later revisions insert before the earlier.
  assert.equal(now.text, flood.textWith(inserted.slice(revisions - done)), 'the text is not that of the revision');
  await page.keyboard.press('Q');
  await page.getByTestId('resume').click();
  await page.evaluate((rev) => window.bench.shown(rev), first + revisions);
  await assertText(page, flood.textWith(inserted), 1);
  return { rev: stopped.rev, total: first + revisions };
}

/** A listener that throws is told of in the console, and harms nothing. */
async function throwing({ page, flood }) {
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const target = flood.rev + revisions;
  const inserted = await fill({ page, flood });
  await page.evaluate(() => {
    window.easysync.session.on('progress', () => {
      throw new Error('a listener of the bench');
    });
    window.easysync.session.resumeCatchUp();
  });
  await page.evaluate((rev) => window.bench.shown(rev), target);
  await assertText(page, flood.textWith(inserted), 0);
  const reports = errors.filter((text) => text.includes('a listener of the bench')).length;
  assert.ok(reports > 0, 'nobody was told that a listener threw');
  return { reports };
}

function print() {
  const rows = [['milliseconds', 'min', 'median', 'max', 'aim', '']];
  for (const { key, label, aim } of MEASURES) {
    const all = results.map((result) => result[key]);
    const middle = median(all);
    rows.push([label, format(Math.min(...all)), format(middle), format(Math.max(...all)), aim === null ? '' : `<= ${aim}`, aim === null ? '' : middle <= aim ? 'reached' : 'missed']);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  console.log('');
  for (const row of rows) console.log(row.map((cell, column) => (column === 0 || column === 5 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd());
}

function format(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
