// Where others have their carets: shown with their names, moved along, and gone when they are.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { converge } from './support/pad.js';
import { World } from './support/world.js';

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

/** The carets that a page draws: whose, and before which text. */
async function carets(pad) {
  return pad.page.evaluate(() => {
    const { view } = window.easysync;
    return [...document.querySelectorAll('.es-caret')].map((element) => [element.dataset.name, view.posAtDOM(element)]);
  });
}

async function untilCarets(pad, expected) {
  let found;
  const end = Date.now() + 8000;
  do {
    found = await carets(pad);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    await sleep(50);
  } while (Date.now() < end);
  assert.deepEqual(found, expected);
}

async function named(pad, name) {
  await pad.page.evaluate((given) => window.easysync.session.setName(given), name);
}

test('a caret is shown with its name, goes along with changes, and with a setting not at all', async () => {
  const { name, one, two } = await world.two('carets', 'one two three');
  await two.untilText('three');
  await named(one, 'Ada');
  await named(two, 'Ben');
  await one.select(8);
  await two.select(0);
  await untilCarets(one, [['Ben', 0]]);
  await untilCarets(two, [['Ada', 8]]);
  // What the one types moves the caret at the other's place, before another word of it was said.
  await two.type('é😀 ');
  await untilCarets(two, [['Ada', 12]]);
  await untilCarets(one, [['Ben', 4]]);
  await one.type('and ');
  await untilCarets(two, [['Ada', 16]]);
  await one.select(5, 8);
  await two.page.waitForSelector('.es-caret-selection');
  assert.equal(await two.page.evaluate(() => document.querySelector('.es-caret-selection').textContent), 'ne ');
  assert.equal(await two.page.evaluate(() => document.querySelector('.es-caret').getAttribute('aria-hidden')), 'true');
  // The flag is no part of the text.
  await converge(world.server, name, [one, two]);

  await two.tool('settings').click();
  await two.tool('setting-carets').uncheck();
  await untilCarets(two, []);
  await untilCarets(one, []);
  await two.tool('setting-carets').check();
  await untilCarets(one, [['Ben', 4]]);
  await one.select(0);
  await untilCarets(two, [['Ada', 0]]);

  for (const pad of [one, two]) await pad.assertNoProblems();
  await one.close();
  await untilCarets(two, []);
  await two.close();
});

test('who comes later is told, and messages that mean nothing are let pass', async () => {
  const name = world.name('carets');
  const one = await world.pad(name);
  await named(one, 'Ada');
  await one.select(3);
  const client = await world.client(name, { name: 'Raw' });
  const message = await client.next(({ data }) => data?.type === 'CLIENT_MESSAGE' && data.payload.type === 'easysync.caret');
  assert.deepEqual([message.data.payload.anchor, message.data.payload.head], [3, 3]);
  const tell = (payload) => client.tell({ type: 'CLIENT_MESSAGE', payload: { type: 'easysync.caret', ...payload } });
  const { author, rev } = client;
  for (const wrong of [{}, { author }, { author: 'a.nobody', rev, anchor: 1, head: 1 }, { author, rev: -1, anchor: 0, head: 0 }, { author, rev, anchor: 'x', head: null }, { author, rev, anchor: 1e300, head: 2 }]) tell(wrong);
  client.tell({ type: 'CLIENT_MESSAGE', payload: { type: 'something.else' } });
  await sleep(600);
  assert.deepEqual(await carets(one), []);
  tell({ author, rev, anchor: 999_999, head: 1 });
  await untilCarets(one, [['Raw', 1]]);
  await one.assertNoProblems();
  client.close();
  await untilCarets(one, []);
  await one.close();
});
