// The engine comes to its end: by memory that is spoilt, or used up. Another one takes its place, and all text is there, once.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
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

/** What a trap leaves in the console. */
const TRAP_NOISE = /RuntimeError|memory access|unreachable|out of bounds|easysync|error: /;

/** Runs in the page before its scripts: remembers each instance of the engine, so that a test can get at its memory. */
function watchInstances() {
  window.__instances = [];
  const { instantiate, instantiateStreaming, Instance } = WebAssembly;
  const noted = async (made) => {
    const result = await made;
    window.__instances.push(result.instance ?? result);
    return result;
  };
  WebAssembly.instantiate = (...args) => noted(instantiate.apply(WebAssembly, args));
  WebAssembly.instantiateStreaming = (...args) => noted(instantiateStreaming.apply(WebAssembly, args));
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      const instance = new target(...args);
      window.__instances.push(instance);
      return instance;
    },
  });
}

/** Runs in the page: spoils all memory of the engine, so that the next call of it traps, or says that an object of it is still in use. */
function spoil() {
  const { memory } = window.__instances.at(-1).exports;
  const bytes = new Uint8Array(memory.buffer);
  // The words of that error are in the memory as well.
  const words = 'recursive use of an object';
  const at = new TextDecoder('latin1').decode(bytes).indexOf(words);
  const kept = bytes.slice(at, at + words.length);
  bytes.fill(0xff);
  bytes.set(kept, at);
}

/** Runs in the page: leaves the engine no memory but what it has. */
function useUp() {
  const { memory } = window.__instances.at(-1).exports;
  for (let pages = 32_768; pages >= 1; pages = Math.floor(pages / 2)) {
    for (;;) {
      try {
        memory.grow(pages);
      } catch {
        break;
      }
    }
  }
}

const prepare = (page) => page.addInitScript(watchInstances);
const instances = (pad) => pad.page.evaluate(() => window.__instances.length);

async function opened(what) {
  const name = world.name(what);
  const one = await world.pad(name, { prepare });
  await one.clear();
  await one.type('before ');
  const two = await world.pad(name);
  await converge(world.server, name, [one, two]);
  return { name, one, two };
}

async function untilRestarted(pad, count) {
  await pad.page.waitForFunction((wanted) => window.__instances.length >= wanted && window.easysync.session.connection === 'connected', count, { timeout: 15_000 });
}

test('a keystroke at which the engine ends is not lost, nor what was not sent yet', async () => {
  const { name, one, two } = await opened('trap');
  await one.press('Control+End');
  // Not all of it can have been sent.
  await one.type('typed ');
  await one.page.evaluate(spoil);
  await one.type('x');
  await untilRestarted(one, 2);
  await one.press('Control+End');
  await one.type(' after');
  const { text } = await converge(world.server, name, [one, two], 30_000);
  assert.equal(text, 'before typed x after\n');
  assert.equal(await instances(one), 2);
  await one.assertNoProblems(TRAP_NOISE);
  for (const pad of [one, two]) await pad.close();
});

test('a message at which the engine ends is taken by the next one', async () => {
  const { name, one, two } = await opened('trap');
  await one.page.evaluate(spoil);
  await two.press('Control+Home');
  await two.type('theirs ');
  await untilRestarted(one, 2);
  await one.press('Control+End');
  await one.type('mine ');
  const { text } = await converge(world.server, name, [one, two], 30_000);
  assert.equal(text, 'theirs before mine \n');
  for (const pad of [one, two]) await pad.close();
});

test('an engine that ends while a commit is under way, offline, with text in all layers', async () => {
  const { name, one, two } = await opened('trap');
  await one.press('Control+End');
  await one.type('sent ');
  await two.untilText('sen');
  await one.page.context().setOffline(true);
  await one.type('offline ');
  await one.page.evaluate(spoil);
  await one.press('a');
  await sleep(500);
  assert.match(await one.page.evaluate(() => window.easysync.view.state.doc.toString()), /before sent offline a/, 'the text is not shown while there is no connection');
  await two.press('Control+Home');
  await two.type('theirs ');
  await two.untilSaved();
  await one.page.context().setOffline(false);
  await untilRestarted(one, 2);
  const { text } = await converge(world.server, name, [one, two], 30_000);
  assert.equal(text, 'theirs before sent offline a\n');
  for (const pad of [one, two]) await pad.close();
});

test('an engine that has no more memory', async () => {
  const { name, one, two } = await opened('trap');
  await one.press('Control+End');
  await one.type('kept ');
  await one.page.evaluate(useUp);
  await one.paste({ 'text/plain': 'much\n'.repeat(120_000) });
  await untilRestarted(one, 2);
  await one.press('Control+End');
  await one.type('after');
  const { text } = await converge(world.server, name, [one, two], 30_000);
  assert.match(text, /^before kept (?:much\n)*after\n$/);
  for (const pad of [one, two]) await pad.close();
});

test('the user is told, and has a report without the text unless it is wanted', async () => {
  const { name, one, two } = await opened('trap');
  await one.type('secret');
  await one.untilSaved();
  await one.page.evaluate(spoil);
  await one.type('!');
  await untilRestarted(one, 2);
  assert.match(await one.tool('restarted').innerText(), /started again/);
  await one.tool('show-report').click();
  const plain = JSON.parse(await one.tool('report').inputValue());
  assert.doesNotMatch(JSON.stringify(plain), /secret|before/);
  assert.match(plain.error.name, /Error$/);
  const types = plain.messages.map(({ way, type }) => `${way} ${type}`);
  for (const type of ['in CLIENT_VARS', 'out CLIENT_READY', 'out USER_CHANGES', 'in ACCEPT_COMMIT']) assert.ok(types.includes(type), `the report has no ${type}, but ${types}`);
  const accepted = plain.messages.find(({ type }) => type === 'ACCEPT_COMMIT');
  assert.ok(accepted.revs[0] > 0 && accepted.length > 40 && accepted.at > 0);
  await one.tool('report-text').check();
  assert.match(JSON.parse(await one.tool('report').inputValue()).text, /secret/);
  const [download] = await Promise.all([one.page.waitForEvent('download'), one.page.getByRole('button', { name: 'Download' }).click()]);
  assert.match(JSON.parse(await readFile(await download.path(), 'utf8')).text, /secret/);
  await one.page.keyboard.press('Escape');
  await converge(world.server, name, [one, two], 30_000);
  for (const pad of [one, two]) await pad.close();
});

test('an engine that ends again and again is given up, and the text can be taken along', async () => {
  const { one, two } = await opened('trap');
  for (let count = 2; count <= 4; count += 1) {
    await one.page.evaluate(spoil);
    await one.press('y');
    await untilRestarted(one, count);
  }
  await one.page.evaluate(spoil);
  await one.press('z');
  const notice = one.tool('disconnected');
  await notice.waitFor();
  assert.equal(await notice.getAttribute('data-reason'), 'engine');
  const [download] = await Promise.all([one.page.waitForEvent('download'), notice.getByText('Download my text').click()]);
  assert.match(await readFile(await download.path(), 'utf8'), /yyy.*before|before.*yyy/s);
  for (const pad of [one, two]) await pad.close();
});
