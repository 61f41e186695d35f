// What happens when the network or the server does what it should not: messages that are broken, or come twice, in another order, or never.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { openPad } from './support/browser.js';
import { converge } from './support/pad.js';
import { Network } from './support/proxy.js';
import { seeded } from './support/random.js';
import { World } from './support/world.js';

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

const MESSAGE = '42["message",';

/** The messages between one page and the server, of which each can be kept back, changed or made up. */
class Messages {
  /** Gets the parsed message of the server and a function that passes a frame on; passes on nothing by itself. */
  onMessage = null;
  /** Says of a frame of the page whether it is kept back. */
  keepsBack = () => false;
  #page = null;

  async attach(page) {
    await page.routeWebSocket(/\/socket\.io\//, (toPage) => {
      this.#page = toPage;
      const toServer = toPage.connectToServer();
      toPage.onMessage((frame) => {
        if (!this.keepsBack(frame)) toServer.send(frame);
      });
      toServer.onMessage((frame) => {
        const pass = (other) => {
          // A connection that has gone meanwhile takes nothing.
          if (this.#page === toPage) toPage.send(other);
        };
        if (!this.onMessage || typeof frame !== 'string' || !frame.startsWith(MESSAGE)) pass(frame);
        else this.onMessage(JSON.parse(frame.slice(MESSAGE.length, -1)), (message = frame) => pass(typeof message === 'string' ? message : encode(message)));
      });
    });
  }

  /** Sends the page something that the server never sent. */
  inject(message) {
    this.#page.send(typeof message === 'string' ? message : encode(message));
  }
}

function encode(message) {
  return `${MESSAGE}${JSON.stringify(message)}]`;
}

const isRevision = (message) => message?.type === 'COLLABROOM' && /^NEW_CHANGES/.test(message.data?.type);

/** Opens a pad through a network of its own, and keeps what the session tells of troubles. */
async function openThrough(name) {
  const network = new Messages();
  const pad = await world.pad(name, { prepare: (page) => network.attach(page) });
  await pad.page.evaluate(() => {
    window.__troubles = [];
    window.easysync.session.on('trouble', (error) => window.__troubles.push({ name: error.name, code: error.code, messageType: error.messageType, item: error.item }));
  });
  return { network, pad, troubles: () => pad.page.evaluate(() => window.__troubles.splice(0)) };
}

const pool = { numToAttrib: {}, attribToNum: {}, nextNum: 0 };
const room = (data) => ({ type: 'COLLABROOM', data });
const change = (fields) => room({ type: 'NEW_CHANGES', changeset: 'Z:6>1+1$x', apool: pool, author: 'a.other', currentTime: 1, timeDelta: 1, ...fields });

/** Broken messages; `rev` is that of the page, `length` the length of its text. Each comes with the code that tells what is wrong, if one is certain. */
const BROKEN = [
  ['a changeset that is none', ({ rev }) => change({ newRev: rev + 1, changeset: 'nonsense' })],
  ['a changeset for another length', ({ rev, length }) => change({ newRev: rev + 1, changeset: `Z:${(length + 7).toString(36)}>1+1$x` }), 'length-mismatch'],
  ['a changeset whose text is too short', ({ rev, length }) => change({ newRev: rev + 1, changeset: `Z:${length.toString(36)}>2+2$x` })],
  ['a changeset past the end', ({ rev, length }) => change({ newRev: rev + 1, changeset: `Z:${length.toString(36)}>1=${(length + 3).toString(36)}+1$x` })],
  ['no changeset', ({ rev }) => room({ type: 'NEW_CHANGES', newRev: rev + 1, apool: pool, author: '' })],
  ['a revision that is no number', () => change({ newRev: 'seven' })],
  ['a negative revision', () => change({ newRev: -3 })],
  ['a revision with a fraction', () => change({ newRev: 1.5 })],
  ['a revision beyond all numbers', () => `${MESSAGE}{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":1e400,"changeset":"Z:1>0$","apool":{"numToAttrib":{},"nextNum":0}}}]`],
  ['a pool that is a list', ({ rev, length }) => change({ newRev: rev + 1, changeset: `Z:${length.toString(36)}>1+1$x`, apool: [] })],
  ['a batch whose second item is broken', ({ rev, length }) =>
    room({ type: 'NEW_CHANGES_BATCH', changes: [
      { newRev: rev, changeset: `Z:${length.toString(36)}>0$`, apool: pool, author: '', currentTime: 1, timeDelta: 1 },
      { newRev: rev + 1, changeset: 'Z:bad', apool: pool, author: '', currentTime: 1, timeDelta: 1 },
    ] })],
  ['a batch without a list', () => room({ type: 'NEW_CHANGES_BATCH', changes: 'many' })],
  ['a message that is no JSON', () => `${MESSAGE}{"type":"COLLABROOM","data":]`],
  ['a message that nests too deep', () => `${MESSAGE}${'['.repeat(5000)}${']'.repeat(5000)}]`],
  ['an acknowledgement of nothing', ({ rev }) => room({ type: 'ACCEPT_COMMIT', newRev: rev + 1 })],
];

/** Messages that are unknown or of no consequence: nothing is told, and nothing happens. */
const IGNORED = [
  room({ type: 'NEVER_HEARD_OF', a: [1, { b: null }] }),
  { type: 'NEVER_HEARD_OF' },
  room({ type: 'shoutMessage', payload: { message: { message: 'hi', sticky: false }, timestamp: 1 } }),
  room({ type: 'CHAT_MESSAGE', message: { text: '<b>', time: 1, userId: 'a.x', userName: 'x' } }),
  room({ type: 'CLIENT_MESSAGE', payload: { type: 'suggestUserName', newName: '<script>' } }),
  room({ type: 'USER_LEAVE', userInfo: {} }),
  room({ type: 'USER_NEWINFO', userInfo: null }),
  room({ type: 'NEW_SAVEDREV', savedRev: null }),
  '42["unknown event",{"a":1}]',
  '42["message"]',
  '49nonsense',
];

test('broken messages are refused and told of, and the page goes on', async (t) => {
  const name = world.name('trouble');
  const { network, pad: one, troubles } = await openThrough(name);
  const two = await world.pad(name);
  await one.clear();
  await one.type('text ');
  await converge(world.server, name, [one, two]);
  for (const [what, make, code] of BROKEN) {
    await two.press('Control+End');
    const { rev, text } = await one.content();
    // What oneself has not sent yet must survive as well.
    network.inject(make({ rev, length: text.length }));
    await one.page.waitForFunction(() => window.__troubles.length > 0, null, { timeout: 5000 }).catch(() => assert.fail(`${what}: no trouble was told`));
    const [trouble] = await troubles();
    assert.equal(trouble.name, 'EasysyncError', what);
    assert.match(trouble.code, /^[a-z-]+$/, what);
    if (code) assert.equal(trouble.code, code, what);
    if (what.startsWith('a batch whose')) assert.deepEqual([trouble.messageType, trouble.item], ['NEW_CHANGES_BATCH', 1]);
    else if (!/JSON|nests/.test(what)) assert.match(trouble.messageType, /^(?:NEW_CHANGES|NEW_CHANGES_BATCH|ACCEPT_COMMIT)$/, what);
    assert.equal((await one.content()).text, text, `${what}: the text has changed`);
    await one.press('Control+Home');
    await one.type('1');
    await two.type('2');
    const kept = await converge(world.server, name, [one, two]).catch((error) => {
      error.message = `after ${what}: ${error.message}`;
      throw error;
    });
    assert.equal(kept.text.length, text.length + 2, `after ${what}`);
    await troubles();
  }
  t.diagnostic(`${BROKEN.length} broken messages`);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('unknown messages are passed over', async () => {
  const name = world.name('trouble');
  const { network, pad: one, troubles } = await openThrough(name);
  const two = await world.pad(name);
  await one.clear();
  await converge(world.server, name, [one, two]);
  await one.page.evaluate(() => {
    window.__connections = [];
    window.easysync.session.on('connection', (state) => window.__connections.push(state));
  });
  for (const message of IGNORED) {
    network.inject(message);
    await two.type('x');
  }
  await one.type('y');
  const { text } = await converge(world.server, name, [one, two]);
  assert.equal(text.trim().length, IGNORED.length + 1);
  assert.deepEqual(await troubles(), []);
  assert.deepEqual(await one.page.evaluate(() => window.__connections), [], 'the connection was renewed for nothing');
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('revisions that come twice, in another order or never', async (t) => {
  const random = seeded(t);
  const name = world.name('trouble');
  const { network, pad: one } = await openThrough(name);
  const two = await world.pad(name);
  await one.clear();
  await converge(world.server, name, [one, two]);
  const counts = { passed: 0, twice: 0, late: 0, dropped: 0 };
  network.onMessage = (message, pass) => {
    if (!isRevision(message)) {
      pass();
      return;
    }
    const dice = random.number();
    if (dice < 0.12) {
      counts.dropped += 1;
    } else if (dice < 0.3) {
      counts.late += 1;
      setTimeout(pass, random.below(1200));
    } else if (dice < 0.5) {
      counts.twice += 1;
      pass();
      setTimeout(pass, random.below(800));
    } else {
      counts.passed += 1;
      pass();
    }
  };
  const end = Date.now() + 15_000;
  const write = async (pad, word) => {
    let number = 0;
    while (Date.now() < end) {
      await pad.press(random.pick(['Control+Home', 'Control+End', 'ArrowLeft', 'ArrowDown']));
      await pad.type(`${word}${number} `);
      if (random.chance(0.2)) await pad.press(random.pick(['Enter', 'Backspace', 'Control+z', 'Control+Shift+L']));
      number += 1;
      await sleep(random.below(250));
    }
  };
  await Promise.all([write(one, 'one'), write(two, 'two')]);
  network.onMessage = null;
  // If the last revision of all was dropped, only the next one can tell of it.
  await two.press('Control+End');
  await two.type('.');
  const { rev } = await converge(world.server, name, [one, two], 60_000);
  t.diagnostic(`${rev} revisions; messages: ${JSON.stringify(counts)}`);
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `none was ${what}`);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('an acknowledgement that never comes', async () => {
  const name = world.name('trouble');
  const { network, pad: one } = await openThrough(name);
  const two = await world.pad(name);
  await one.clear();
  await converge(world.server, name, [one, two]);
  let dropped = 0;
  network.onMessage = (message, pass) => {
    if (message?.data?.type === 'ACCEPT_COMMIT' && dropped === 0) dropped += 1;
    else pass();
  };
  await one.type('once ');
  await two.untilText('o');
  await sleep(300);
  assert.equal(dropped, 1);
  assert.notEqual((await one.content()).save, 'saved', 'the page says that work is saved without knowing it');
  await one.type('more ');
  // The next revision tells that one is missing; otherwise the wait for an answer ends after twenty seconds.
  await two.press('Control+End');
  await two.type('two');
  const { text } = await converge(world.server, name, [one, two], 50_000);
  assert.equal(text.match(/once/g).length, 1, 'the commit was taken twice');
  assert.equal(text.match(/more/g).length, 1);
  assert.equal(text.match(/two/g).length, 1);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('a connection that breaks again and again', async (t) => {
  const random = seeded(t);
  const name = world.name('trouble');
  const sockets = new Set();
  const prepare = (page) =>
    page.routeWebSocket(/\/socket\.io\//, (toPage) => {
      const toServer = toPage.connectToServer();
      const pair = () => {
        toPage.close();
        toServer.close();
        sockets.delete(pair);
      };
      sockets.add(pair);
      toPage.onMessage((frame) => toServer.send(frame));
      toServer.onMessage((frame) => toPage.send(frame));
    });
  const one = await world.pad(name, { prepare });
  const two = await world.pad(name);
  await one.clear();
  await converge(world.server, name, [one, two]);
  let words = 0;
  const end = Date.now() + 12_000;
  let breaks = 0;
  const write = async (pad, letter) => {
    while (Date.now() < end) {
      await pad.type(`${letter} `);
      words += 1;
      await sleep(random.below(200));
    }
  };
  const tear = async () => {
    while (Date.now() < end) {
      await sleep(400 + random.below(1500));
      for (const close of [...sockets]) close();
      breaks += 1;
    }
  };
  await Promise.all([write(one, 'o'), write(two, 't'), tear()]);
  const { text } = await converge(world.server, name, [one, two], 40_000);
  assert.equal(text.match(/[ot]/g).length, words, 'a word was lost or came twice');
  t.diagnostic(`${breaks} breaks, ${words} words`);
  assert.ok(breaks >= 5);
  // The browser says so itself when something is sent in the moment in which a connection ends, and when one ends before it has begun.
  for (const pad of [one, two]) await pad.assertNoProblems(/already in CLOSING or CLOSED state|closed before the connection is established/);
  for (const pad of [one, two]) await pad.close();
});

test('when nothing helps, editing stops visibly and the text can be taken along', async () => {
  const name = world.name('trouble');
  const { network, pad: one } = await openThrough(name);
  const two = await world.pad(name);
  await one.clear();
  await one.type('kept ');
  await converge(world.server, name, [one, two]);
  network.onMessage = (message, pass) => {
    const spoilt = structuredClone(message);
    if (isRevision(message)) {
      for (const item of spoilt.data.changes ?? [spoilt.data]) item.changeset = 'Z:zzzz>1+1$x';
    } else if (message?.type === 'CHANGESET_REQ') {
      spoilt.data.forwardsChangesets = spoilt.data.forwardsChangesets.map(() => 'Z:zzzz>1+1$x');
    }
    pass(spoilt);
  };
  await two.press('Control+End');
  await two.type('theirs');
  await one.page.waitForFunction(() => document.documentElement.dataset.state === 'disconnected', null, { timeout: 40_000 });
  const notice = one.tool('disconnected');
  assert.equal(await notice.getAttribute('data-reason'), 'desynchronised');
  assert.equal(await one.text(), 'kept \n');
  await one.page.locator('.cm-content').click();
  await one.type('lost');
  assert.equal(await one.text(), 'kept \n', 'one can still write what nobody will get');
  const [download] = await Promise.all([one.page.waitForEvent('download'), notice.getByText('Download my text').click()]);
  assert.equal((await readFile(await download.path(), 'utf8')).trim(), 'kept');
  for (const pad of [one, two]) await pad.close();
});

test('changes that the server refuses again and again can be given up', async () => {
  const name = world.name('trouble');
  const { network, pad } = await openThrough(name);
  await pad.clear();
  await pad.type('theirs ');
  await pad.untilSaved();
  let refused = 0;
  network.keepsBack = (frame) => {
    if (!String(frame).includes('"USER_CHANGES"')) return false;
    refused += 1;
    network.inject({ disconnect: 'badChangeset' });
    return true;
  };
  await pad.type('mine');
  await pad.page.waitForFunction(() => document.documentElement.dataset.state === 'disconnected', null, { timeout: 40_000 });
  assert.ok(refused > 1, 'it was given up at once');
  assert.equal((await pad.content()).save, 'notSaved');
  const notice = pad.tool('disconnected');
  const load = pad.page.waitForEvent('load');
  // What was not sent is there again after a plain reload, and is refused again.
  await notice.getByRole('button', { name: 'Reload', exact: true }).click();
  await load;
  await pad.page.waitForFunction(() => document.documentElement.dataset.state === 'disconnected', null, { timeout: 40_000 });
  assert.equal(await pad.text(), 'theirs mine\n');
  network.keepsBack = () => false;
  await notice.getByRole('button', { name: 'Reload without my changes…' }).click();
  const dialog = pad.page.getByRole('dialog', { name: 'Give up your last changes?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await pad.text(), 'theirs mine\n');
  await notice.getByRole('button', { name: 'Reload without my changes…' }).click();
  await Promise.all([pad.page.waitForEvent('load'), dialog.getByRole('button', { name: 'Give up' }).click()]);
  await pad.ready();
  await pad.untilSaved();
  // What a page has left would be looked for after one second, three and eight.
  await sleep(4000);
  assert.deepEqual([await pad.text(), (await pad.content()).save], ['theirs \n', 'saved']);
  assert.equal((await world.server.content(name)).text, 'theirs \n');
  await pad.close();
});

test('the server ends a session: each reason is told, and the text stays', async () => {
  for (const reason of ['userdup', 'deleted', 'rejected', 'something new']) {
    const name = world.name('trouble');
    const { network, pad } = await openThrough(name);
    await pad.clear();
    await pad.type('mine');
    await pad.untilSaved();
    network.inject({ disconnect: reason });
    await pad.page.waitForFunction(() => document.documentElement.dataset.state === 'disconnected', null, { timeout: 5000 });
    const notice = pad.tool('disconnected');
    assert.equal(await notice.getAttribute('data-reason'), reason);
    assert.ok((await notice.innerText()).length > 30);
    assert.equal((await pad.content()).shown, 'mine');
    assert.equal((await pad.tool('status').textContent()).trim(), 'Disconnected');
    await sleep(500);
    await pad.page.locator('.cm-content').click();
    await pad.type('x');
    assert.equal((await pad.content()).shown, 'mine');
    await Promise.all([pad.page.waitForEvent('load'), notice.getByRole('button', { name: 'Reload' }).click()]);
    await pad.ready();
    assert.equal(await pad.text(), 'mine\n');
    await pad.close();
  }
});

test('a network that lets no web sockets through', async () => {
  const name = world.name('trouble');
  const proxy = await Network.before(world.server);
  proxy.allowsSockets = false;
  const one = await openPad(world.browser, `${proxy.origin}/p/${name}`);
  const two = await world.pad(name);
  await one.clear();
  await one.type('by polling 😀');
  await two.untilText('by polling');
  await two.press('Control+End');
  await two.type(' and back');
  await one.untilText(' and back');
  await converge(world.server, name, [one, two]);
  assert.ok(proxy.counts.refused > 0, 'no web socket was tried');
  await one.assertNoProblems(/WebSocket connection/);
  await two.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
  await proxy.close();
});
