// What is measured of one page, in the order in which `measure` does it.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, base36 } from '../../tests/e2e/support/client.js';

const BURST = 1000;
/** A server ends connections that send ever more without waiting for answers. */
const IN_FLIGHT = 256;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX';
/** How many of them are sent at once where others write as well. */
const PART = LETTERS.length;
const CHANGES_PER_SECOND = 20;
/** Between two keystrokes in a burst, in milliseconds. */
const KEY_INTERVAL = 20;
/** The browser tells how long a key took if it was at least this long, in milliseconds. */
const FASTEST_TOLD = 16;
/** How long the lines of the other author become. */
const COLUMNS = 60;
/** When a burst counts as lost, in milliseconds. */
const SHOWN_TIME = 60_000;

/**
 * Opens a pad in a page of its own and measures it. All times are milliseconds.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {import('../../tests/e2e/support/server.js').Server} server
 * @param {{seconds: number}} options How long the time for each change is taken.
 */
export async function measure(browser, server, name, { seconds }) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  const author = await Client.join(server.origin, name);
  try {
    const ready = await opening(page, server.address(name));
    const devtools = await context.newCDPSession(page);
    // Whatever belongs to loading is over by then.
    await sleep(1000);
    const perChange = await changes(page, devtools, author, seconds);
    await scrollTo(page, 'end');
    const perChangeUnseen = await changes(page, devtools, author, seconds);
    await scrollTo(page, 'start');
    const burst = await burstAlone(page, author);
    await watchKeys(page);
    const echo = await burstWithTyping(page, devtools, author);
    // By itself: a trace takes time of its own.
    await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
    await burstWithTyping(page, devtools, author);
    const { longestTask, longestTaskCpu } = longestOf(JSON.parse((await browser.stopTracing()).toString()).traceEvents);
    await assertEqual(page, server, name);
    return { ready, perChange, perChangeUnseen, burst, longestTask, longestTaskCpu, echoWorst: Math.max(...echo), echoMedian: median(echo), keys: echo.length };
  } finally {
    author.close();
    await context.close();
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** From navigation until a first key is drawn; it is struck as soon as the page says that it is ready. */
async function opening(page, address) {
  let drawn;
  const done = new Promise((resolve) => {
    drawn = resolve;
  });
  await page.exposeFunction('benchReady', () => page.keyboard.press('x'));
  await page.exposeFunction('benchDrawn', (time) => drawn(time));
  await page.addInitScript(() => {
    const afterPaint = (then) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => then(performance.now());
        channel.port2.postMessage(null);
      });
    window.bench = { afterPaint };
    const watch = () => {
      const root = document.documentElement;
      if (root.dataset.state !== 'ready') return;
      observer.disconnect();
      document.querySelector('.cm-content').addEventListener('input', () => afterPaint((time) => void window.benchDrawn(time)), { once: true });
      void window.benchReady();
    };
    const observer = new MutationObserver(watch);
    observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
  });
  await page.goto(address, { waitUntil: 'commit' });
  return Promise.race([done, sleep(60_000).then(() => assert.fail('the page does not become ready'))]);
}

/** Shows one end of the document; the other author writes at its start. */
async function scrollTo(page, end) {
  await page.evaluate((where) => {
    const { view } = window.easysync;
    const position = where === 'end' ? view.state.doc.length : 0;
    view.dispatch({ selection: { anchor: position }, scrollIntoView: true });
  }, end);
  await sleep(500);
}

/** Time of the main thread for each change of another author: that of some seconds with changes, less that of as many seconds without. */
async function changes(page, devtools, author, seconds) {
  await devtools.send('Performance.enable');
  const taskTime = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  };
  const during = async (work) => {
    const before = await taskTime();
    await work();
    return (await taskTime()) - before;
  };
  const idle = await during(() => sleep(seconds * 1000));
  const count = seconds * CHANGES_PER_SECOND;
  const busy = await during(async () => {
    const began = Date.now();
    for (let i = 0; i < count; i += 1) {
      await author.commit(letter(author.length, i), [['author', author.author]]);
      await sleep(Math.max(0, began + ((i + 1) * 1000) / CHANGES_PER_SECOND - Date.now()));
    }
  });
  await devtools.send('Performance.disable');
  await untilShown(page, author.rev);
  return (busy - idle) / count;
}

/** From the first commit of a burst until the page shows the last one. */
async function burstAlone(page, author) {
  const target = author.rev + BURST;
  const shown = untilShown(page, target);
  // The page has to be watching before the clock starts.
  await page.evaluate(() => 0);
  const began = performance.timeOrigin + performance.now();
  const sent = sendBurst(author);
  const time = (await shown) - began;
  await sent;
  await author.until(target);
  return time;
}

/** Makes the page note how long each key takes. The caret is on the screen, but not where the other author writes. */
async function watchKeys(page) {
  await page.evaluate(() => {
    const { view } = window.easysync;
    view.focus();
    view.dispatch({ selection: { anchor: view.state.doc.line(4).from } });
    view.contentDOM.addEventListener('input', () => {
      window.bench.inputs += 1;
    });
    // From the key to the frame that shows what came of it, as the browser itself measures it, in steps of 8 ms.
    const echo = new Map();
    window.bench.echo = echo;
    new PerformanceObserver((list) => {
      for (const { name, startTime, duration } of list.getEntries()) if (name === 'keydown') echo.set(startTime, duration);
    }).observe({ type: 'event', durationThreshold: 16 });
  });
}

/** A burst in which somebody types: how long each key took. */
async function burstWithTyping(page, devtools, author) {
  await page.evaluate(() => {
    window.bench.inputs = 0;
    window.bench.echo.clear();
  });
  const target = author.rev + BURST;
  let isOver = false;
  const shown = untilShown(page, target).finally(() => {
    isOver = true;
  });
  // It is awaited at the end; until then it may fail without anybody listening.
  shown.catch(() => undefined);
  let failure = null;
  const taken = sendInParts(author).catch((error) => {
    failure = error;
    isOver = true;
  });
  let keys = 0;
  const sent = [];
  while (!isOver) {
    sent.push(devtools.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'q', code: 'KeyQ', text: 'q', windowsVirtualKeyCode: 81 }));
    sent.push(devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'q', code: 'KeyQ', windowsVirtualKeyCode: 81 }));
    keys += 1;
    await sleep(KEY_INTERVAL);
  }
  if (failure) throw failure;
  await Promise.all([shown, taken, ...sent]);
  await page.waitForFunction((count) => window.bench.inputs >= count, keys, { timeout: 10_000 });
  // Entries come a little after the frames that they tell of.
  await sleep(300);
  const { inputs, slow } = await page.evaluate(() => ({ inputs: window.bench.inputs, slow: [...window.bench.echo.values()] }));
  assert.equal(inputs, keys, 'not every keystroke arrived');
  assert.ok(slow.length <= keys, 'more keystrokes were timed than struck');
  // The browser tells nothing of those that were faster.
  const echo = [...slow, ...Array.from({ length: keys - slow.length }, () => FASTEST_TOLD)];
  await page.waitForFunction(() => window.easysync.session.saveState === 'saved');
  await author.until(await page.evaluate(() => window.easysync.session.rev));
  return echo;
}

/** The longest task of the page's main thread: by the clock, and by the time that it had a processor. */
export function longestOf(events) {
  const threads = new Map();
  for (const { name, pid, tid, args } of events) {
    if (name === 'thread_name' && args.name === 'CrRendererMain') threads.set(`${pid} ${tid}`, []);
  }
  for (const { name, ph, dur = 0, tdur = 0, pid, tid } of events) {
    if (ph === 'X' && /RunTask$/.test(name)) threads.get(`${pid} ${tid}`)?.push({ dur: dur / 1000, tdur: tdur / 1000 });
  }
  // There may be spare processes, which do nothing.
  const total = (tasks) => tasks.reduce((sum, { dur }) => sum + dur, 0);
  const busiest = [...threads.values()].sort((a, b) => total(b) - total(a))[0];
  assert.ok(busiest?.length > 0, 'the trace has no tasks');
  return { longestTask: Math.max(...busiest.map(({ dur }) => dur)), longestTaskCpu: Math.max(...busiest.map(({ tdur }) => tdur)) };
}

/** Commits as fast as the server takes them: none waits for the one before. */
async function sendBurst(author) {
  const { rev, length } = author;
  for (let i = 0; i < BURST; i += 1) {
    if (i >= IN_FLIGHT) await author.until(rev + i - IN_FLIGHT);
    author.submit(letter(length + i, i), [['author', author.author]], rev + i);
  }
}

/** The same beside somebody who types: what the next base is shows only from the answers. */
async function sendInParts(author) {
  for (let done = 0; done < BURST; done += PART) {
    const { rev, length } = author;
    for (let i = 0; i < PART; i += 1) author.submit(letter(length, done + i), [['author', author.author]], rev);
    await author.settled();
  }
}

/**
 * A letter at the beginning of the document, so that each change is drawn; now and then, a new line. Within a part no two are the same: a server
 * takes an equal commit on an equal base for one that was sent again.
 */
function letter(length, count) {
  const head = `Z:${base36(length)}>1*0`;
  return count % COLUMNS === COLUMNS - 1 ? `${head}|1+1$\n` : `${head}+1$${LETTERS[count % PART]}`;
}

/** Resolves when a revision is drawn, with the time since the epoch. */
async function untilShown(page, rev) {
  return page.evaluate(
    ([wanted, limit]) =>
      new Promise((resolve, reject) => {
        const end = performance.now() + limit;
        const look = () => {
          const { session, view } = window.easysync;
          if (performance.now() > end) reject(new Error(`revision ${wanted} is not shown; the page is at ${session.rev}, ${session.connection}`));
          if (session.rev >= wanted && !session.engine.isBehind && view.state.doc.length === session.engine.length - 1) {
            window.bench.afterPaint((time) => resolve(performance.timeOrigin + time));
          } else if (performance.now() <= end) requestAnimationFrame(look);
        };
        look();
      }),
    [rev, SHOWN_TIME],
  );
}

async function assertEqual(page, server, name) {
  await page.waitForFunction(() => window.easysync.session.saveState === 'saved');
  const text = await page.evaluate(() => window.easysync.view.state.doc.toString());
  assert.equal(`${text}\n`, (await server.content(name)).text, 'the page and the server have different texts');
}
