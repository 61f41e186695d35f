// Somebody composes a character by character, as for Japanese, while somebody else writes around it.

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

/** The keyboard of somebody who composes. */
async function composer(pad) {
  const session = await pad.page.context().newCDPSession(pad.page);
  return {
    compose: (text) => session.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length }),
    commit: (text) => session.send('Input.insertText', { text }),
    isComposing: () => pad.page.evaluate(() => window.easysync.view.composing),
  };
}

/** Waits until the page has every revision that the server has. What is shown may be behind. */
async function untilReceived(name, pad) {
  const { rev } = await world.server.content(name);
  await pad.until((content) => content.rev >= rev, `the page has not received revision ${rev}`);
}

const STEPS = ['に', 'にh', 'にほ', 'にほn', 'にほん', 'にほんg', 'にほんご', '日本語'];

test('what others write before, in and behind the line of a composition is kept', async () => {
  const { name, one, two } = await world.two('ime', 'first line\nmiddle line\nlast line');
  await two.untilText('last line');
  const ime = await composer(one);
  await one.caretAfter('mid');
  const shownBefore = [];
  for (const [index, step] of STEPS.entries()) {
    await ime.compose(step);
    assert.equal(await ime.isComposing(), true, 'the browser does not compose');
    const word = `<${index}>`;
    if (index % 4 === 0) await two.caretBefore('first');
    else if (index % 4 === 1) await two.caretAfter('last line');
    else if (index % 4 === 2) await two.caretBefore('mid');
    else await two.caretBefore(' line\nlast');
    await two.type(word);
    await two.untilSaved();
    shownBefore.push(word);
    // The other's words reach this page, but nothing is written under the composition.
    await untilReceived(name, one);
    assert.match(await one.page.evaluate(() => window.easysync.view.state.doc.toString()), new RegExp(`mid${step}dle line`));
  }
  assert.doesNotMatch(await one.page.evaluate(() => window.easysync.view.state.doc.toString()), /<\d>/);
  await ime.commit('日本語');
  const { text } = await converge(world.server, name, [one, two]);
  for (const word of shownBefore) assert.equal(text.split(word).length, 2, `${word} is not there once`);
  assert.equal(text.split('日本語').length, 2, 'the composed word is not there once');
  assert.match(text, /mid日本語dle/);
  assert.doesNotMatch(text, /[にほg]/);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('a composition that does not end holds nothing up but what is shown', async () => {
  const { name, one, two } = await world.two('ime', 'here: \nthere: ');
  await two.untilText('there: ');
  const ime = await composer(one);
  await one.caretAfter('here: ');
  await ime.compose('か');
  await two.caretAfter('there: ');
  const before = await one.content();
  const words = [];
  for (let i = 0; i < 5; i += 1) {
    words.push(`word${i} `);
    await two.type(words.at(-1));
    await two.untilSaved();
    await untilReceived(name, one);
  }
  const during = await one.content();
  assert.ok(during.rev >= before.rev + 5, `the revisions stand still at ${during.rev}`);
  assert.ok(!during.shown.includes('word0'), 'text was written under a composition');
  // What was composed so far is committed as well: the other sees it coming.
  await two.untilText('か');
  assert.equal(await ime.isComposing(), true);
  await ime.commit('可');
  const { text } = await converge(world.server, name, [one, two]);
  assert.equal(text, `here: 可\nthere: ${words.join('')}\n`);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('a composition that is left by a click keeps its text', async () => {
  const { name, one, two } = await world.two('ime', 'abc\n');
  const ime = await composer(one);
  await one.caretAfter('abc');
  await ime.compose('カ');
  await two.untilText('abc');
  await two.caretBefore('abc');
  await two.type('>');
  await untilReceived(name, one);
  await one.page.getByTestId('settings').click();
  await one.keyboard.press('Escape');
  const { text } = await converge(world.server, name, [one, two]);
  assert.equal(text.trimEnd(), '>abcカ');
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('a composition in a list item whose line others make a heading', async () => {
  const { name, one, two } = await world.two('ime', 'item');
  await one.press('Control+Shift+L');
  await one.untilSaved();
  const ime = await composer(one);
  await one.caretAfter('item');
  await ime.compose('し');
  await two.untilText('*item');
  await two.caretAfter('item');
  await two.tool('heading').selectOption('1');
  await sleep(500);
  await ime.compose('しん');
  await ime.commit('新');
  const { text, runs } = await converge(world.server, name, [one, two]);
  assert.equal(text, '*item新\n');
  assert.match(runs[0][1], /heading=h1/);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});
