// What the toolbar and the keyboard do to text and lines, as it is stored and as it is shown.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { converge } from './support/pad.js';
import { World } from './support/world.js';

/** @type {World} */
let world;
/** @type {import('./support/pad.js').Pad} */
let pad;
let name;
before(async () => {
  world = await World.open();
  name = world.name('format');
  pad = await world.pad(name);
});
after(() => world?.close());

/** A fresh text; and at the end of each test, everybody agrees and nothing was complained about. */
function formatTest(what, body) {
  test(what, async (t) => {
    await pad.clear();
    await body(t);
    await pad.select(0);
    await converge(world.server, name, [pad]);
    await pad.assertNoProblems();
  });
}

/** The runs without authors: `[text, attributes]` for what has any. */
async function formatted() {
  const { text, runs } = await pad.content();
  const found = [];
  let position = 0;
  for (const [length, run] of runs) {
    const attributes = run.split(' ').filter((pair) => pair !== '' && !pair.startsWith('author=')).join(' ');
    if (attributes !== '') found.push([text.slice(position, position + length), attributes]);
    position += length;
  }
  return found;
}

const CHARACTER_FORMATS = [
  ['bold', 'Control+b'],
  ['italic', 'Control+i'],
  ['underline', 'Control+u'],
  ['strikethrough', 'Control+5'],
];

for (const [format, key] of CHARACTER_FORMATS) {
  formatTest(`${format}: of a selection, of what is typed next, by key and by button`, async () => {
    const button = pad.tool(format);
    const pressed = async (expected) => pad.page.waitForFunction(([id, value]) => document.querySelector(`[data-testid=${id}]`).getAttribute('aria-pressed') === value, [format, String(expected)], { timeout: 2000 });
    await pad.type('one two three');
    await pad.selectText('two');
    await pad.press(key);
    assert.deepEqual(await formatted(), [['two', `${format}=true`]]);
    await pressed(true);
    await pad.press(key);
    assert.deepEqual(await formatted(), []);
    await pressed(false);
    await button.click();
    assert.deepEqual(await formatted(), [['two', `${format}=true`]]);
    // A selection that has the format in part gets it as a whole, then loses it as a whole.
    await pad.selectText('one two');
    await button.click();
    assert.deepEqual(await formatted(), [['one two', `${format}=true`]]);
    await button.click();
    assert.deepEqual(await formatted(), []);
    await pad.caretAfter('three');
    await pad.press(key);
    await pressed(true);
    await pad.type('😀x');
    await pad.press(key);
    await pressed(false);
    await pad.type('y');
    assert.deepEqual(await formatted(), [['😀x', `${format}=true`]]);
    await button.click();
    await pad.type('z');
    assert.deepEqual(await formatted(), [['😀x', `${format}=true`], ['z', `${format}=true`]]);
    await pad.assertDrawn();
  });
}

formatTest('several formats at once', async () => {
  await pad.type('abcdef');
  await pad.selectText('abcd');
  await pad.press('Control+b');
  await pad.selectText('cdef');
  await pad.press('Control+i');
  assert.deepEqual(await formatted(), [['ab', 'bold=true'], ['cd', 'bold=true italic=true'], ['ef', 'italic=true']]);
});

const BULLET = 'insertorder=first list=bullet1 lmkr=1';
const number = (start, level = 1) => `insertorder=first list=number${level} lmkr=1 start=${start}`;

formatTest('a bullet list is stored as Etherpad stores it, and goes on with Enter', async () => {
  await pad.type('milk');
  await pad.tool('bullet').click();
  await pad.press('Enter');
  await pad.type('bread');
  assert.deepEqual(await pad.lines(), ['*milk', '*bread']);
  assert.equal(await pad.marker(0), BULLET);
  assert.equal(await pad.marker(1), BULLET);
  assert.deepEqual(await pad.drawn(), ['• milk', '• bread']);
  assert.equal(await pad.tool('bullet').getAttribute('aria-pressed'), 'true');
  // Enter in an empty item ends the list.
  await pad.press('Enter', 'Enter');
  await pad.type('end');
  assert.deepEqual(await pad.lines(), ['*milk', '*bread', 'end']);
  assert.equal(await pad.marker(2), undefined);
  await pad.page.waitForFunction(() => document.querySelector('[data-testid=bullet]').getAttribute('aria-pressed') === 'false');
  // The key takes the marker away again.
  await pad.selectText('milk');
  await pad.press('Control+Shift+L');
  assert.deepEqual(await pad.lines(), ['milk', '*bread', 'end']);
});

formatTest('Enter within an item, and at its beginning', async () => {
  await pad.press('Control+Shift+L');
  await pad.type('onetwo');
  await pad.caretAfter('one');
  await pad.press('Enter');
  assert.deepEqual(await pad.lines(), ['*one', '*two']);
  await pad.caretBefore('one');
  await pad.press('Enter');
  assert.deepEqual(await pad.lines(), ['*', '*one', '*two']);
  await pad.type('x');
  assert.deepEqual(await pad.lines(), ['*', '*xone', '*two']);
  for (const line of [0, 1, 2]) assert.equal(await pad.marker(line), BULLET);
});

formatTest('Backspace before an item: out by a level, then no list, then joined', async () => {
  await pad.type('above');
  await pad.press('Enter', 'Control+Shift+L');
  await pad.type('deep');
  await pad.press('Control+]');
  assert.match(await pad.marker(1), /list=bullet2/);
  await pad.press('Home', 'Backspace');
  assert.match(await pad.marker(1), /list=bullet1/);
  await pad.press('Backspace');
  assert.deepEqual(await pad.lines(), ['above', 'deep']);
  await pad.press('Backspace');
  assert.deepEqual(await pad.lines(), ['abovedeep']);
  assert.equal(await pad.caret(), 5);
});

formatTest('Delete at the end of a line before an item takes its marker along', async () => {
  await pad.type('above');
  await pad.press('Enter', 'Control+Shift+L');
  await pad.type('item');
  await pad.caretAfter('above');
  await pad.press('Delete');
  assert.deepEqual(await pad.lines(), ['aboveitem']);
  assert.equal(await pad.caret(), 5);
});

formatTest('a numbered list counts, also after items came in between', async () => {
  await pad.tool('number').click();
  await pad.type('first');
  await pad.press('Enter');
  await pad.type('second');
  await pad.press('Enter');
  await pad.type('third');
  for (const line of [0, 1, 2]) assert.equal(await pad.marker(line), number(line + 1));
  assert.deepEqual(await pad.drawn(), ['1. first', '2. second', '3. third']);
  await pad.caretAfter('first');
  await pad.press('Enter');
  await pad.type('new');
  assert.deepEqual(await pad.drawn(), ['1. first', '2. new', '3. second', '4. third']);
  for (const line of [0, 1, 2, 3]) assert.equal(await pad.marker(line), number(line + 1));
  await pad.selectText('new');
  await pad.press('Tab');
  assert.deepEqual(await pad.drawn(), ['1. first', 'a. new', '2. second', '3. third']);
  assert.equal(await pad.marker(1), number(1, 2));
  await pad.tool('outdent').click();
  assert.deepEqual(await pad.drawn(), ['1. first', '2. new', '3. second', '4. third']);
  // Without text, the item becomes a line, and then goes.
  await pad.press('Delete', 'Backspace', 'Backspace');
  assert.deepEqual(await pad.drawn(), ['1. first', '2. second', '3. third']);
});

formatTest('indent and outdent: by keys and buttons, down to a limit, and of plain lines', async () => {
  await pad.press('Control+Shift+Digit1');
  await pad.type('item');
  await pad.press('Tab');
  assert.deepEqual(await pad.lines(), ['*item']);
  assert.match(await pad.marker(0), /list=number2/);
  await pad.press('Shift+Tab');
  assert.match(await pad.marker(0), /list=number1/);
  for (let i = 0; i < 20; i += 1) await pad.press('Control+]');
  assert.match(await pad.marker(0), /list=number16/);
  for (let i = 0; i < 20; i += 1) await pad.press('Control+[');
  assert.deepEqual(await pad.lines(), ['item']);
  await pad.tool('indent').click();
  assert.match(await pad.marker(0), /list=indent1/);
  assert.deepEqual(await pad.drawn(), ['item']);
  const indented = await pad.page.evaluate(() => getComputedStyle(document.querySelector('.cm-line')).paddingInlineStart);
  assert.ok(Number.parseFloat(indented) > 20, `an indented line begins at ${indented}`);
  await pad.tool('outdent').click();
  assert.deepEqual(await pad.lines(), ['item']);
  // Outside of lists, Tab is space.
  await pad.press('End', 'Tab');
  assert.match((await pad.lines())[0], /^item\s+$/);
  assert.equal(await pad.marker(0), undefined);
});

formatTest('a list of one kind becomes one of the other', async () => {
  await pad.type('a');
  await pad.press('Enter');
  await pad.type('b');
  await pad.press('Control+a', 'Control+Shift+L');
  assert.deepEqual(await pad.drawn(), ['• a', '• b']);
  await pad.press('Control+a');
  await pad.tool('number').click();
  assert.deepEqual(await pad.drawn(), ['1. a', '2. b']);
  await pad.press('Control+a', 'Control+Shift+Digit1');
  assert.deepEqual(await pad.lines(), ['a', 'b']);
});

formatTest('headings', async () => {
  await pad.type('Title');
  for (const level of [1, 2, 3, 4]) {
    await pad.tool('heading').selectOption(String(level));
    assert.equal(await pad.marker(0), `heading=h${level} insertorder=first lmkr=1`);
    await pad.assertDrawn();
  }
  const size = await pad.page.evaluate(() => [getComputedStyle(document.querySelector('.es-heading-4')).fontWeight, document.querySelectorAll('.cm-line').length]);
  assert.ok(Number(size[0]) >= 600);
  assert.deepEqual(await pad.drawn(), ['Title']);
  await pad.press('End', 'Enter');
  await pad.type('text');
  // What comes after a heading is text.
  assert.deepEqual(await pad.lines(), ['*Title', 'text']);
  await pad.caretBefore('Title');
  await pad.page.waitForFunction(() => document.querySelector('[data-testid=heading]').value === '4');
  await pad.tool('heading').selectOption('0');
  assert.deepEqual(await pad.lines(), ['Title', 'text']);
  await pad.tool('heading').selectOption('2');
  await pad.press('Home', 'Backspace');
  assert.deepEqual(await pad.lines(), ['Title', 'text']);
});

formatTest('the star is never seen, and the caret never before it', async () => {
  await pad.type('above');
  await pad.press('Enter', 'Control+Shift+L');
  await pad.type('item');
  await pad.press('Enter');
  await pad.type('next');
  const caretIs = async (expected, what) => assert.equal(await pad.caret(), expected, what);
  // above\n*item\n*next: the item's text begins at 7, that of the next at 13
  await pad.caretAfter('item');
  await pad.press('Home');
  await caretIs(7, 'Home');
  await pad.type('1');
  assert.equal((await pad.lines())[1], '*1item');
  await pad.press('Backspace', 'ArrowLeft');
  await caretIs(5, 'left from the beginning of an item');
  await pad.press('ArrowRight');
  await caretIs(7, 'right from the end of the line above');
  const item = pad.page.locator('.cm-line').nth(1);
  const box = await item.boundingBox();
  await pad.page.mouse.click(box.x + 1, box.y + box.height / 2);
  await caretIs(7, 'a click on the line’s edge');
  const bullet = await item.locator('.es-item').boundingBox();
  await pad.page.mouse.click(bullet.x + 1, bullet.y + bullet.height / 2);
  await caretIs(7, 'a click on the bullet');
  await pad.type('2');
  assert.equal((await pad.lines())[1], '*2item');
  await pad.press('Backspace');
  await pad.caretBefore('next');
  await pad.press('ArrowUp');
  await caretIs(7, 'up from the beginning of an item');
  await pad.caretAfter('item');
  await pad.press('Shift+Home');
  await pad.type('new');
  assert.deepEqual(await pad.lines(), ['above', '*new', '*next']);
  assert.equal(await pad.marker(1), BULLET);
  await pad.press('Control+Home', 'ArrowDown', 'Home', 'Control+ArrowLeft');
  await caretIs(5, 'a word to the left of an item');
  await pad.press('Control+End', 'Shift+Home', 'Backspace');
  assert.deepEqual(await pad.lines(), ['above', '*new', '*']);
  await pad.press('Control+Backspace');
  assert.deepEqual(await pad.lines(), ['above', '*new', '']);
  assert.deepEqual(await pad.drawn(), ['above', '• new', '']);
});

formatTest('a star that somebody types is text', async () => {
  await pad.type('* no list');
  assert.deepEqual(await pad.lines(), ['* no list']);
  assert.deepEqual(await pad.drawn(), ['* no list']);
  await pad.press('Control+Shift+L');
  assert.deepEqual(await pad.lines(), ['** no list']);
  assert.deepEqual(await pad.drawn(), ['• * no list']);
  await pad.press('Home');
  assert.equal(await pad.caret(), 1);
});

formatTest('a selection across markers is erased with them', async () => {
  await pad.press('Control+Shift+L');
  await pad.type('one');
  await pad.press('Enter');
  await pad.type('two');
  await pad.press('Enter');
  await pad.type('three');
  const text = await pad.text();
  await pad.select(text.indexOf('ne'), text.indexOf('hree'));
  await pad.press('Delete');
  assert.deepEqual(await pad.lines(), ['*ohree']);
  assert.equal(await pad.marker(0), BULLET);
});

formatTest('clear formatting', async () => {
  await pad.type('heading');
  await pad.tool('heading').selectOption('1');
  await pad.press('End', 'Enter', 'Control+b', 'Control+i');
  await pad.type('styled');
  await pad.press('Enter', 'Control+Shift+L');
  await pad.type('item');
  const authors = (await pad.content()).runs.filter(([, run]) => run.includes('author=')).length;
  assert.ok(authors > 0);
  await pad.press('Control+a');
  await pad.tool('clear-formatting').click();
  assert.deepEqual(await formatted(), []);
  assert.deepEqual(await pad.lines(), ['heading', 'styled', 'item']);
  await pad.selectText('styled');
  await pad.press('Control+u', 'Control+\\');
  assert.deepEqual(await formatted(), []);
  const { runs, author } = await pad.content();
  assert.ok(runs.some(([, run]) => run === `author=${author}`), 'the author went with the formats');
});

formatTest('clear authorship: of a selection, and of everything', async () => {
  const { author } = await pad.content();
  const authored = async () => (await pad.content()).runs.filter(([, run]) => run.includes(`author=${author}`)).reduce((sum, [length]) => sum + length, 0);
  await pad.type('mine nobodys mine');
  assert.equal(await authored(), 17);
  await pad.selectText('nobodys');
  await pad.tool('clear-authorship').click();
  assert.equal(await authored(), 10);
  await pad.select(0);
  await pad.press('Control+Shift+C');
  assert.equal(await authored(), 0);
  assert.equal(await pad.page.locator('.cm-content .es-author').count(), 0);
});

formatTest('a copied list keeps everything in another pad', async () => {
  await pad.type('Title');
  await pad.tool('heading').selectOption('2');
  await pad.press('End', 'Enter', 'Control+Shift+Digit1');
  await pad.type('one');
  await pad.press('Enter', 'Home', 'Tab', 'Control+b');
  await pad.type('deeper');
  await pad.press('Control+b', 'Enter', 'Shift+Tab');
  await pad.type('two 😀');
  assert.deepEqual(await pad.drawn(), ['Title', '1. one', 'a. deeper', '2. two 😀']);
  await pad.press('Control+a');
  const clipboard = await pad.copy();
  assert.doesNotMatch(clipboard['text/plain'], /\*/);
  assert.match(clipboard['text/plain'], /^Title\n.*one\n.*deeper\n.*two 😀$/);
  assert.match(clipboard['text/html'], /<h2>Title<\/h2>/);
  assert.match(clipboard['text/html'], /<ol>.*<ol>.*<strong>deeper<\/strong>/s);
  const other = await world.pad(world.name('format'));
  await other.clear();
  await other.paste(clipboard);
  assert.deepEqual(await other.drawn(), ['Title', '1. one', 'a. deeper', '2. two 😀']);
  for (const line of [0, 1, 2, 3]) assert.equal(await other.marker(line), await pad.marker(line));
  assert.equal(await other.attributesAt((await other.text()).indexOf('deeper')), 'bold=true');
  // A part of a line goes into the middle of another without becoming a line of its own.
  await pad.selectText('wo 😀');
  const part = await pad.copy();
  await other.caretAfter('Ti');
  await other.paste(part);
  assert.equal((await other.lines())[0], '*Tiwo 😀tle');
  // What comes from elsewhere than a pad is understood as well.
  await other.press('Control+End', 'Enter', 'Backspace');
  await other.paste({ 'text/html': '<ul><li>x</li><li><b>y</b></li></ul>', 'text/plain': 'x y' });
  await other.untilSaved();
  assert.deepEqual((await other.drawn()).slice(-2), ['• x', '• y']);
  await other.assertDrawn();
  await other.assertNoProblems();
  await other.close();
});

formatTest('lines of a paste end as lines of the pad', async () => {
  await pad.paste({ 'text/plain': 'a\r\nb\rc\nd' });
  assert.deepEqual(await pad.lines(), ['a', 'b', 'c', 'd']);
  await pad.press('Control+a', 'Control+Shift+L', 'Control+End');
  await pad.paste({ 'text/plain': '!\n* e' });
  assert.equal((await pad.lines())[3], '*d!');
  assert.equal((await pad.text()).match(/e/g).length, 1);
});

formatTest('what is typed into the space between lines of others belongs to who typed it', async () => {
  await pad.type('mine');
  await pad.untilSaved();
  const other = await world.pad(name);
  await other.caretAfter('mi');
  await other.type('YOURS');
  await pad.untilText('YOURS');
  const { runs } = await converge(world.server, name, [pad, other]);
  const mine = `author=${(await pad.content()).author}`;
  const yours = `author=${(await other.content()).author}`;
  assert.deepEqual(runs.slice(0, 3), [[2, mine], [5, yours], [2, mine]]);
  const colours = await pad.page.evaluate(() => [...document.querySelectorAll('.cm-content .es-author')].map((element) => getComputedStyle(element).backgroundColor));
  assert.equal(new Set(colours).size, 2, `the authors have the colours ${colours}`);
  await other.close();
});
