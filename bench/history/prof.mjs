// The page of a pad's history in Chromium: how long it takes from a wish to see a revision until the frame is drawn that shows it.
//
//   node bench/history/run.mjs [--runs 3] [--seeks 100] [--json FILE]
//
// Opens the largest export of the folder that EASYSYNC_EXPORTS names as a file in the page, and moves the slider to random revisions, some
// moments apart. The time runs from the slider's `input` event until the task after the first frame whose text is the revision's, CodeMirror's own
// measuring included. Number, date and author beside the slider follow a frame later, and are not waited for. Etherpad's figures were taken once, on
// a machine with two cores.
//
// A screen takes a frame every 16.7 ms, so a wish waits 8.3 ms for the next one on average, however quick the page is. Measured is therefore once as
// on such a screen, and once with a browser that draws a frame as soon as there is one: what the page itself takes.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/run.mjs';
import { launch } from '../../tests/e2e/support/browser.js';
import { openStage, positive } from '../stage.mjs';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, seeks: { type: 'string', default: '100' }, json: { type: 'string' } },
});
const [runs, seeks] = ['runs', 'seeks'].map((name) => positive(name, values[name]));

/** What is told, in milliseconds. */
const MEASURES = [
  { label: 'p50', share: 0.5, etherpad: 97, aim: 8 },
  { label: 'p95', share: 0.95, etherpad: 345, aim: 16 },
  { label: 'worst', share: 1, etherpad: 1116, aim: 33 },
];
/** Etherpad was measured with the export of this name. */
const MEASURED_EXPORT = 'head-large-friendsforever';

const folder = process.env.EASYSYNC_EXPORTS ?? join(root, '..', 'shared', 'wire', 'exports');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /\.etherpad(\.gz)?$/.test(name)) : [];
if (files.length === 0) {
  console.log(`skipped: no exports in ${folder} (set EASYSYNC_EXPORTS to another folder)`);
  process.exit(0);
}
const file = files.map((name) => join(folder, name)).sort((a, b) => statSync(b).size - statSync(a).size)[0];
const name = basename(file).replace(/\.etherpad(\.gz)?$/, '');

const stage = await openStage();
const { server } = stage;
/** Draws frames as soon as there are any. */
const unlimited = await launch(['--disable-frame-rate-limit', '--disable-gpu-vsync']);
const SCREENS = [
  { screen: '60 frames a second', browser: stage.browser },
  { screen: 'frames as they come', browser: unlimited },
];
const results = [];
try {
  for (let run = 1; run <= runs; run += 1) {
    for (const { screen, browser } of SCREENS) {
      const { head, open, times } = await measure(browser, run);
      if (results.length === 0) {
        console.log(`\n${name}: ${head + 1} revisions, ${seeks} random seeks in each of ${runs} runs, a fresh page for each`);
        console.log(stage.described);
      }
      results.push({ run, screen, open, times });
      console.log(`  run ${run}, ${screen}: opened in ${Math.round(open)} ms, ${MEASURES.map(({ label, share }) => `${label} ${format(quantile(times, share))}`).join(', ')}`);
    }
  }
  for (const { screen } of SCREENS) print(screen);
  if (values.json) {
    writeFileSync(values.json, `${JSON.stringify({ ...stage.facts, export: name, runs, seeks, unit: 'ms', results }, null, 1)}\n`);
  }
} finally {
  await unlimited.close();
  await stage.close();
}

/** Opens the file in a new page, and seeks. The revisions are the same in each run of this number. */
async function measure(browser, run) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  try {
    await page.goto(`${server.address('bench')}/timeslider`);
    await page.waitForFunction(() => document.documentElement.dataset.state === 'ready');
    const began = performance.now();
    await page.getByTestId('open-file').setInputFiles(file);
    await page.waitForFunction(() => window.easysyncHistory.history.isFile && window.easysyncHistory.history.rev !== null, null, { timeout: 60_000 });
    const open = performance.now() - began;
    // The strip behind the slider is gathered in the background.
    await page.waitForTimeout(1500);
    const devtools = await context.newCDPSession(page); await devtools.send('Profiler.enable'); await devtools.send('Profiler.setSamplingInterval', {interval: 200}); await page.evaluate(seekAbout, { count: 30, seed: 77 }); await devtools.send('Profiler.start'); const out = await page.evaluate(seekAbout, { count: seeks, seed: run }); const {profile} = await devtools.send('Profiler.stop'); writeFileSync('/tmp/seek.cpuprofile', JSON.stringify(profile)); console.log('parts', await page.evaluate(() => (window.parts ?? []).sort((a, b) => a - b).filter((_, i, all) => i % Math.ceil(all.length / 12) === 0).join(' '))); return { open, ...out };
  } finally {
    await context.close();
  }
}

/** In the page: seeks one random revision after the other, and checks that each is the one on the screen. */
async function seekAbout({ count, seed }) {
  const { history, view } = window.easysyncHistory;
  window.parts ??= []; history.on('shown', (rev, patch) => window.parts.push(patch.changes.length / 3));
  const slider = document.querySelector('[data-testid=slider]');
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const { port1, port2 } = new MessageChannel();
  const times = [];
  for (let i = 0; i < count; i += 1) {
    const rev = Math.floor(random() * (history.head + 1));
    // Not in step with the frames.
    await new Promise((resolve) => setTimeout(resolve, 30 + random() * 40));
    slider.value = String(rev);
    const began = performance.now();
    const drawn = new Promise((resolve) => {
      port1.onmessage = () => resolve(performance.now());
      const look = () => (history.rev === rev ? port2.postMessage(null) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    times.push((await drawn) - began);
    if (`${view.state.sliceDoc()}\n` !== history.slider.text(0, history.slider.length)) throw new Error(`revision ${rev} is not what is on the screen`);
  }
  return { head: history.head, times };
}

function quantile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function format(time) {
  return time.toFixed(1);
}

function print(screen) {
  const ofScreen = results.filter((result) => result.screen === screen);
  const rows = [[`milliseconds until drawn, ${screen}`, 'min', 'median', 'max', 'Etherpad 3.3.1', 'aim', '']];
  for (const { label, share, etherpad, aim } of MEASURES) {
    const all = ofScreen.map(({ times }) => quantile(times, share)).sort((a, b) => a - b);
    const middle = all[all.length >> 1];
    const isMeasured = name === MEASURED_EXPORT;
    rows.push([label, format(all[0]), format(middle), format(all.at(-1)), isMeasured ? String(etherpad) : '', `<= ${aim}`, middle <= aim ? 'reached' : 'missed']);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  console.log('');
  for (const row of rows) console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '));
}
