// The examples, and the first steps of the README, with the package as it is published: packed, installed, built, and run in Chromium or Node.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from '../e2e/support/browser.js';
import { Client } from '../e2e/support/client.js';
import { Files } from '../e2e/support/files.js';
import { install, pack } from '../e2e/support/package.js';
import { Server, root } from '../e2e/support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'easysync-examples-'));
let tarball;
let server;
let browser;

/** Runs a command; gives back what it prints. */
function run(cwd, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error ?? ''}\n${stdout}\n${stderr}`);
  return stdout;
}

before(async () => {
  tarball = pack(folder);
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of an example, with the package and what its lock file names. */
function installed(name) {
  const to = join(folder, name);
  cpSync(join(root, 'examples', name), to, { recursive: true, filter: (path) => !/node_modules|dist$/.test(path) });
  if (existsSync(join(to, 'package-lock.json'))) run(to, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline');
  install(to, tarball, '--no-save', '--no-package-lock');
  return to;
}

/** Makes a pad; gives back its text. */
async function madePad(name) {
  const client = await Client.join(server.origin, name);
  client.close();
  return client.text;
}

/** Types in the page of an example, and looks whether it reaches the pad. */
async function tryPage(name, files) {
  const page = await (await browser.newContext()).newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/favicon/.test(message.location().url) && problems.push(message.text()));
  try {
    const text = await madePad(name);
    await page.goto(`${files.origin}/?pad=${encodeURIComponent(server.address(name))}`);
    const field = page.locator('textarea');
    await page.waitForFunction((shown) => document.querySelector('textarea').value === shown, text.slice(0, -1)).catch((error) => {
      assert.fail(`${error.message}\n${problems.join('\n')}`);
    });
    await field.fill(`typed in ${name} 😀`);
    await page.waitForFunction(() => document.title === 'saved');
    assert.equal((await server.content(name)).text, `typed in ${name} 😀\n`);
    assert.deepEqual(problems, []);
  } finally {
    await page.context().close();
    await files.close();
  }
}

for (const name of ['webpack', 'vite']) {
  test(`${name} builds the example without a setting for WebAssembly, and its page is a pad`, async () => {
    const to = installed(name);
    run(to, 'npm', 'run', 'build');
    await tryPage(name, await Files.serve({ '': join(to, 'dist') }));
  });
}

test('a page without a bundler is a pad', async () => {
  const to = installed('script');
  await tryPage('script', await Files.serve({ '': to }));
});

test('a program in Node writes in a pad', async () => {
  const to = installed('node');
  const address = server.address('node');
  const printed = run(to, process.execPath, 'index.mjs', address);
  const { text } = await server.content('node');
  assert.match(text, /\nThere are \d+ words here\.\n$/);
  assert.ok(text.startsWith(printed.slice(0, -2)), `${printed}\n${text}`);
  assert.equal(run(to, 'npx', '--no-install', 'easysync', 'cat', address), text);
});

test('somebody new installs the package in an empty folder, pastes what the README begins with, and sees a pad', async () => {
  const to = join(folder, 'new');
  mkdirSync(to);
  install(to, tarball);
  const example = /```js\n([^]*?)```/.exec(readFileSync(join(to, 'node_modules', 'easysync-wasm', 'README.md'), 'utf8'))[1];
  assert.ok(readFileSync(join(root, 'README.md'), 'utf8').includes(example), 'the README of the repository shows another example');
  assert.ok(example.trimEnd().split('\n').length <= 12, 'it has become long');
  const address = server.address('first');
  assert.ok(example.includes("'http://127.0.0.1:9001/p/demo'"), 'the README names another address');
  writeFileSync(join(to, 'first.mjs'), example.replace('http://127.0.0.1:9001/p/demo', address));
  const before = await madePad('first');
  const printed = run(to, process.execPath, 'first.mjs');
  const { text } = await server.content('first');
  assert.match(text, /Hello from a program\./);
  assert.ok(printed.startsWith(before), printed);
  assert.ok(printed.trim() !== '', 'nothing was to be seen');
});
