// The page of a pad's history, and files that are opened in it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPad } from './support/browser.js';
import { base36, insertOps, keepOps } from './support/client.js';
import { Random } from './support/random.js';
import { fetchText } from './support/server.js';
import { World } from './support/world.js';

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

/** A pad, somebody who writes in it, and the text of each revision. */
class Written {
  constructor(name, client) {
    this.name = name;
    this.client = client;
    this.texts = [];
    this.texts[client.rev] = client.text;
  }

  static async begin(what, person = { name: 'Ann', color: '#c0392b' }) {
    const name = world.name(what);
    return new Written(name, await world.client(name, person));
  }

  get head() {
    return this.texts.length - 1;
  }

  /** Adds a revision that inserts a text at a place; negative places count from the end of the text, final newline included. */
  async insert(place, text) {
    const before = this.texts.at(-1);
    const at = place < 0 ? before.length + place : place;
    const kept = keepOps(before.slice(0, at));
    await this.client.commit(`Z:${base36(before.length)}>${base36(text.length)}${kept}${insertOps(text, '*0')}$${text}`, [['author', this.client.author]]);
    this.texts.push(before.slice(0, at) + text + before.slice(at));
    assert.equal(this.client.rev, this.head);
  }

  /** Words at changing places. */
  async words(count) {
    for (let number = 0; number < count; number += 1) await this.insert(number % 3 === 0 ? -1 : (number * 7) % this.texts.at(-1).length, `w${number} 😀`);
  }

  /** The page of its history. */
  async open(hash = '', options = {}) {
    return openPad(world.browser, `${world.server.address(this.name)}/timeslider${hash}`, options);
  }
}

const shownRev = ({ page }) => page.evaluate(() => window.easysyncHistory.history.rev);
const engineText = ({ page }) => page.evaluate(() => window.easysyncHistory.history.slider.text(0, window.easysyncHistory.history.slider.length));
const editorText = ({ page }) => page.evaluate(() => window.easysyncHistory.view.state.sliceDoc());

async function untilShown({ page }, rev) {
  await page.waitForFunction((wanted) => window.easysyncHistory.history.rev === wanted && !window.easysyncHistory.history.isWaiting, rev, { timeout: 15_000 });
}

/** The page shows this revision, in the engine, in the editor and beside them. */
async function assertShows(pad, written, rev) {
  await untilShown(pad, rev);
  assert.equal(await engineText(pad), written.texts[rev], `the engine's text of revision ${rev}`);
  assert.equal(`${await editorText(pad)}\n`, written.texts[rev], `the text of revision ${rev} on the page`);
  assert.equal(await pad.page.getByTestId('slider').inputValue(), String(rev));
}

test('dragging shows every text on the way as it was', async () => {
  const written = await Written.begin('drag');
  await written.words(240);
  const pad = await written.open();
  const { page } = pad;
  await assertShows(pad, written, written.head);
  // Each text that is shown is kept, to be compared with what was written.
  await page.evaluate(() => {
    window.__seen = [];
    window.__frames = 0;
    const count = () => {
      window.__frames += 1;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    const { history, view } = window.easysyncHistory;
    history.on('shown', (rev) => window.__seen.push([rev, `${view.state.sliceDoc()}\n`]));
  });
  const box = await page.getByTestId('slider').boundingBox();
  await page.mouse.move(box.x + box.width - 9, box.y + box.height / 2);
  await page.mouse.down();
  for (let step = 1; step <= 60; step += 1) await page.mouse.move(box.x + box.width - 9 - (step / 60) * (box.width - 18), box.y + box.height / 2);
  for (let step = 1; step <= 30; step += 1) await page.mouse.move(box.x + 9 + (step / 60) * (box.width - 18), box.y + box.height / 2);
  await page.mouse.up();
  await page.waitForFunction(() => !window.easysyncHistory.history.isWaiting);
  const { seen, frames } = await page.evaluate(() => ({ seen: window.__seen, frames: window.__frames }));
  assert.ok(seen.length > 10, `only ${seen.length} revisions were shown`);
  assert.ok(seen.length <= frames, `${seen.length} revisions in ${frames} frames`);
  assert.ok(seen.some(([rev]) => rev === 0), 'the first revision was not reached');
  for (const [rev, text] of seen) assert.equal(text, written.texts[rev], `revision ${rev}`);
  await assertShows(pad, written, await shownRev(pad));
  // The keyboard goes on from there.
  const at = await shownRev(pad);
  await page.getByTestId('slider').focus();
  await page.keyboard.press('ArrowRight');
  await assertShows(pad, written, at + 1);
  await page.keyboard.press('Home');
  await assertShows(pad, written, 0);
  await page.keyboard.press('End');
  await assertShows(pad, written, written.head);
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('playing goes through the revisions, and the view follows what is written', async () => {
  const written = await Written.begin('play');
  await written.insert(0, 'line\n'.repeat(300));
  const first = written.head;
  for (const word of ['at', 'the', 'very', 'end']) await written.insert(-1, `${word} `);
  const pad = await written.open(`#${first}`);
  const { page } = pad;
  await assertShows(pad, written, first);
  const isAtEnd = () => page.evaluate(() => window.easysyncHistory.view.scrollDOM.scrollTop > 3000);
  assert.equal(await isAtEnd(), false);
  await page.evaluate(() => {
    window.__seen = [];
    window.easysyncHistory.history.on('shown', (rev) => window.__seen.push(rev));
  });
  await page.getByTestId('speed').selectOption('rate-1');
  await page.getByTestId('play').click();
  await assertShows(pad, written, written.head);
  assert.deepEqual(await page.evaluate(() => window.__seen), [first + 1, first + 2, first + 3, first + 4]);
  assert.equal(await isAtEnd(), true, 'the view did not follow');
  await page.locator('.hs-written').waitFor();
  assert.equal((await page.locator('.hs-written').textContent()).trim(), 'end');
  await page.getByRole('button', { name: 'Play' }).waitFor();
  // At the end, it begins anew; a click stops it.
  await page.getByTestId('play').click();
  await page.waitForFunction((head) => window.easysyncHistory.history.rev < head, written.head);
  await page.keyboard.press('Escape');
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('the pointer at a text tells who wrote it, and in which revision', async () => {
  const written = await Written.begin('origin');
  await written.insert(0, 'some words that stand here');
  const first = written.head;
  for (let number = 0; number < 30; number += 1) await written.insert(-1, ` and ${number}`);
  const pad = await written.open();
  const { page } = pad;
  await assertShows(pad, written, written.head);
  const place = await page.evaluate(() => {
    const { view } = window.easysyncHistory;
    const { left, top, bottom } = view.coordsAtPos(view.state.sliceDoc().indexOf('that stand') + 2);
    return { x: left, y: (top + bottom) / 2 };
  });
  const origin = page.getByTestId('origin');
  await page.mouse.move(place.x, place.y);
  await origin.waitFor();
  assert.match(await origin.textContent(), new RegExp(`^Ann · revision ${first} · `));
  // It goes with the text that it is about, and comes back by itself.
  await page.evaluate(() => window.easysyncHistory.history.seek(window.easysyncHistory.history.head - 1));
  await origin.waitFor({ state: 'hidden' });
  await origin.waitFor();
  assert.match(await origin.textContent(), new RegExp(`^Ann · revision ${first} · `));
  await origin.getByRole('button').click();
  await assertShows(pad, written, first);
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('an address leads to a revision, or to the difference between two', async () => {
  const written = await Written.begin('link');
  await written.insert(0, 'line\n'.repeat(100));
  await written.insert(-1, 'one two three');
  const base = written.head;
  await written.insert(-10, 'and ');
  await written.words(5);
  const pad = await written.open(`#${base + 1}`);
  const { page } = pad;
  await assertShows(pad, written, base + 1);
  assert.match(await page.getByTestId('author').textContent(), /Ann|Unknown/);
  assert.notEqual(await page.getByTestId('date').textContent(), '');
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#${base}..${base + 1}`);
  await page.locator('ins.hs-inserted').waitFor();
  assert.deepEqual(await page.locator('ins.hs-inserted').allTextContents(), ['and ']);
  assert.match(await page.getByTestId('comparing').textContent(), /4 added, 0 removed/);
  // It is brought into sight.
  await page.waitForFunction(() => {
    const element = document.querySelector('ins.hs-inserted');
    const [box, seen] = [element, element.closest('.cm-scroller')].map((part) => part.getBoundingClientRect());
    return box.top >= seen.top && box.bottom <= seen.bottom;
  });
  // The other way round the same text is what is gone.
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#${base + 1}..${base}`);
  await page.locator('del.hs-removed').waitFor();
  assert.deepEqual(await page.locator('del.hs-removed').allTextContents(), ['and ']);
  await page.getByTestId('compare-stop').click();
  assert.equal(await page.locator('del.hs-removed').count(), 0);
  // What is shown is written into the address, and one that is too high leads to the newest.
  await page.getByTestId('rev').fill('2');
  await page.getByTestId('rev').press('Enter');
  await assertShows(pad, written, 2);
  await page.waitForFunction(() => location.hash === '#2');
  await page.evaluate(() => {
    location.hash = '#99999';
  });
  await assertShows(pad, written, written.head);
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('who looks at the newest revision sees new ones come in, who looks at another one is left alone', async () => {
  const written = await Written.begin('live');
  await written.words(12);
  const pad = await written.open();
  const { page } = pad;
  await assertShows(pad, written, written.head);
  await written.insert(0, 'live ');
  await assertShows(pad, written, written.head);
  await page.getByTestId('back').click();
  const still = written.head - 1;
  await assertShows(pad, written, still);
  await written.insert(0, 'more ');
  await page.waitForFunction((head) => window.easysyncHistory.history.head === head, written.head);
  await assertShows(pad, written, still);
  assert.match(await page.getByTestId('head').textContent(), new RegExp(String(written.head)));
  // A marked revision gets its star at once.
  written.client.tell({ type: 'SAVE_REVISION' });
  await page.getByTestId('mark').waitFor();
  const marked = Number(await page.getByTestId('mark').getAttribute('data-rev'));
  await page.getByTestId('first').click();
  await assertShows(pad, written, 0);
  await page.getByTestId('mark').click();
  await assertShows(pad, written, marked);
  // Whose text it is.
  await page.getByTestId('authors').click();
  await page.getByTestId('author-list').getByText('Ann').waitFor();
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

/** Drops a file onto the page. */
async function drop({ page }, name, text) {
  await page.evaluate(
    ([fileName, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], fileName));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    },
    [name, text],
  );
}

test('the strip shows how much was written when, and by whom', async () => {
  const written = await Written.begin('strip', { name: 'Ann', color: '#ff0000' });
  const ben = await world.client(written.name, { name: 'Ben', color: '#0000ff' });
  const book = 'book '.repeat(200);
  await written.insert(0, 'a few words ');
  await ben.until(written.head);
  await ben.prepend(book);
  const pad = await written.open();
  const { page } = pad;
  await untilShown(pad, written.head + 1);
  await page.getByTestId('strip').and(page.getByRole('img', { name: /written by Ben, .*Ann/ })).waitFor();
  /** How many pixels of the strip left of a revision have a colour that is redder, or bluer. */
  const pixels = (rev) =>
    page.evaluate((wanted) => {
      const canvas = document.querySelector('[data-testid=strip]');
      const scale = canvas.width / canvas.clientWidth;
      const { head } = window.easysyncHistory.history;
      const place = 9 + (wanted / head) * (canvas.clientWidth - 18);
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(Math.round((place - 8) * scale), 0, 4, canvas.height);
      const count = { red: 0, blue: 0 };
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] > data[at + 2] + 60) count.red += 1;
        if (data[at + 2] > data[at] + 60) count.blue += 1;
      }
      return count;
    }, rev);
  const [few, many] = [await pixels(written.head), await pixels(written.head + 1)];
  assert.ok(few.red > 0 && few.blue === 0, `where Ann wrote: ${JSON.stringify(few)}`);
  assert.ok(many.red === 0 && many.blue > 2 * few.red, `where Ben wrote: ${JSON.stringify(many)}, beside ${JSON.stringify(few)}`);
  // The pointer tells the numbers.
  const box = await page.getByTestId('slider').boundingBox();
  await page.mouse.move(box.x + box.width - 12, box.y + box.height / 2);
  await page.getByText('1,000 written by Ben').waitFor();
  await pad.assertNoProblems();
  await pad.close();
  for (const client of [ben, written.client]) client.close();
});

test('the start page opens a file, chosen or dropped, without a pad', async () => {
  const written = await Written.begin('start');
  await written.words(20);
  const file = await fetchText(`${world.server.address(written.name)}/export/etherpad`);
  const pad = await openPad(world.browser, world.server.origin, { isReady: false });
  const { page } = pad;
  await page.getByTestId('history-file').setInputFiles({ name: 'kept.etherpad', mimeType: 'application/json', buffer: Buffer.from(file) });
  await page.waitForURL(/\/history$/);
  await pad.ready();
  await assertShows(pad, written, written.head);
  assert.match(await page.title(), /^kept – History/);
  // It was handed over once.
  await page.reload();
  await page.getByRole('button', { name: 'Open a file…' }).waitFor();
  await page.goto(world.server.origin);
  await drop(pad, 'again.etherpad', file);
  await page.waitForURL(/\/history$/);
  await pad.ready();
  await assertShows(pad, written, written.head);
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('a file that is dropped onto the page is shown and played without a server', async () => {
  const written = await Written.begin('file');
  await written.words(150);
  const file = await fetchText(`${world.server.address(written.name)}/export/etherpad`);
  const other = await Written.begin('other');
  const pad = await other.open();
  const { page } = pad;
  await page.context().setOffline(true);
  await drop(pad, 'kept.etherpad', file);
  await page.waitForFunction(() => window.easysyncHistory.history.isFile);
  await assertShows(pad, written, written.head);
  for (const rev of [0, 77, 149, 3]) {
    await page.getByTestId('rev').fill(String(rev));
    await page.getByTestId('rev').press('Enter');
    await assertShows(pad, written, rev);
  }
  assert.equal(await page.getByTestId('author').textContent(), 'Ann');
  await page.getByTestId('speed').selectOption('rate-100');
  await page.getByTestId('play').click();
  await assertShows(pad, written, written.head);
  // A broken file is refused with the name of the record, and what was open stays open.
  const [pool] = Object.keys(JSON.parse(file)).filter((key) => /:revs:41$/.test(key));
  const broken = JSON.parse(file);
  broken[pool].changeset = 'Z:1>1+1$x';
  await drop(pad, 'broken.etherpad', JSON.stringify(broken));
  await page.getByTestId('trouble').waitFor();
  assert.match(await page.getByTestId('trouble').textContent(), new RegExp(`broken\\.etherpad.*${pool}`));
  await assertShows(pad, written, written.head);
  await drop(pad, 'picture.png', '\u0089PNG');
  await page.getByText('“picture.png” is not a .etherpad file.').waitFor();
  // Being offline is what the browser complains about.
  await pad.assertNoProblems(/ERR_INTERNET_DISCONNECTED|WebSocket/);
  await pad.close();
  for (const { client } of [written, other]) client.close();
});

/** A file of a pad with so many revisions, each of which writes a word somewhere; and the text after each of some of them. */
function longFile(revisions, keepEvery) {
  const random = new Random(revisions);
  const records = { 'pad:long': null, 'globalAuthor:a.x': { colorId: '#a0c0ff', name: 'Xenia', timestamp: 1, padIDs: 'long' } };
  const kept = new Map();
  let text = '\n';
  for (let rev = 0; rev < revisions; rev += 1) {
    const word = random.chance(0.1) ? '\n' : `w${rev} `;
    const at = random.below(text.length);
    const changeset = `Z:${base36(text.length)}>${base36(word.length)}${keepOps(text.slice(0, at))}${insertOps(word, '*0')}$${word}`;
    text = text.slice(0, at) + word + text.slice(at);
    records[`pad:long:revs:${rev}`] = { changeset, meta: { author: 'a.x', timestamp: 1_700_000_000_000 + rev * 700 } };
    if (rev % keepEvery === 0) kept.set(rev, text);
  }
  const attribs = insertOps(text.slice(0, -1), '*0') + insertOps('\n', '');
  records['pad:long'] = {
    atext: { text, attribs },
    pool: { numToAttrib: { 0: ['author', 'a.x'] }, nextNum: 1 },
    head: revisions - 1,
    chatHead: -1,
    publicStatus: false,
    savedRevisions: [],
  };
  return { file: JSON.stringify(records), kept };
}

test('dragging through 20,000 revisions shows many of them on the way', async (t) => {
  const { file, kept } = longFile(20_000, 997);
  const other = await Written.begin('long');
  const pad = await other.open();
  const { page } = pad;
  await page.getByTestId('open-file').setInputFiles({ name: 'long.etherpad', mimeType: 'application/json', buffer: Buffer.from(file) });
  await untilShown(pad, 19_999);
  for (const [rev, text] of kept) {
    await page.evaluate((wanted) => window.easysyncHistory.history.seek(wanted), rev);
    await untilShown(pad, rev);
    assert.equal(`${await editorText(pad)}\n`, text, `revision ${rev}`);
  }
  for (const width of [390, 1200]) {
    await page.setViewportSize({ width, height: 800 });
    assert.ok(await page.getByTestId('rev').evaluate((field) => field.scrollWidth <= field.clientWidth), `the revision's number is cut at ${width}`);
  }
  // What is in the page when a frame has been drawn counts; each revision counts once.
  await page.evaluate(() => {
    const { history } = window.easysyncHistory;
    const { port1, port2 } = new MessageChannel();
    window.__drawn = [];
    port1.onmessage = () => window.__drawn.push([performance.now(), history.rev]);
    const look = () => {
      port2.postMessage(null);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const box = await page.getByTestId('slider').boundingBox();
  const y = box.y + box.height / 2;
  const x = (share) => box.x + 9 + share * (box.width - 18);
  const DRAG = 3000;
  // Thirty a second are what the page should reach, and twice as many are what it does on a machine that is not busy. One that is may not get
  // there, and that is no fault of the page; so the figure is printed, the best of five counts, and two thirds of it are demanded.
  const [WANTED, DEMANDED] = [30, 20];
  let best = 0;
  for (let attempt = 0; attempt < 5 && best < WANTED; attempt += 1) {
    await page.getByTestId('first').click();
    await untilShown(pad, 0);
    await page.mouse.move(x(0), y);
    await page.mouse.down();
    await page.evaluate(() => { window.__drawn = []; });
    const began = Date.now();
    // A hand does not wait until the page has followed.
    const moves = [];
    for (let passed = 0; passed < DRAG; passed = Date.now() - began) {
      moves.push(page.mouse.move(x(passed / DRAG), y));
      await sleep(10);
    }
    await Promise.all(moves);
    await page.mouse.move(x(1), y);
    await page.mouse.up();
    await untilShown(pad, 19_999);
    const drawn = await page.evaluate(() => window.__drawn);
    const changes = drawn.filter(([, rev], index) => index > 0 && rev !== drawn[index - 1][1]);
    const seconds = (changes.at(-1)[0] - changes[0][0]) / 1000;
    const distinct = new Set(changes.map(([, rev]) => rev)).size;
    t.diagnostic(`${distinct} revisions in ${seconds.toFixed(1)} s: ${(distinct / seconds).toFixed(0)} a second, of ${drawn.length} frames`);
    assert.ok(seconds > 2, `the drag took only ${seconds} s`);
    best = Math.max(best, distinct / seconds);
  }
  assert.ok(best >= DEMANDED, `only ${best.toFixed(1)} revisions a second`);
  await pad.assertNoProblems();
  await pad.close();
  other.client.close();
});

test('the text at the top of the screen stays there, and is drawn once', async () => {
  const written = await Written.begin('place');
  await written.insert(0, Array.from({ length: 300 }, (_, number) => `line ${number}\n`).join(''));
  await written.insert(0, 'above\n'.repeat(200));
  const [whole, grown] = [written.head - 1, written.head];
  const pad = await written.open(`#${whole}`);
  const { page } = pad;
  await assertShows(pad, written, whole);
  await page.getByTestId('follow').click();
  await page.evaluate(() => {
    window.easysyncHistory.view.scrollDOM.scrollTop = 3000;
  });
  const topLine = () =>
    page.evaluate(() => {
      const { view } = window.easysyncHistory;
      const box = view.scrollDOM.getBoundingClientRect();
      return document.elementFromPoint(box.left + box.width / 2, box.top + 8)?.closest('.cm-line')?.textContent;
    });
  /** Shows a revision; how many lines came into the page until it was drawn, and how many are there. */
  const seek = (rev) =>
    page.evaluate(async (wanted) => {
      const { history, view } = window.easysyncHistory;
      let added = 0;
      const watch = new MutationObserver((records) => {
        for (const { addedNodes } of records) for (const node of addedNodes) added += node.classList?.contains('cm-line') ? 1 : 0;
      });
      watch.observe(view.contentDOM, { childList: true });
      history.seek(wanted);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      watch.disconnect();
      return { added, drawn: view.contentDOM.querySelectorAll('.cm-line').length };
    }, rev);
  await page.waitForFunction(() => window.easysyncHistory.view.viewport.from > 0);
  const before = await topLine();
  assert.match(before, /^line \d+$/);
  for (const rev of [grown, whole, grown]) {
    const { added, drawn } = await seek(rev);
    await assertShows(pad, written, rev);
    assert.equal(await topLine(), before, `revision ${rev}`);
    assert.ok(added <= drawn, `${added} lines were drawn for ${drawn}`);
    // Until all is drawn again that is drawn at rest.
    await sleep(500);
  }
  // A text that ends above the place is shown to its end.
  const { added, drawn } = await seek(0);
  await assertShows(pad, written, 0);
  assert.ok(added <= drawn, `${added} lines were drawn for ${drawn}`);
  assert.equal(await page.evaluate(() => window.easysyncHistory.view.scrollDOM.scrollTop), 0);
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('right after a change little more than the screen is drawn, and the rest a moment later', async () => {
  const written = await Written.begin('screenful');
  for (let part = 0; part < 3; part += 1) await written.insert(0, `part ${part}\n`.repeat(200));
  const pad = await written.open();
  const { page } = pad;
  await assertShows(pad, written, written.head);
  // The view stays at the start.
  await page.getByTestId('follow').click();
  /** How far the lines that are drawn reach beyond the lower edge, in pixels, as soon as a revision is shown. */
  const reach = (rev) =>
    page.evaluate(async (wanted) => {
      const { history, view } = window.easysyncHistory;
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const beyond = () => view.documentTop + view.lineBlockAt(view.viewport.to).bottom - view.scrollDOM.getBoundingClientRect().bottom;
      // As soon as it is in the page: what takes longer may be later than the rest.
      await history.reach(wanted);
      const first = beyond();
      for (let i = 0; i < 100 && beyond() < 400; i += 1) await frame();
      return [first, beyond()];
    }, rev);
  for (const rev of [written.head - 1, written.head - 2, written.head]) {
    const [first, later] = await reach(rev);
    assert.ok(first >= 0 && first < 300, `${first} pixels at once`);
    assert.ok(later >= 400, `only ${later} pixels in the end`);
  }
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('a part of the history that is lost on its way is fetched again, and a connection that is lost comes back', async () => {
  const written = await Written.begin('lost');
  await written.words(30);
  let lost = 0;
  let connection = null;
  const prepare = (page) =>
    page.routeWebSocket(/\/socket\.io\//, (toPage) => {
      connection = toPage;
      const toServer = toPage.connectToServer();
      toPage.onMessage((frame) => toServer.send(frame));
      toServer.onMessage((frame) => {
        if (lost === 0 && typeof frame === 'string' && frame.startsWith('42["message",{"type":"CHANGESET_REQ"')) lost += 1;
        else toPage.send(frame);
      });
    });
  const pad = await written.open('#7', { prepare, isReady: false });
  const { page } = pad;
  await page.getByTestId('status').getByText('Loading…').waitFor();
  assert.equal(lost, 1, 'nothing was lost');
  await pad.ready();
  await assertShows(pad, written, 7);
  await page.getByTestId('status').getByText('Live').waitFor();
  await page.getByTestId('newest').click();
  await assertShows(pad, written, written.head);
  // What was written meanwhile is there when the connection is back.
  await connection.close();
  await page.getByTestId('status').getByText('Reconnecting…').waitFor();
  await written.insert(0, 'after ');
  await assertShows(pad, written, written.head);
  await page.getByTestId('status').getByText('Live').waitFor();
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});

test('on a phone everything is within reach', async () => {
  const written = await Written.begin('phone');
  await written.words(40);
  const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  const pad = await written.open('#20', { context: PHONE });
  const { page } = pad;
  await assertShows(pad, written, 20);
  for (const id of ['slider', 'play', 'back', 'next', 'speed', 'rev', 'follow', 'date-jump', 'compare', 'authors', 'export']) {
    const box = await page.getByTestId(id).boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, `${id} is outside of the screen: ${JSON.stringify(box)}`);
    assert.ok(box.height >= 32, `${id} is too small for a finger: ${JSON.stringify(box)}`);
  }
  await page.getByTestId('next').tap();
  await assertShows(pad, written, 21);
  await page.getByTestId('date-jump').tap();
  await page.getByTestId('date-field').fill('2000-01-01T00:00');
  await page.getByTestId('date-go').tap();
  await assertShows(pad, written, 0);
  // Panels lie over everything else.
  await page.getByTestId('compare').tap();
  await page.getByTestId('compare-rev').fill('3');
  await page.getByTestId('compare-go').tap();
  await page.getByTestId('comparing').waitFor();
  assert.match(await page.getByTestId('comparing').textContent(), /From revision 3 to 0/);
  await pad.assertNoProblems();
  await pad.close();
  written.client.close();
});
