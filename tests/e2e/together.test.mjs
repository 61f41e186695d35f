// People write in one pad at the same time, with everything that the page offers, and all have the same at the end.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { converge } from './support/pad.js';
import { seeded } from './support/random.js';
import { World } from './support/world.js';

/** How long they write, in milliseconds. */
const DURATION = Number(process.env.EASYSYNC_TOGETHER_MS ?? 60_000);

const WORDS = ['tree ', 'river ', 'Grüße ', '日本語 ', 'é ', '👩‍👩‍👧 ', '😀', '🎉🎉 ', 'https://example.org/a?b=1 ', '* ', '1. ', '\t', 'שלום ', 'a'];
const PLAIN = ['one line', 'two\nlines', 'three\r\nlines\r\n', '\n', '😀\n👍\n', '* not a marker\n* neither'];
const HTML = [
  '<p>para <b>bold</b> and <i>italic</i></p><p>next</p>',
  '<ul><li>a</li><li>b<ul><li>deeper</li></ul></li></ul>',
  '<ol start="3"><li>three</li><li>four 😀</li></ol>',
  '<h2>A heading</h2>text<br>more <s>gone</s>',
  '<meta charset="utf-8"><span style="font-weight:700;text-decoration:underline">styled</span>',
];

/** Things that somebody does at a keyboard, with a mouse and with a clipboard. Those that come often stand there more than once. */
const ACTIONS = {
  async type(pad, random) {
    for (let i = random.below(4); i >= 0; i -= 1) await pad.type(random.pick(WORDS));
  },
  async enter(pad) {
    await pad.press('Enter');
  },
  async move(pad, random) {
    for (let i = random.below(6); i >= 0; i -= 1) {
      await pad.press(random.pick(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'Control+ArrowLeft', 'Control+Home', 'Control+End']));
    }
  },
  async click(pad, random) {
    const box = await pad.page.locator('.cm-content').boundingBox();
    const height = Math.min(box.height, 600);
    await pad.page.mouse.click(box.x + random.number() * Math.min(box.width, 500), Math.max(box.y, 110) + random.number() * (height - 10));
  },
  async erase(pad, random) {
    const key = random.pick(['Backspace', 'Delete', 'Control+Backspace', 'Control+Delete']);
    for (let i = random.below(8); i >= 0; i -= 1) await pad.press(key);
  },
  async eraseSelection(pad, random) {
    for (let i = random.below(12); i >= 0; i -= 1) await pad.press(random.pick(['Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowUp']));
    await pad.press(random.pick(['Backspace', 'Delete', 'x', 'Enter']));
  },
  async formatByKey(pad, random) {
    for (let i = random.below(10); i > 0; i -= 1) await pad.press('Shift+ArrowLeft');
    await pad.press(random.pick(['Control+b', 'Control+i', 'Control+u', 'Control+5']));
    await pad.type('formatted ');
  },
  async formatByButton(pad, random) {
    for (let i = random.below(10); i > 0; i -= 1) await pad.press('Shift+ArrowLeft');
    await pad.tool(random.pick(['bold', 'italic', 'underline', 'strikethrough', 'clear-formatting'])).click();
  },
  async line(pad, random) {
    if (random.chance(0.5)) await pad.press(random.pick(['Control+Shift+L', 'Control+Shift+Digit1', 'Control+]', 'Control+[', 'Tab', 'Shift+Tab']));
    else await pad.tool(random.pick(['bullet', 'number', 'indent', 'outdent'])).click();
    await pad.page.locator('.cm-content').focus();
  },
  async heading(pad, random) {
    await pad.tool('heading').selectOption(random.pick(['0', '1', '2', '3', '4']));
  },
  async item(pad, random) {
    await pad.press('End');
    await pad.press(random.pick(['Control+Shift+L', 'Control+Shift+Digit1']));
    for (let i = random.below(3); i >= 0; i -= 1) {
      await pad.type(random.pick(WORDS));
      await pad.press('Enter');
    }
    if (random.chance(0.5)) await pad.press('Backspace');
  },
  async pastePlain(pad, random) {
    await pad.paste({ 'text/plain': random.pick(PLAIN) });
  },
  async pasteHtml(pad, random) {
    await pad.paste({ 'text/html': random.pick(HTML), 'text/plain': 'ignored' });
  },
  async cut(pad, random) {
    for (let i = random.below(8); i >= 0; i -= 1) await pad.press('Shift+ArrowLeft');
    const data = await pad.copy('cut');
    await pad.press(random.pick(['ArrowUp', 'ArrowDown', 'Control+Home']));
    if (Object.keys(data).length > 0) await pad.paste(data);
  },
  async undo(pad, random) {
    if (random.chance(0.3)) await pad.tool('undo').click();
    else for (let i = random.below(4); i >= 0; i -= 1) await pad.press('Control+z');
  },
  async redo(pad) {
    await pad.press('Control+y');
  },
  async clearAuthorship(pad) {
    for (let i = 0; i < 5; i += 1) await pad.press('Shift+ArrowLeft');
    await pad.press('Control+Shift+C');
  },
};
const OFTEN = ['type', 'type', 'type', 'type', 'enter', 'move', 'move', 'click', 'erase', 'formatByKey', 'item'];
const NAMES = [...Object.keys(ACTIONS), ...OFTEN];

/** Writes until the time is over, and says what was done. */
async function write(pad, random, end) {
  const done = new Map();
  await pad.page.locator('.cm-content').click();
  while (Date.now() < end) {
    const name = random.pick(NAMES);
    // A pad that only grows would end up as pasting into the unseen.
    const { length } = await pad.text();
    await ACTIONS[length > 4000 && name.startsWith('paste') ? 'eraseSelection' : name](pad, random);
    done.set(name, (done.get(name) ?? 0) + 1);
  }
  return done;
}

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

test('two people write for a minute, and a third who comes later reads the same', async (t) => {
  const random = seeded(t);
  const name = world.name('together');
  // High enough that everything is drawn, so that everything drawn is compared.
  const context = { viewport: { width: 1200, height: 2400 } };
  const one = await world.pad(name, { context });
  const two = await world.pad(name, { context });
  const end = Date.now() + DURATION;
  const done = await Promise.all([one, two].map((pad) => write(pad, random.fork(), end)));
  for (const [index, counts] of done.entries()) {
    t.diagnostic(`person ${index + 1}: ${[...counts].map(([action, count]) => `${action} ${count}`).join(', ')}`);
  }
  const kept = await converge(world.server, name, [one, two]);
  t.diagnostic(`${kept.rev} revisions, ${kept.text.length} code units, ${kept.runs.length} runs`);
  assert.ok(kept.rev > DURATION / 2000, 'hardly anything was committed');
  const seen = new Set(kept.runs.flatMap(([, run]) => run.split(' ').map((pair) => pair.split('=')[0])));
  assert.ok(seen.has('author'), 'no text has an author');

  const three = await world.pad(name, { context });
  await converge(world.server, name, [one, two, three]);

  await one.page.reload();
  await one.ready();
  const again = await converge(world.server, name, [one, two, three]);
  assert.equal(again.text, kept.text);
  for (const pad of [one, two, three]) await pad.assertNoProblems();
  for (const pad of [one, two, three]) await pad.close();
});
