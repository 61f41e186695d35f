// Nothing that was typed is lost, and nothing comes twice: bad networks, servers that are killed, tabs that end, storage that fails.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { launch, openPad } from './support/browser.js';
import { Pad, converge } from './support/pad.js';
import { Network } from './support/proxy.js';
import { seeded } from './support/random.js';
import { Server } from './support/server.js';

/** What the browser itself says of connections that end. */
const NETWORK_NOISE = /ERR_|WebSocket|socket\.io|Failed to load resource/;
const STORM = 60_000;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A server of its own, and a network before it. */
async function setting(t) {
  const server = await Server.start();
  const network = await Network.before(server);
  t.after(async () => {
    await network.close();
    await server.close();
  });
  return { server, network };
}

async function untilStatus(pad, status, time = 15_000) {
  const read = async () => (await pad.tool('status').textContent()).trim();
  const end = Date.now() + time;
  while ((await read()) !== status) {
    if (Date.now() > end) assert.fail(`the page says “${await read()}” instead of “${status}”`);
    await sleep(20);
  }
}

function assertOnce(text, words) {
  const counts = new Map();
  for (const word of text.split(/[\s]+/)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const wrong = words.filter((word) => counts.get(word) !== 1);
  assert.deepEqual(
    wrong.map((word) => `${word}: ${counts.get(word) ?? 0}`),
    [],
    `${wrong.length} of ${words.length} words are not there once`,
  );
}

/** What the pages of this browser's profile have stored. */
function rows(pad) {
  return pad.page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('easysync');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const reading = database.transaction('kept').objectStore('kept').getAll();
          reading.onsuccess = () => {
            database.close();
            resolve(reading.result);
          };
        };
      }),
  );
}

/** Another page of the same person. */
async function samePerson(pad, address) {
  const other = new Pad(await pad.page.context().newPage());
  await other.page.goto(address);
  await other.ready();
  return other;
}

test('a storm: a minute of typing while the network cuts, delays, reorders, doubles and drops, and the server is killed', { timeout: 240_000 }, async (t) => {
  const random = seeded(t);
  const { server, network } = await setting(t);
  const [one, two] = [await openPad(browser, network.address('storm')), await openPad(browser, network.address('storm'))];
  await one.clear();
  await one.type('begin ');
  await converge(server, 'storm', [one, two]);
  network.setFaults({ random: random.fork(), delay: 0.15, reorder: 0.1, double: 0.1, drop: 0.04, longest: 1500 });
  const end = Date.now() + STORM;
  const words = ['begin'];
  const write = async (pad, name, dice) => {
    for (let number = 0; Date.now() < end; number += 1) {
      const word = `${name}${number}`;
      words.push(word);
      await pad.press(name === 'a' ? 'Control+Home' : 'Control+End');
      await pad.type(`${word} `);
      await sleep(dice.below(300));
    }
  };
  const tear = async (dice) => {
    while (Date.now() < end) {
      await sleep(2000 + dice.below(5000));
      network.cut();
    }
  };
  let kills = 0;
  const kill = async (dice) => {
    while (Date.now() < end - 15_000) {
      await sleep(12_000 + dice.below(4000));
      await server.kill();
      await sleep(dice.below(3000));
      await server.run();
      kills += 1;
    }
  };
  await Promise.all([write(one, 'a', random.fork()), write(two, 'b', random.fork()), tear(random.fork()), kill(random.fork())]);
  network.setFaults(null);
  const { text, rev } = await converge(server, 'storm', [one, two], 90_000).catch(async (error) => {
    for (const pad of [one, two]) error.message += `\n${await pad.page.evaluate(() => JSON.stringify([window.easysync.session.facts(), document.querySelector('[data-testid=disconnected]')?.dataset.reason, ...window.easysync.session.log.entries().slice(-40)]))}`;
    throw error;
  });
  t.diagnostic(`${words.length} words, ${rev} revisions, ${kills} kills; frames: ${JSON.stringify(network.counts)}`);
  assertOnce(text, words);
  for (const [what, count] of Object.entries(network.counts)) assert.ok(count > 0 || what === 'refused', `none was ${what}`);
  assert.ok(kills >= 2, 'the server was not killed');
  // What is acknowledged is not kept any longer.
  for (const pad of [one, two]) assert.deepEqual(await rows(pad), []);
  for (const pad of [one, two]) await pad.assertNoProblems(NETWORK_NOISE);
  for (const pad of [one, two]) await pad.close();
});

test('a tab that is loaded anew while offline has its text when it is online again, once', async (t) => {
  const { server, network } = await setting(t);
  const one = await openPad(browser, network.address('reload'));
  const two = await openPad(browser, server.address('reload'));
  await one.clear();
  await one.type('online ');
  await converge(server, 'reload', [one, two]);
  network.setDown(true);
  await untilStatus(one, 'Reconnecting…');
  await one.press('Control+End');
  await one.type('offline 😀 words ');
  await untilStatus(one, 'Saved on this device');
  // Nothing would be lost, so nothing is asked.
  let asked = 0;
  one.page.on('dialog', (dialog) => {
    asked += 1;
    void dialog.accept();
  });
  await one.page.reload().catch(() => undefined);
  assert.equal(asked, 0, 'the page asked before it was left');
  await two.press('Control+Home');
  await two.type('meanwhile ');
  await two.untilSaved();
  network.setDown(false);
  await one.page.goto(network.address('reload'));
  await one.ready();
  const { text } = await converge(server, 'reload', [one, two], 30_000);
  assert.equal(text, 'meanwhile online offline 😀 words \n');
  assert.deepEqual(await rows(one), []);
  // And once more: nothing is left that could come a second time.
  await one.page.reload();
  await one.ready();
  await sleep(1500);
  assert.equal((await converge(server, 'reload', [one, two])).text, text);
  for (const pad of [one, two]) await pad.assertNoProblems(NETWORK_NOISE);
  for (const pad of [one, two]) await pad.close();
});

test('a commit that the server has, and whose answer the tab did not live to hear, is not sent again', async (t) => {
  const { server, network } = await setting(t);
  const one = await openPad(browser, network.address('answer'));
  const two = await openPad(browser, server.address('answer'));
  await one.clear();
  await one.type('first ');
  await converge(server, 'answer', [one, two]);
  network.lets = (message, isToPage) => !(isToPage && message?.data?.type === 'ACCEPT_COMMIT');
  await one.press('Control+End');
  // In one piece, so that it is one commit.
  await one.keyboard.insertText('sent ');
  await two.untilText('sent');
  await one.keyboard.insertText('unsent ');
  await two.press('Control+Home');
  await two.type('theirs ');
  await two.untilSaved();
  await sleep(200);
  assert.equal((await rows(one)).length, 1);
  // The tab ends without a word, as in a crash.
  const next = await one.page.context().newPage();
  await one.page.close();
  network.lets = null;
  const again = new Pad(next);
  await next.goto(network.address('answer'));
  await again.ready();
  const { text } = await converge(server, 'answer', [again, two], 30_000);
  assertOnce(text, ['first', 'sent', 'unsent', 'theirs']);
  assert.deepEqual(await rows(again), []);
  for (const pad of [again, two]) await pad.close();
});

test('two tabs of one author, both ended while offline, have their text once each; a tab that lives is let alone', async (t) => {
  const { server, network } = await setting(t);
  const address = network.address('tabs');
  const one = await openPad(browser, address);
  await one.clear();
  await one.type('base ');
  await one.untilSaved();
  const two = await samePerson(one, address);
  const three = await samePerson(one, address);
  network.setDown(true);
  for (const [pad, word] of [[one, 'one '], [two, 'two '], [three, 'three ']]) {
    await untilStatus(pad, 'Reconnecting…');
    await pad.page.bringToFront();
    await pad.press('Control+End');
    await pad.type(word);
    await untilStatus(pad, 'Saved on this device');
  }
  assert.equal((await rows(one)).length, 3);
  const context = one.page.context();
  await two.page.close();
  await three.page.close();
  network.setDown(false);
  // Both are opened again at the same time, and want the same.
  const again = [new Pad(await context.newPage()), new Pad(await context.newPage())];
  await Promise.all(again.map(({ page }) => page.goto(address)));
  await Promise.all(again.map((pad) => pad.ready()));
  const { text } = await converge(server, 'tabs', [one, ...again], 30_000);
  assertOnce(text, ['base', 'one', 'two', 'three']);
  assert.deepEqual(await rows(one), []);
  await one.close();
});

/** Two megabytes of text, each line of it another one. */
const MANY_LINES = Array.from({ length: 40_000 }, (_, number) => `line ${number} of a long text that somebody pastes, é😀`);

test('a paste of two megabytes goes in as many commits as it takes, and is not called saved before the last is in', async (t) => {
  const { server, network } = await setting(t);
  const pad = await openPad(browser, network.address('paste'));
  await pad.clear();
  await pad.untilSaved();
  const { rev } = await server.content('paste');
  await pad.page.evaluate(() => {
    window.__saves = [];
    window.easysync.session.on('save', (state) => window.__saves.push([state, window.easysync.session.engine.hasUncommitted]));
  });
  await pad.paste({ 'text/plain': MANY_LINES.join('\n') });
  await pad.untilSaved(60_000);
  const content = await server.content('paste');
  assert.equal(content.text, `${MANY_LINES.join('\n')}\n`);
  assert.ok(content.rev - rev > 2, `it went in ${content.rev - rev} commits`);
  const saves = await pad.page.evaluate(() => window.__saves);
  assert.deepEqual(saves.filter(([state, hasUncommitted]) => state === 'saved' && hasUncommitted), []);
  await pad.assertNoProblems();
  await pad.close();
});

test('a long paste through a server that takes small messages only, in the midst of which the tab is loaded anew and the network goes', { timeout: 120_000 }, async (t) => {
  const server = await Server.start('--max-message', '60000');
  const network = await Network.before(server);
  t.after(async () => {
    await network.close();
    await server.close();
  });
  const pad = await openPad(browser, network.address('paste'));
  await pad.clear();
  await pad.untilSaved();
  const lines = MANY_LINES.slice(0, 8000);
  await pad.paste({ 'text/plain': lines.join('\n') });
  const { rev } = await pad.content();
  await pad.until((content) => content.rev > rev + 1, 'nothing was sent');
  await pad.page.reload();
  await pad.ready();
  await pad.until((content) => content.rev > rev + 3, 'it did not go on after the reload', 30_000);
  network.cut();
  await pad.until((content) => content.save === 'saved' && content.text.length > 100, 'it did not go on after the cut', 60_000);
  assert.equal((await server.content('paste')).text, `${lines.join('\n')}\n`);
  await pad.close();
});

test('a pad that was begun anew on the server does not get the old text; it is offered', async (t) => {
  const { server, network } = await setting(t);
  const one = await openPad(browser, network.address('reset'));
  await one.clear();
  for (const word of ['some ', 'old ', 'text ']) {
    await one.type(word);
    await one.untilSaved();
  }
  network.setDown(true);
  await untilStatus(one, 'Reconnecting…');
  await one.type('kept & offered 😀');
  await untilStatus(one, 'Saved on this device');
  await server.halt();
  server.forget();
  await server.run();
  const two = await openPad(browser, server.address('reset'));
  await two.clear();
  // As many revisions as before, so that numbers alone tell nothing.
  for (let i = 0; i < 12; i += 1) {
    await two.type('n');
    await two.untilSaved();
  }
  const next = await one.page.context().newPage();
  await one.page.close();
  network.setDown(false);
  const again = new Pad(next);
  await next.goto(network.address('reset'));
  await again.ready();
  await again.tool('show-unplaced').click();
  assert.equal((await again.tool('unplaced-text').inputValue()).trim(), 'kept & offered 😀');
  const [download] = await Promise.all([again.page.waitForEvent('download'), again.page.getByRole('button', { name: 'Download' }).click()]);
  assert.equal((await readFile(await download.path(), 'utf8')).trim(), 'kept & offered 😀');
  // It is there until it is discarded, whatever happens in between.
  await again.page.reload();
  await again.ready();
  await again.tool('show-unplaced').click();
  await again.tool('discard').click();
  await again.tool('confirm').click();
  await again.page.waitForFunction(() => !document.querySelector('[data-testid=unplaced]'));
  const { text } = await converge(server, 'reset', [again, two], 30_000);
  assert.equal(text.trim(), 'nnnnnnnnnnnn');
  assert.deepEqual(await rows(again), []);
  for (const pad of [again, two]) await pad.close();
});

for (const [what, breakStorage] of [
  ['is not there', () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('not allowed', 'SecurityError');
    };
  }],
  ['is full', () => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  }],
]) {
  test(`when the browser’s storage ${what}, the page says so and goes on`, async (t) => {
    const { server, network } = await setting(t);
    const one = await openPad(browser, network.address('full'), { prepare: (page) => page.addInitScript(breakStorage) });
    await one.clear();
    await one.type('online ');
    await one.untilSaved();
    network.setDown(true);
    await untilStatus(one, 'Reconnecting…');
    await one.type('offline ');
    await untilStatus(one, 'Not saved');
    let asked = 0;
    one.page.on('dialog', (dialog) => {
      asked += 1;
      void dialog.dismiss();
    });
    await one.page.close({ runBeforeUnload: true });
    await sleep(500);
    assert.equal(asked, 1, 'the page did not ask before it was left');
    network.setDown(false);
    const { text } = await converge(server, 'full', [one], 30_000);
    assert.equal(text, 'online offline \n');
    await untilStatus(one, 'Saved');
    await one.assertNoProblems(NETWORK_NOISE);
    await one.close();
  });
}
