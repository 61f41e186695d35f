// What the npm package has for pages of one's own, in pages of one's own: a text field at a pad, and the engine in a worker.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { connect } from '../../pkg/lib/node.js';
import { launch } from './support/browser.js';
import { Files } from './support/files.js';
import { Server, root } from './support/server.js';

/** `'wasm-unsafe-eval'` and the address of the server are all that the package needs. */
const policy = (origin) => `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ${origin.replace('http', 'ws')}`;

const FIELD = `<!doctype html><title>Field</title><textarea id="field" rows="10" cols="60"></textarea><script type="module" src="/field.js"></script>`;
const FIELD_SCRIPT = `
import { connect } from '/pkg/lib/client.js';
import { bindTextarea } from '/pkg/lib/textarea.js';
const pad = await connect(new URLSearchParams(location.search).get('pad'));
window.pad = pad;
window.binding = bindTextarea(document.getElementById('field'), pad);
document.title = 'ready';
`;

let server;
let browser;
let files;
before(async () => {
  server = await Server.start();
  browser = await launch();
  const scripts = { '/field.html': FIELD, '/field.js': FIELD_SCRIPT, '/worker.html': '<!doctype html><title>Worker</title>' };
  files = await Files.serve({ pkg: join(root, 'pkg') }, scripts, policy(server.origin));
});
after(async () => {
  await browser?.close();
  await files?.close();
  await server?.close();
});

/** A page with a field at a pad. */
async function field(name) {
  const page = await (await browser.newContext()).newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(`${files.origin}/field.html?pad=${encodeURIComponent(server.address(name))}`);
  await page.waitForFunction(() => document.title === 'ready').catch((error) => assert.fail(`${error}\n${problems.join('\n')}`));
  return {
    page,
    problems,
    value: () => page.evaluate(() => document.getElementById('field').value),
    selection: () => page.evaluate(() => [document.getElementById('field').selectionStart, document.getElementById('field').selectionEnd]),
    select: (from, to = from) =>
      page.evaluate(([start, end]) => {
        const element = document.getElementById('field');
        element.focus();
        element.setSelectionRange(start, end);
      }, [from, to]),
    saved: () => page.evaluate(() => window.pad.saved()),
    close: () => page.context().close(),
  };
}

async function converge(name, fields) {
  const end = Date.now() + 10_000;
  let values;
  let kept;
  do {
    await sleep(50);
    for (const one of fields) await one.saved();
    values = await Promise.all(fields.map((one) => one.value()));
    kept = (await server.content(name)).text;
    if (values.every((value) => `${value}\n` === kept)) return kept;
  } while (Date.now() < end);
  return assert.deepEqual(values, values.map(() => kept.slice(0, -1)));
}

test('two text fields are typed into at once and converge; the caret stays where it is', async () => {
  const [one, two] = [await field('field'), await field('field')];
  await one.select(0, 100_000);
  await one.page.keyboard.type('begin 😀 end');
  await converge('field', [one, two]);
  // A caret behind what comes in moves along, one before it does not; a selection does not grow.
  await two.select(6, 8);
  await one.select(0);
  await one.page.keyboard.type('é ');
  await converge('field', [one, two]);
  assert.deepEqual(await two.selection(), [8, 10]);
  assert.equal((await two.value()).slice(8, 10), '😀');
  await one.select(8);
  await one.page.keyboard.type('[');
  await one.select(11);
  await one.page.keyboard.type(']');
  await converge('field', [one, two]);
  assert.deepEqual(await two.selection(), [9, 11]);

  await one.select(0);
  await two.select(await two.value().then((value) => value.length));
  await Promise.all([one.page.keyboard.type('one types here. ', { delay: 15 }), two.page.keyboard.type(' two types there 🎉', { delay: 15 })]);
  for (let i = 0; i < 3; i += 1) await one.page.keyboard.press('Backspace');
  await one.page.keyboard.press('Enter');
  const text = await converge('field', [one, two]);
  assert.equal(text, 'one types her\né begin [😀] end two types there 🎉\n');

  await one.page.keyboard.press('Control+z');
  assert.match(await converge('field', [one, two]), /two types there 🎉\n$/, 'undo took back what somebody else did');
  await one.page.keyboard.press('Control+Shift+z');
  assert.equal(await converge('field', [one, two]), text);
  for (const each of [one, two]) {
    assert.deepEqual(each.problems, []);
    await each.close();
  }
});

test('halves of surrogate pairs and returns pass through a field unharmed', async () => {
  const writer = await connect(server.address('odd'));
  const one = await field('odd');
  writer.edit({ from: 0, to: writer.text.length - 1, insert: 'a\ud83d|\rb\r\nc\ude00' });
  await writer.saved();
  await one.page.waitForFunction(() => document.getElementById('field').value.includes('c'));
  await one.select(4);
  await one.page.keyboard.type('x');
  await one.saved();
  const { text } = await server.content('odd');
  assert.equal(text, 'a\ud83d|\rxb\r\nc\ude00\n');
  await writer.close();
  assert.deepEqual(one.problems, []);
  await one.close();
});

test('nothing comes in while a character is composed, and all of it afterwards', async () => {
  const writer = await connect(server.address('ime'));
  writer.edit({ from: 0, to: writer.text.length - 1, insert: 'mid' });
  await writer.saved();
  const one = await field('ime');
  const session = await one.page.context().newCDPSession(one.page);
  await one.select(3);
  for (const [index, text] of ['に', 'にほ', '日本'].entries()) {
    await session.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    writer.edit({ from: 0, insert: `<${index}>` });
    await writer.saved();
    await one.page.waitForFunction((rev) => window.pad.rev >= rev, writer.rev);
    assert.equal(await one.value(), `mid${text}`);
  }
  await session.send('Input.insertText', { text: '日本' });
  assert.equal(await converge('ime', [one]), '<2><1><0>mid日本\n');
  await writer.close();
  assert.deepEqual(one.problems, []);
  await one.close();
});

test('an engine in a worker: the same calls, patches by transfer, and typing while a flush is under way', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${files.origin}/worker.html`);
  const result = await page.evaluate(async () => {
    const { WorkerPad } = await import('/pkg/lib/worker.js');
    const { applied } = await import('/pkg/lib/splices.js');
    const pad = new WorkerPad();
    const room = (data) => JSON.stringify({ type: 'COLLABROOM', data });
    const vars = { userId: 'a.me', collab_client_vars: { padId: 'pad', rev: 0, initialAttributedText: { text: 'hello\n', attribs: '|1+6' }, apool: { numToAttrib: {}, nextNum: 0 } } };
    const news = await pad.receive(JSON.stringify({ type: 'CLIENT_VARS', data: vars }));
    const effects = await pad.takeEffects();
    const apool = { numToAttrib: { 0: ['author', 'a.you'] }, nextNum: 1 };
    const change = (newRev, changeset) => room({ type: 'NEW_CHANGES', newRev, changeset, apool, author: 'a.you', currentTime: 1, timeDelta: 1 });
    let shown = await pad.text(0, 6);
    // Calls are carried out in order, so none of these has to be waited for.
    void pad.receive(change(1, 'Z:6>2*0+2$😀'));
    const flushing = pad.flush();
    const typed = pad.edit(Uint32Array.of(5, 5, 1), '!');
    shown = applied(shown, { changes: Uint32Array.of(5, 5, 1), text: '!' });
    const patch = await flushing;
    shown = applied(shown, patch);
    await typed;
    const commit = JSON.parse(await pad.commit()).data;
    const long = await pad.receive(change(2, 'Z:8>3=7*0+3$a\ud83db'));
    const second = await pad.flush();
    shown = applied(shown, second);
    const { length, rev, saveState } = await pad.state();
    const error = await pad.receive('{').catch(({ name, code, message }) => ({ name, code, message }));
    const bad = await pad.edit(Uint32Array.of(99, 99, 1), 'x').catch(({ code }) => code);
    const text = await pad.text(0, length);
    pad.free();
    const after = await pad.state().catch(({ code }) => code);
    return { news, effects, patch: [...patch.changes], shown, text, changeset: commit.changeset, long, length, rev, saveState, error, bad, after };
  });
  assert.deepEqual(result.effects, [{ type: 'joined', rev: 0 }]);
  assert.deepEqual(result.patch, [0, 0, 2]);
  assert.equal(result.changeset, 'Z:8>1=7*0+1$!');
  assert.equal(result.text.replace('!', ''), '😀helloa\ud83db\n');
  assert.equal(result.shown, result.text);
  assert.deepEqual([result.rev, result.saveState, result.bad, result.after], [2, 'saving', 'out-of-range', 'closed']);
  assert.equal(result.error.name, 'EasysyncError');
  await page.context().close();
});

test('an engine in a worker and a pad of the same messages end with the same, whatever is typed meanwhile', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${files.origin}/worker.html`);
  const [shown, text] = await page.evaluate(async () => {
    const { WorkerPad } = await import('/pkg/lib/worker.js');
    const { applied } = await import('/pkg/lib/splices.js');
    const pad = new WorkerPad();
    let seed = 1;
    const random = (limit) => {
      seed = (seed * 48271) % 2147483647;
      return seed % limit;
    };
    const apool = { numToAttrib: { 0: ['author', 'a.you'] }, nextNum: 1 };
    const vars = { userId: 'a.me', collab_client_vars: { padId: 'pad', rev: 0, initialAttributedText: { text: '\n', attribs: '|1+1' }, apool: { numToAttrib: {}, nextNum: 0 } } };
    await pad.receive(JSON.stringify({ type: 'CLIENT_VARS', data: vars }));
    let shown = '\n';
    let [theirs, rev] = [1, 0];
    const type = () => {
      const from = random(shown.length);
      const to = Math.min(from + random(3), shown.length - 1);
      const edit = { changes: Uint32Array.of(from, to, 2), text: 'me' };
      void pad.edit(edit.changes, edit.text);
      shown = applied(shown, edit);
    };
    for (let round = 0; round < 200; round += 1) {
      const at = random(theirs);
      rev += 1;
      const keep = at === 0 ? '' : `=${at.toString(36)}`;
      void pad.receive(JSON.stringify({ type: 'COLLABROOM', data: { type: 'NEW_CHANGES', newRev: rev, changeset: `Z:${theirs.toString(36)}>3${keep}*0+3$you`, apool, author: 'a.you', currentTime: 1, timeDelta: 1 } }));
      theirs += 3;
      if (random(2) === 0) type();
      const flushing = pad.flush();
      for (let i = random(3); i > 0; i -= 1) type();
      const patch = await flushing;
      if (patch) shown = applied(shown, patch);
    }
    const patch = await pad.flush();
    if (patch) shown = applied(shown, patch);
    const { length } = await pad.state();
    const text = await pad.text(0, length);
    pad.free();
    return [shown, text];
  });
  assert.equal(shown, text);
  assert.ok(text.length > 600);
  await page.context().close();
});
