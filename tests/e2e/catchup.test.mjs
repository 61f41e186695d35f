// What the user sees of a page that catches up, and can do about it.

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

const REVISIONS = 300;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const MESSAGE = '42["message",';

/** A page that has got revisions and not taken them, with an engine that takes its time; `text` is what stands there after so many of them. */
async function openBehind() {
  const name = world.name('catchup');
  const network = { inject: null };
  const prepare = (page) =>
    page.routeWebSocket(/\/socket\.io\//, (toPage) => {
      const toServer = toPage.connectToServer();
      toPage.onMessage((frame) => toServer.send(frame));
      toServer.onMessage((frame) => toPage.send(frame));
      network.inject = (data) => toPage.send(`${MESSAGE}${JSON.stringify({ type: 'COLLABROOM', data })}]`);
    });
  const pad = await world.pad(name, { prepare });
  await pad.clear();
  await pad.untilSaved();
  await pad.page.evaluate(() => {
    const { session } = window.easysync;
    session.cancelCatchUp();
    // Some seconds for all of them, so that there is time for a click.
    const quick = session.engine.proceed.bind(session.engine);
    session.engine.proceed = (limit) => {
      const end = performance.now() + 100;
      while (performance.now() < end);
      return quick(Math.min(limit, 4));
    };
  });
  const author = await world.client(name);
  const first = author.rev;
  for (let i = 0; i < REVISIONS; i += 1) await author.prepend(LETTERS[i % LETTERS.length]);
  await pad.page.waitForFunction(() => window.easysync.session.waiting > 0);
  // The last of them is on its way.
  await sleep(500);
  const text = (count) => Array.from({ length: count }, (_, i) => LETTERS[i % LETTERS.length]).reverse().join('');
  return { name, network, pad, author, first, text, resume: () => pad.page.evaluate(() => window.easysync.session.resumeCatchUp()) };
}

test('it is told how far it is, and can be stopped and gone on with; a listener that throws harms nothing', async () => {
  const { name, pad, author, first, text, resume } = await openBehind();
  await pad.page.evaluate(() => {
    window.easysync.session.on('progress', () => {
      throw new Error('a listener of the test');
    });
  });
  await resume();
  const progress = pad.tool('progress-text');
  await progress.getByText(/^Catching up: \d+ of 300 revisions · \d+ a second · .+ left$/).waitFor();
  await pad.tool('cancel').click();
  await progress.getByText('was stopped').waitFor();
  const done = Number(/^Catching up was stopped after (\d+) of 300 revisions\.$/.exec(await progress.textContent())?.[1]);
  assert.ok(done > 0 && done < REVISIONS, await progress.textContent());
  await pad.page.waitForFunction(() => !window.easysync.session.engine.isBehind);
  const stopped = await pad.content();
  assert.deepEqual([stopped.rev, stopped.shown, stopped.text], [first + done, text(done), `${text(done)}\n`]);
  await sleep(500);
  assert.equal((await pad.content()).rev, first + done, 'it went on by itself');

  await pad.page.locator('.cm-content').click();
  await pad.press('Control+End');
  await pad.type('!');
  await pad.tool('resume').click();
  await converge(world.server, name, [pad]);
  assert.equal(await pad.text(), `${text(REVISIONS)}!\n`);
  assert.equal(await pad.tool('progress').count(), 0);
  assert.ok(pad.problems.some((problem) => problem.includes('a listener of the test')), 'nobody was told that a listener threw');
  await pad.assertNoProblems(/a listener of the test/);
  author.close();
  await pad.close();
});

test('a failure stays until somebody has seen it, though the page helps itself', async () => {
  const { name, network, pad, author, first, text, resume } = await openBehind();
  network.inject({ type: 'NEW_CHANGES', newRev: first + REVISIONS + 1, changeset: 'nonsense', apool: { numToAttrib: {}, nextNum: 0 }, author: '', currentTime: 1, timeDelta: 1 });
  await resume();
  const failure = pad.tool('failure');
  await failure.getByText(/^Catching up failed after \d+ of \d+ revisions: .+\.$/).waitFor();
  await converge(world.server, name, [pad]);
  assert.equal(await pad.text(), `${text(REVISIONS)}\n`);
  await sleep(1000);
  assert.ok(await failure.isVisible(), 'the failure was taken away');
  await failure.getByRole('button', { name: 'Dismiss' }).click();
  assert.equal(await failure.count(), 0);
  author.close();
  await pad.close();
});
