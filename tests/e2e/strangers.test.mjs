// Software that others wrote: a client of Etherpad's at our server, and our page at a real Etherpad.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { EtherpadFile, init } from '../../pkg/history-node.js';
import { openPad } from './support/browser.js';
import { EtherpadPage, waitFor } from './support/etherpad-page.js';
import { Etherpad } from './support/etherpad.js';
import { assertMarkers, converge } from './support/pad.js';
import { seeded } from './support/random.js';
import { fetchText } from './support/server.js';
import { World } from './support/world.js';

const cliClient = createRequire(import.meta.url)('etherpad-cli-client');

describe('the npm package etherpad-cli-client at our server', () => {
  /** @type {World} */
  let world;
  before(async () => {
    world = await World.open();
  });
  after(() => world?.close());

  test('reads what our page writes, and writes what our page shows', async () => {
    const name = world.name('cli');
    const page = await world.pad(name);
    await page.clear();
    await page.type('from the page 😀');
    await page.untilSaved();
    const stranger = cliClient.connect(world.server.address(name));
    const texts = [];
    const problems = [];
    stranger.on('newContents', (atext) => texts.push(atext.text));
    stranger.on('disconnect', (reason) => problems.push(reason));
    try {
      const [joined] = await once(stranger, 'connected');
      assert.equal(joined.atext.text, 'from the page 😀\n');
      stranger.append('from the stranger 🎉\n');
      await page.untilText('from the stranger 🎉');
      await converge(world.server, name, [page]);
      await page.press('Control+Home', 'Control+b');
      await page.type('bold ');
      await page.press('Control+b', 'Control+Shift+L');
      const { text } = await converge(world.server, name, [page]);
      await waitFor(() => texts.at(-1) === text, () => `the stranger has “${texts.at(-1)}” instead of “${text}”`);
      for (let i = 0; i < 5; i += 1) {
        stranger.append(`line ${i}\n`);
        await page.untilText(`line ${i}`);
        await page.type(`${i}`);
        await page.untilSaved();
        await sleep(100);
      }
      const end = await converge(world.server, name, [page]);
      await waitFor(() => texts.at(-1) === end.text, () => `the stranger has “${texts.at(-1)}” instead of “${end.text}”`);
      assert.deepEqual(problems, []);
      assert.match(end.text, /line 0\nline 1\nline 2\nline 3\nline 4\n/);
    } finally {
      stranger.close?.();
    }
    await page.assertNoProblems();
    await page.close();
  });
});

describe('our page at Etherpad 1.8.14', () => {
  /** @type {Etherpad} */
  let etherpad;
  /** @type {World} */
  let world;
  before(async () => {
    etherpad = await Etherpad.start();
    world = await World.open('--etherpad', etherpad.origin);
  });
  after(async () => {
    await world?.close();
    await etherpad?.close();
  });

  test('both pages edit one pad, in turn and at once', async (t) => {
    const random = seeded(t);
    const name = world.name('both');
    const theirs = await EtherpadPage.open(world.browser, etherpad.address(name));
    await theirs.type('their first line ');
    const ours = await world.pad(name);
    await ours.untilText('their first line');

    // In turn, with formats and lists.
    await ours.press('Control+End', 'Enter', 'Control+Shift+L');
    await ours.type('our item 😀');
    await ours.press('Enter', 'Control+b');
    await ours.type('bold item');
    await ours.press('Control+b', 'Enter', 'Enter');
    await ours.type('https://example.org/ and text');
    await theirs.untilText('and text');
    await theirs.press('Control+End');
    await theirs.type(' with their tail');
    await ours.untilText('with their tail');
    await ours.caretBefore('their first');
    await ours.tool('heading').selectOption('1');
    await ours.untilSaved();
    let kept = await agree(etherpad, name, ours, theirs);
    assert.ok(kept.runs.some(([, run]) => run.includes('bold=true')));
    assert.equal(await theirs.frame.locator('b').textContent(), 'bold item');
    assert.equal(await theirs.frame.locator('ul.list-bullet1').count(), 2);

    // At once.
    const end = Date.now() + 15_000;
    const writeTheirs = async () => {
      const dice = random.fork();
      while (Date.now() < end) {
        await theirs.press(dice.pick(['Control+Home', 'Control+End', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'End']));
        await theirs.type(dice.pick(['theirs ', 'tree 😀 ', 'x', '日本 ']));
        if (dice.chance(0.2)) await theirs.press(dice.pick(['Enter', 'Backspace', 'Backspace', 'Delete', 'Control+b', 'Control+z']));
        await sleep(dice.below(150));
      }
    };
    const writeOurs = async () => {
      const dice = random.fork();
      while (Date.now() < end) {
        await ours.press(dice.pick(['Control+Home', 'Control+End', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'End']));
        await ours.type(dice.pick(['ours ', 'river 🎉 ', 'y', 'né ']));
        if (dice.chance(0.3)) {
          await ours.press(dice.pick(['Enter', 'Backspace', 'Backspace', 'Delete', 'Control+b', 'Control+z', 'Control+Shift+L', 'Control+Shift+Digit1', 'Tab', 'Shift+Tab']));
        }
        await sleep(dice.below(150));
      }
    };
    await Promise.all([writeTheirs(), writeOurs()]);
    kept = await agree(etherpad, name, ours, theirs);
    t.diagnostic(`${kept.rev} revisions, ${kept.text.length} code units`);
    assert.match(kept.text, /theirs /);
    assert.match(kept.text, /ours /);

    // Who comes later, and who comes again.
    const later = await world.pad(name);
    await later.until((content) => content.rev === kept.rev, 'the page is not at the last revision');
    assert.equal(await later.text(), kept.text);
    await ours.page.reload();
    await ours.ready();
    assert.equal(await ours.text(), kept.text);
    await ours.press('Control+Home');
    await ours.type('after all ');
    await theirs.untilText('after all');
    await agree(etherpad, name, ours, theirs);

    // The first attempt with the newer protocol is answered by an error, which the browser reports.
    const expected = /socket\.io.*(400|failed)|WebSocket connection/i;
    for (const pad of [ours, later]) await pad.assertNoProblems(expected);
    await later.close();
    await ours.close();
    await theirs.close();
  });

  test('names and colours go both ways, and a lost connection comes back', async () => {
    const name = world.name('both');
    const ours = await world.pad(name);
    const theirs = await EtherpadPage.open(world.browser, etherpad.address(name));
    await ours.tool('people').click();
    await ours.tool('own-name').fill('Ada <b>');
    await ours.tool('own-name').press('Enter');
    await theirs.page.locator('#otheruserstable').getByText('Ada <b>').waitFor({ state: 'attached', timeout: 10_000 });
    await theirs.page.evaluate(() => window.pad.notifyChangeName('Grace'));
    await ours.tool('people-list').getByText('Grace').waitFor({ timeout: 10_000 });
    await ours.press('Escape');
    const context = ours.page.context();
    await ours.page.locator('.cm-content').click();
    await context.setOffline(true);
    await ours.page.evaluate(() => window.easysync.session.engine.rev);
    await ours.type('written offline ');
    await theirs.type('written meanwhile ');
    await sleep(1500);
    await context.setOffline(false);
    await theirs.untilText('written offline', 40_000);
    await ours.untilText('written meanwhile', 40_000);
    await agree(etherpad, name, ours, theirs);
    await ours.close();
    await theirs.close();
  });
});

describe('our history page at Etherpad 1.8.14', () => {
  /** @type {Etherpad} */
  let etherpad;
  /** @type {World} */
  let world;
  before(async () => {
    await init();
    etherpad = await Etherpad.start();
    world = await World.open('--etherpad', etherpad.origin);
  });
  after(async () => {
    await world?.close();
    await etherpad?.close();
  });

  test('shows every revision as it was and when it was made, also while somebody types', async (t) => {
    const random = seeded(t);
    const name = world.name('history');
    const theirs = await EtherpadPage.open(world.browser, etherpad.address(name));
    for (const word of ['one ', 'two 😀 ', 'three ', 'four\n']) {
      await theirs.type(word);
      await theirs.press('Control+b', 'Control+Home');
      await sleep(1200);
    }
    const ours = await HistoryPage.open(world, name);
    let kept = await keptHistory(etherpad, name);
    assert.ok(kept.length > 5, `${kept.length} revisions`);
    await ours.untilShown(kept.length - 1);
    await ours.assertShows(kept);
    for (let rev = 0; rev < kept.length; rev += 1) {
      await ours.seek(rev);
      await ours.assertShows(kept);
    }

    // The newest is followed, an older one stays.
    await ours.seek(kept.length - 1);
    await theirs.type('typed while the newest is shown ');
    await waitFor(async () => (await ours.text()).includes('typed while the newest is shown'), () => 'the page did not follow');
    await ours.seek(3);
    let isTyping = true;
    const typed = (async () => {
      const dice = random.fork();
      for (let i = 0; i < 40; i += 1) {
        await theirs.press(dice.pick(['Control+Home', 'Control+End', 'ArrowUp', 'End']));
        await theirs.type(dice.pick(['theirs ', 'tree 😀 ', 'x', '日本 ']));
        if (dice.chance(0.3)) await theirs.press(dice.pick(['Enter', 'Backspace', 'Delete', 'Control+b', 'Control+z']));
        await sleep(dice.below(200));
      }
      isTyping = false;
    })();
    const shown = [];
    while (isTyping) {
      const head = await ours.page.evaluate(() => window.easysyncHistory.history.head);
      // The newest one is left for the next as soon as that comes.
      await ours.seek(random.below(head));
      shown.push([await ours.rev(), await ours.text()]);
      await sleep(random.below(100));
    }
    await typed;
    // Etherpad's page sends what was typed within a moment.
    for (let rev = -1; ; await sleep(1500)) {
      const { rev: newest } = await etherpad.content(name);
      if (newest === rev) break;
      rev = newest;
    }
    kept = await keptHistory(etherpad, name);
    for (const [rev, text] of shown) assert.equal(text, kept[rev].text, `revision ${rev}, while somebody typed`);
    await waitFor(() => ours.page.evaluate((head) => window.easysyncHistory.history.head === head, kept.length - 1), () => 'the page missed revisions');
    for (let rev = kept.length - 1; rev >= 0; rev -= 3) {
      await ours.seek(rev);
      await ours.assertShows(kept);
    }
    t.diagnostic(`${kept.length} revisions, ${shown.length} shown while somebody typed`);
    await ours.pad.assertNoProblems(/socket\.io.*(400|failed)|WebSocket connection/i);
    await ours.pad.close();
    await theirs.close();
  });
});

/** What Etherpad's export has of each revision: its text, and when it was made. */
async function keptHistory(etherpad, name) {
  const exported = await fetchText(`${etherpad.address(name)}/export/etherpad`);
  const file = new EtherpadFile();
  file.push(new TextEncoder().encode(exported));
  while (!file.advance(1000).needsMore);
  const slider = file.finish();
  const records = JSON.parse(exported);
  const kept = [];
  for (let rev = 0; rev <= slider.head; rev += 1) {
    slider.seek(rev, 0);
    kept.push({ text: slider.text(0, slider.length), time: records[`pad:${name}:revs:${rev}`].meta.timestamp });
  }
  slider.free();
  return kept;
}

/** Our page of a pad's history. */
class HistoryPage {
  static async open(world, name) {
    const self = new HistoryPage();
    self.pad = await openPad(world.browser, `${world.server.address(name)}/timeslider`);
    self.page = self.pad.page;
    return self;
  }

  async rev() {
    return this.page.evaluate(() => window.easysyncHistory.history.rev);
  }

  /** The text on the page. */
  async text() {
    return this.page.evaluate(() => `${window.easysyncHistory.view.state.sliceDoc()}\n`);
  }

  async seek(rev) {
    await this.page.evaluate((wanted) => window.easysyncHistory.history.seek(wanted), rev);
    await this.untilShown(rev);
  }

  async untilShown(rev) {
    await this.page.waitForFunction((wanted) => window.easysyncHistory.history.rev === wanted && !window.easysyncHistory.history.isWaiting, rev, { timeout: 20_000 });
  }

  /** Text and date are right; this version of Etherpad tells times to the second. */
  async assertShows(kept) {
    const rev = await this.rev();
    assert.equal(await this.text(), kept[rev].text, `revision ${rev}`);
    let time;
    const isKnown = async () => {
      time = await this.page.evaluate((which) => window.easysyncHistory.history.facts(which).time, rev);
      return time !== null;
    };
    await waitFor(isKnown, () => `the time of revision ${rev} does not become known`);
    assert.ok(Math.abs(time - kept[rev].time) < 1000, `revision ${rev} is of ${kept[rev].time}, the page says ${time}`);
  }
}

/** Waits until both pages and Etherpad itself have the same; gives that. */
async function agree(etherpad, name, ours, theirs) {
  const plain = ({ text, runs }) => {
    const markers = new Set();
    let position = 0;
    for (const [length, run] of runs) {
      // Headings are a plugin's: without it, Etherpad draws their markers as text.
      if (/(?:^| )list=/.test(run)) for (let at = position; at < position + length; at += 1) markers.add(at);
      position += length;
    }
    return [...text.slice(0, -1).split('')].filter((_, at) => !markers.has(at)).join('').replaceAll('\u00a0', ' ');
  };
  let content;
  let kept;
  let drawn;
  const same = async () => {
    content = await ours.content();
    drawn = await theirs.text();
    kept = await etherpad.content(name);
    return content.save === 'saved' && content.rev === kept.rev && content.text === kept.text && drawn === plain(kept);
  };
  await waitFor(same, () => `the pages do not agree:\nours   ${JSON.stringify(content.text)} ${content.rev} ${content.save}\ntheirs ${JSON.stringify(drawn)}\nserver ${JSON.stringify(kept.text)} ${kept.rev}`, 20_000);
  assert.deepEqual(content.runs, kept.runs);
  assertMarkers(kept);
  await ours.assertDrawn();
  return kept;
}
