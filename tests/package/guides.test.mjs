// The programs in the guides, run as they stand there, with the package as it is published.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from '../../pkg/lib/node.js';
import { launch } from '../e2e/support/browser.js';
import { waitFor } from '../e2e/support/etherpad-page.js';
import { Files } from '../e2e/support/files.js';
import { install, pack } from '../e2e/support/package.js';
import { Server, root } from '../e2e/support/server.js';

const GUIDES = join(root, 'docs', 'guide');
const ADDRESSES = ['http://127.0.0.1:9001/p/demo', 'https://example.org/p/NAME'];

const folder = mkdtempSync(join(tmpdir(), 'easysync-guides-'));
/** How many programs of each guide have been run. */
const ran = new Map();
let server;
let browser;

before(async () => {
  install(folder, pack(folder));
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const programs = (guide) => [...readFileSync(join(GUIDES, guide), 'utf8').matchAll(/^```js\n([^]*?)^```/gm)].map(([, text]) => text);

/** The program of a guide that has certain words, at a pad of the server. */
function program(guide, words, pad) {
  const found = programs(guide).filter((text) => text.includes(words));
  assert.equal(found.length, 1, `${guide} has ${found.length} programs with ${words}`);
  ran.set(guide, (ran.get(guide) ?? 0) + 1);
  return ADDRESSES.reduce((text, address) => text.replaceAll(address, server.address(pad)), found[0]);
}

/** Runs a program in Node; gives back what it prints. */
function inNode(text) {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A page with an import map for the package and for what else it is to have. */
async function inPage(body, script, run) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'node_modules', 'easysync-wasm', 'package.json'), 'utf8'));
  const names = ['./client', './textarea', './quill', './worker'];
  const imports = Object.fromEntries(
    names.map((name) => [`easysync-wasm/${name.slice(2)}`, `/pkg/${(exports[name].default ?? exports[name]).slice(2)}`]),
  );
  const html = `<!doctype html><title>Guide</title>${body}<script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module" src="/program.js"></script>`;
  const folders = { pkg: join(folder, 'node_modules', 'easysync-wasm'), quill: join(root, 'node_modules', 'quill', 'dist') };
  const files = await Files.serve(folders, { '/page.html': html, '/program.js': script });
  const page = await (await browser.newContext()).newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  try {
    await page.goto(`${files.origin}/page.html`);
    await run(page).catch((error) => assert.fail(`${error.stack}\n${problems.join('\n')}`));
    assert.deepEqual(problems, []);
  } finally {
    await page.context().close();
    await files.close();
  }
}

/** Somebody else at a pad. */
async function other(name, run) {
  const pad = await connect(server.address(name));
  try {
    await run(pad);
    await pad.saved();
  } finally {
    await pad.close();
  }
}

/** Waits until the server has a text. */
async function serverHas(name, text) {
  let has;
  const isThere = async () => {
    ({ text: has } = await server.content(name));
    return has === text;
  };
  await waitFor(isThere, () => `the server has ${JSON.stringify(has)}, and not ${JSON.stringify(text)}`);
}

test('quick start: a program edits a pad, and takes the last step back', async () => {
  let before;
  await other('quick', (pad) => {
    before = pad.text;
  });
  const text = program('quick-start.md', "from 'easysync-wasm/node'", 'quick');
  inNode(text);
  const once = `At the beginning. ${before}`;
  await serverHas('quick', once);
  inNode(text.replace('pad.undo();', ''));
  const edited = `At the beginning. ${once}`;
  await serverHas('quick', `${edited.slice(0, 3)}${edited.slice(6, 8)}!${edited.slice(8)}`);
});

for (const words of ['makeSplice', 'makeChangesetTracker']) {
  test(`migration: ${words} prints what the guide says`, () => {
    const text = program('migration.md', words, '');
    const expected = [...text.matchAll(/ \/\/ prints (.*)$/gm)].map(([, comment]) => comment);
    assert.ok(expected.length >= 2);
    assert.equal(inNode(text), `${expected.join('\n')}\n`);
  });
}

test('embedding: a text field at a pad', async () => {
  await inPage('<textarea></textarea>', program('embedding.md', 'bindTextarea', 'field'), async (page) => {
    await page.waitForFunction(() => document.querySelector('textarea').value !== '');
    await page.locator('textarea').fill('from the field');
    await serverHas('field', 'from the field\n');
    await other('field', (pad) => pad.append('\nfrom elsewhere'));
    await page.waitForFunction(() => document.querySelector('textarea').value === 'from the field\nfrom elsewhere');
  });
});

test('embedding: Quill at a pad', async () => {
  await other('quill', (pad) => pad.edit({ from: 0, to: pad.text.length - 1, insert: 'Hello' }));
  const script = `
    import { connect } from 'easysync-wasm/client';
    const pad = await connect(${JSON.stringify(server.address('quill'))});
    const quill = window.quill = new Quill('#editor');
    ${program('embedding.md', 'DeltaReader', 'quill')}
    document.title = 'ready';`;
  await inPage('<div id="editor"></div><script src="/quill/quill.js"></script>', script, async (page) => {
    await page.waitForFunction(() => document.title === 'ready' && window.quill.getText() === 'Hello\n');
    await page.evaluate(() => window.quill.insertText(5, ', world', { bold: true }, 'user'));
    await serverHas('quill', 'Hello, world\n');
    await other('quill', (pad) => pad.edit({ from: 0, to: 0, insert: '😀 ' }));
    await page.waitForFunction(() => window.quill.getText() === '😀 Hello, world\n');
    const bold = await page.evaluate(() => window.quill.getContents().ops.find(({ attributes }) => attributes?.bold)?.insert);
    assert.equal(bold, ', world');
  });
});

test('embedding: an engine in a worker', async () => {
  const script = `
    const shown = window.shown = [];
    const show = (patch) => shown.push(patch && patch.text);
    const socket = { on: (_name, handler) => (window.arrive = handler) };
    ${program('embedding.md', 'WorkerPad', 'worker')}
    document.title = 'ready';`;
  await inPage('', script, async (page) => {
    await page.waitForFunction(() => document.title === 'ready');
    const shown = await page.evaluate(async () => {
      const document = { padId: 'pad', rev: 0, initialAttributedText: { text: '\n', attribs: '|1+1' }, apool: { numToAttrib: {}, nextNum: 0 } };
      await window.arrive(JSON.stringify({ type: 'CLIENT_VARS', data: { userId: 'a.me', collab_client_vars: document } }));
      const change = { type: 'NEW_CHANGES', newRev: 1, changeset: 'Z:1>2+2$hi', apool: { numToAttrib: {}, nextNum: 0 }, author: 'a.other' };
      await window.arrive(JSON.stringify({ type: 'COLLABROOM', data: change }));
      return window.shown;
    });
    assert.equal(shown.at(-1), 'hi');
  });
});

test('no program of a guide is left out', () => {
  for (const guide of readdirSync(GUIDES)) assert.equal(ran.get(guide) ?? 0, programs(guide).length, guide);
});
