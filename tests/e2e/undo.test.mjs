// Undo takes back what oneself did, whatever others did meanwhile.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { converge } from './support/pad.js';
import { World } from './support/world.js';

/** Longer than the pause within which typing counts as one step. */
const STEP = 1200;

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

async function undoAll(pad) {
  for (let i = 0; i < 50 && (await pad.tool('undo').getAttribute('aria-disabled')) !== 'true'; i += 1) {
    await pad.press('Control+z');
    await sleep(60);
  }
}

test('only own text goes, also when others wrote inside it', async () => {
  const { name, one, two } = await world.two('undo', 'start ');
  await two.untilText('start');
  await sleep(STEP);
  await one.caretAfter('start ');
  await one.type('mine and mine');
  await two.untilText('mine and mine');
  await two.caretAfter('mine');
  await two.type(' THEIRS');
  await one.untilText('THEIRS');
  await one.press('Control+z');
  let { text } = await converge(world.server, name, [one, two]);
  assert.equal(text, 'start  THEIRS\n');
  await one.press('Control+y');
  ({ text } = await converge(world.server, name, [one, two]));
  assert.equal(text, 'start mine THEIRS and mine\n');
  await one.press('Control+Shift+Z');
  assert.equal((await one.text()), text, 'redo without anything to bring back changed the text');
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('only own formats go', async () => {
  const { name, one, two } = await world.two('undo', 'alpha beta gamma');
  await two.untilText('gamma');
  await sleep(STEP);
  await one.selectText('alpha beta');
  await one.press('Control+b');
  await two.until((content) => content.runs.some(([, run]) => run.includes('bold=true')), 'bold did not come');
  await two.selectText('beta gamma');
  await two.press('Control+i');
  await one.until((content) => content.runs.some(([, run]) => run.includes('italic=true')), 'italic did not come');
  await one.press('Control+z');
  let { runs } = await converge(world.server, name, [one, two]);
  assert.deepEqual(runs.map(([length, run]) => [length, run.replace(/ ?author=\S+ ?/, '')]).filter(([, run]) => run !== ''), [[10, 'italic=true']]);
  await one.press('Control+y');
  ({ runs } = await converge(world.server, name, [one, two]));
  assert.deepEqual(
    runs.map(([length, run]) => [length, run.replace(/ ?author=\S+ ?/, ' ').trim()]).filter(([, run]) => run !== ''),
    [[6, 'bold=true'], [4, 'bold=true italic=true'], [6, 'italic=true']],
  );
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('erased text comes back where it was, with its formats', async () => {
  const { name, one, two } = await world.two('undo', 'keep ');
  await one.press('Control+b');
  await one.type('bold words');
  await one.press('Control+b');
  await two.untilText('bold words');
  await two.selectText('bold words');
  await two.press('Delete');
  await one.until((content) => !content.text.includes('bold'), 'the text is still there');
  await one.caretBefore('keep');
  await one.type('new ');
  await two.untilText('new ');
  await two.press('Control+z');
  const { text, runs } = await converge(world.server, name, [one, two]);
  assert.equal(text, 'new keep bold words\n');
  const bold = runs.filter(([, run]) => run.includes('bold=true'));
  assert.equal(bold.reduce((sum, [length]) => sum + length, 0), 'bold words'.length);
  // A server lets nobody write in another's name, so the text is by whoever brought it back.
  assert.match(bold[0][1], new RegExp(`author=${(await two.content()).author}`));
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('steps of typing, and the buttons that tell what is possible', async () => {
  const name = world.name('undo');
  const pad = await world.pad(name);
  const { page } = pad;
  const state = async (id) => pad.tool(id).getAttribute('aria-disabled');
  const expectState = async (undo, redo) => {
    await page.waitForFunction(
      ([first, second]) => document.querySelector('[data-testid=undo]').getAttribute('aria-disabled') === first && document.querySelector('[data-testid=redo]').getAttribute('aria-disabled') === second,
      [String(!undo), String(!redo)],
      { timeout: 2000 },
    ).catch(async () => assert.fail(`undo is ${await state('undo')}, redo is ${await state('redo')} (disabled)`));
  };
  await expectState(false, false);
  const welcome = await pad.text();
  await pad.press('Control+z');
  assert.equal(await pad.text(), welcome, 'undo took back what oneself did not write');
  await pad.select(0);
  await pad.type('one ');
  await sleep(STEP);
  await pad.type('two ');
  await expectState(true, false);
  await pad.tool('undo').click();
  assert.equal(await pad.text(), `one ${welcome}`);
  await expectState(true, true);
  await pad.tool('undo').click();
  assert.equal(await pad.text(), welcome);
  await expectState(false, true);
  await pad.tool('redo').click();
  await pad.tool('redo').click();
  assert.equal(await pad.text(), `one two ${welcome}`);
  await expectState(true, false);
  await pad.tool('undo').click();
  await pad.type('x');
  await expectState(true, false);
  await pad.untilSaved();
  await pad.assertNoProblems();
  await pad.close();
});

test('lists and headings are taken back too, and everything at the end', async () => {
  const { name, one, two } = await world.two('undo', '');
  await undoAll(one);
  await one.clear();
  await one.untilSaved();
  await sleep(STEP);
  await one.type('one');
  await one.press('Control+Shift+L', 'Enter');
  await one.type('two');
  await one.press('Control+]');
  await one.tool('heading').selectOption('2');
  await two.untilText('*two');
  await two.caretAfter('two');
  await two.type('!');
  await one.untilText('!');
  for (let i = 0; i < 30 && (await one.text()) !== '!\n'; i += 1) {
    await one.press('Control+z');
    await sleep(50);
  }
  const { text, runs } = await converge(world.server, name, [one, two]);
  assert.equal(text, '!\n');
  assert.equal(runs.length, 2);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});
