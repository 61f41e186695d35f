// A pad's page as a test sees and uses it.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_TIME = 20_000;

/** The page of a pad in which somebody writes. */
export class Pad {
  /** What the page complained about. */
  problems = [];

  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
    this.keyboard = page.keyboard;
    page.on('pageerror', (error) => this.problems.push(`error: ${error.stack ?? error}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.problems.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on('crash', () => this.problems.push('the page crashed'));
  }

  /** Waits until the document is there. */
  async ready() {
    await this.page.waitForFunction(() => document.documentElement.dataset.state === 'ready', null, { timeout: READY_TIME });
  }

  async close() {
    await this.page.context().close();
  }

  /** Fails if the page complained, or had to be kept from something. Complaints that `expected` matches are let pass. */
  async assertNoProblems(expected = null) {
    const violations = await this.page.evaluate(() => window.__violations ?? []);
    const all = [...this.problems, ...violations.map((violation) => `violation: ${violation}`)];
    assert.deepEqual(expected ? all.filter((problem) => !expected.test(problem)) : all, []);
  }

  tool(id) {
    return this.page.getByTestId(id);
  }

  /** @returns {Promise<{rev: number, text: string, isBehind: boolean, runs: [number, string][], shown: string, save: string, connection: string, state: string, author: string, status: string}>} */
  async content() {
    return this.page.evaluate(readContent);
  }

  async text() {
    return this.page.evaluate(() => window.easysync.session.engine.text(0, window.easysync.session.engine.length));
  }

  /** The lines as stored, markers included, without the final newline. */
  async lines() {
    return (await this.text()).slice(0, -1).split('\n');
  }

  /** What the page draws, line by line, with item labels in front; only of lines that are on the screen. */
  async drawn() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.cm-content .cm-line')].map((line) => {
        const label = line.querySelector('.es-item')?.textContent;
        const text = line.textContent ?? '';
        return label === undefined ? text : `${label} ${text.slice(label.length)}`;
      }),
    );
  }

  /** Attributes of the code unit at a position, without the author. */
  async attributesAt(position) {
    const { runs } = await this.content();
    let end = 0;
    for (const [length, name] of runs) {
      end += length;
      if (position < end) return name.split(' ').filter((pair) => pair !== '' && !pair.startsWith('author=')).join(' ');
    }
    return '';
  }

  /** Attributes of the marker of a line, `undefined` if the line has none. */
  async marker(line) {
    const lines = await this.lines();
    const start = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
    const attributes = await this.attributesAt(start);
    return attributes.includes('lmkr=') ? attributes : undefined;
  }

  /** Where the page draws something else than what the document holds. */
  async assertDrawn() {
    assert.deepEqual(await this.page.evaluate(findDrawingFaults), []);
  }

  async caret() {
    return this.page.evaluate(() => window.easysync.view.state.selection.main.head);
  }

  /** Puts the caret, or the selection, somewhere. */
  async select(anchor, head = anchor) {
    await this.page.evaluate(
      ([from, to]) => {
        const { view } = window.easysync;
        view.focus();
        const length = view.state.doc.length;
        view.dispatch({ selection: { anchor: Math.min(from, length), head: Math.min(to, length) }, userEvent: 'select' });
      },
      [anchor, head],
    );
  }

  /** Selects the first place where a text stands, or puts the caret before or behind it. */
  async selectText(text) {
    await this.#selectAt(text, 0, text.length);
  }

  async caretAfter(text) {
    await this.#selectAt(text, text.length, text.length);
  }

  async caretBefore(text) {
    await this.#selectAt(text, 0, 0);
  }

  /** In one go, for text may come in between. */
  async #selectAt(text, anchor, head) {
    const found = await this.page.evaluate(
      ([wanted, from, to]) => {
        const { view } = window.easysync;
        const at = view.state.doc.sliceString(0, view.state.doc.length, '\n').indexOf(wanted);
        if (at < 0) return false;
        view.focus();
        view.dispatch({ selection: { anchor: at + from, head: at + to }, userEvent: 'select' });
        return true;
      },
      [text, anchor, head],
    );
    assert.ok(found, `the pad has no “${text}”`);
  }

  async type(text) {
    await this.keyboard.type(text);
  }

  async press(...keys) {
    for (const key of keys) await this.keyboard.press(key);
  }

  /** Empties the pad by keyboard. */
  async clear() {
    await this.select(0);
    await this.press('Control+a', 'Backspace');
    // A marker of the first line outlives its text: one Backspace for each level, and one for the heading.
    for (let i = 0; i < 8 && (await this.text()) !== '\n'; i += 1) await this.press('Backspace');
    assert.equal(await this.text(), '\n');
  }

  /** Pastes as the browser would, with these types on the clipboard. */
  async paste(data) {
    await this.page.evaluate((types) => {
      const clipboardData = new DataTransfer();
      for (const [type, value] of Object.entries(types)) clipboardData.setData(type, value);
      const { contentDOM } = window.easysync.view;
      contentDOM.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, data);
  }

  /** What copying the selection puts on the clipboard. */
  async copy(type = 'copy') {
    return this.page.evaluate((name) => {
      const clipboardData = new DataTransfer();
      const event = new ClipboardEvent(name, { clipboardData, bubbles: true, cancelable: true });
      window.easysync.view.contentDOM.dispatchEvent(event);
      return Object.fromEntries([...clipboardData.types].map((mime) => [mime, clipboardData.getData(mime)]));
    }, type);
  }

  /** Waits until a condition on the page's content holds. */
  async until(condition, what, time = 10_000) {
    const end = Date.now() + time;
    let content;
    do {
      content = await this.content();
      if (condition(content)) return content;
      await sleep(50);
    } while (Date.now() < end);
    assert.fail(`${what}; the page has ${JSON.stringify({ ...content, text: content.text.slice(0, 500), runs: undefined, shown: undefined })}`);
  }

  async untilText(text, time) {
    return this.until((content) => content.text.includes(text), `“${text}” did not come`, time);
  }

  async untilSaved(time) {
    return this.until((content) => content.save === 'saved', 'the text was not saved', time);
  }
}

/**
 * Waits until all pages and the server have the same, and checks it: text, attributes, what the editor holds, what is drawn, and that markers stand
 * at the beginnings of lines only.
 *
 * @param {import('./server.js').Server} server
 * @param {string} pad
 * @param {Pad[]} pages
 */
export async function converge(server, pad, pages, time = 20_000) {
  const end = Date.now() + time;
  let contents;
  let kept;
  do {
    await sleep(100);
    contents = await Promise.all(pages.map((page) => page.content()));
    const [first] = contents;
    if (!contents.every((content) => content.save === 'saved' && content.connection === 'connected' && !content.isBehind && content.rev === first.rev && content.shown === content.text.slice(0, -1))) continue;
    kept = await server.content(pad);
    if (kept.rev === first.rev) break;
  } while (Date.now() < end);
  kept ??= await server.content(pad);
  for (const [index, content] of contents.entries()) {
    const who = `page ${index + 1}`;
    assert.equal(content.save, 'saved', `${who} is not saved`);
    assert.equal(content.connection, 'connected', `${who} is not connected`);
    assert.equal(content.isBehind, false, `${who} does not show what it has`);
    assert.equal(content.rev, kept.rev, `${who} is not at the server’s revision`);
    assert.equal(content.text, kept.text, `${who} and the server have different texts`);
    assert.deepEqual(content.runs, kept.runs, `${who} and the server have different attributes`);
    assert.equal(content.shown, content.text.slice(0, -1), `the editor of ${who} holds another text`);
  }
  assert.equal(await server.text(pad), contents[0].plain.toWellFormed(), 'the export as text differs');
  assertMarkers(kept);
  for (const page of pages) await page.assertDrawn();
  return kept;
}

/** Markers stand at the beginnings of lines, and are stars. */
export function assertMarkers({ text, runs }) {
  let position = 0;
  for (const [length, name] of runs) {
    if (/(?:^| )(?:lmkr|list|heading)=/.test(name)) {
      for (let at = position; at < position + length; at += 1) {
        assert.equal(text[at], '*', `the marker at ${at} is no star`);
        assert.ok(at === 0 || text[at - 1] === '\n', `there is a marker within a line, at ${at}`);
      }
    }
    position += length;
  }
  assert.equal(position, text.length, 'the attributes end elsewhere than the text');
}

/** Runs in the page. */
function readContent() {
  const { session, view } = window.easysync;
  const { engine } = session;
  const flat = engine.runs(0, engine.length);
  const runs = [];
  for (let i = 0; i < flat.length; i += 2) {
    const attributes = engine.attribs(flat[i + 1]);
    const pairs = [];
    for (let j = 0; j < attributes.length; j += 2) if (attributes[j + 1] !== '') pairs.push(`${attributes[j]}=${attributes[j + 1]}`);
    const name = pairs.sort().join(' ');
    const last = runs.at(-1);
    if (last?.[1] === name) last[0] += flat[i];
    else runs.push([flat[i], name]);
  }
  return {
    rev: engine.rev,
    text: engine.text(0, engine.length),
    plain: engine.exportText(),
    runs,
    shown: view.state.doc.sliceString(0, view.state.doc.length, '\n'),
    isBehind: engine.isBehind,
    save: session.saveState,
    connection: session.connection,
    state: document.documentElement.dataset.state,
    author: session.author,
    status: document.querySelector('[data-testid=status]').textContent,
  };
}

/** Runs in the page: compares the lines that are drawn, character by character, with the engine's text and attributes. */
function findDrawingFaults() {
  const { session, view } = window.easysync;
  const { engine } = session;
  const faults = [];
  const formats = ['bold', 'italic', 'underline', 'strikethrough'];
  const { from: top, to: bottom } = view.viewport;
  const isWithin = (element) => {
    const position = view.posAtDOM(element);
    return position >= top && position <= bottom;
  };
  // The line of the caret is kept in the page, too, wherever it is, but undecorated.
  const lines = [...view.contentDOM.querySelectorAll('.cm-line')].filter(isWithin);
  for (const element of lines) {
    const line = view.state.doc.lineAt(view.posAtDOM(element));
    const format = engine.lineFormat(line.from);
    const start = line.from + (format.hasMarker ? 1 : 0);
    const expected = line.text.slice(start - line.from);
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let drawn = '';
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (parent.closest('.es-item, .cm-placeholder')) continue;
      const from = start + drawn.length;
      drawn += node.data;
      const flat = engine.runs(from, Math.min(from + node.data.length, engine.length));
      let position = from;
      for (let i = 0; i < flat.length; i += 2) {
        const attributes = engine.attribs(flat[i + 1]);
        const values = {};
        for (let j = 0; j < attributes.length; j += 2) values[attributes[j]] = attributes[j + 1];
        for (const name of formats) {
          const isDrawn = parent.closest(`.es-${name}`) !== null;
          if (isDrawn !== Boolean(values[name])) faults.push(`${name} at ${position} is ${isDrawn ? '' : 'not '}drawn`);
        }
        if ((parent.closest('.es-author') !== null) !== Boolean(values.author)) faults.push(`author at ${position}`);
        position += flat[i];
      }
    }
    if (drawn !== expected) faults.push(`line ${line.number}: “${drawn}” instead of “${expected}”`);
    const isItem = element.querySelector('.es-item') !== null;
    if (isItem !== (format.list === 'bullet' || format.list === 'number')) faults.push(`line ${line.number}: item`);
    const heading = /es-heading-(\d)/.exec(element.className)?.[1] ?? null;
    if (heading !== (format.heading === null ? null : String(format.heading))) faults.push(`line ${line.number}: heading`);
  }
  const expectedLines = view.state.doc.lineAt(bottom).number - view.state.doc.lineAt(top).number + 1;
  if (expectedLines !== lines.length) faults.push(`${lines.length} lines are drawn instead of ${expectedLines}`);
  return faults;
}
