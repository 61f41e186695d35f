// The npm package as it is published, in Node: packed, installed in an empty folder, used as its README says.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { install, pack } from '../e2e/support/package.js';
import { root } from '../e2e/support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'easysync-'));
let easysync;
let history;

/** An entry of the package, as it is found from that folder. */
const entry = (name) => import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href);

before(async () => {
  writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}');
  install(folder, pack(folder));
  easysync = await entry('easysync-wasm');
  history = await entry('easysync-wasm/history');
});

// What is left of it does no harm.
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

const room = (data) => JSON.stringify({ type: 'COLLABROOM', data });
const apool = { numToAttrib: { 0: ['author', 'a.you'] }, attribToNum: {}, nextNum: 1 };
const vars = (text) =>
  JSON.stringify({
    type: 'CLIENT_VARS',
    data: {
      userId: 'a.me',
      collab_client_vars: {
        padId: 'pad',
        rev: 0,
        initialAttributedText: { text, attribs: `|1+${text.length.toString(36)}` },
        apool: { numToAttrib: {}, nextNum: 0 },
      },
    },
  });

test('a call before init() says what is missing', () => {
  assert.throws(() => new easysync.Pad(), /easysync-wasm: call init\(\) and await it/);
  assert.throws(() => new history.Slider(), /easysync-wasm\/history: call init\(\) and await it/);
});

test('the example of the README joins, shows, and commits', async () => {
  const readme = readFileSync(join(folder, 'node_modules', 'easysync-wasm', 'README.md'), 'utf8');
  const [, example] = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
  assert.ok(readFileSync(join(root, 'README.md'), 'utf8').includes(example), 'the README of the repository shows another example');
  const shown = [];
  const effects = [];
  const sent = [];
  const listeners = {};
  const host = {
    socket: { on: (_event, listener) => (listeners.message = listener), send: (message) => sent.push(message) },
    editor: { on: (_event, listener) => (listeners.change = listener) },
    show: (patch) => shown.push(patch),
    act: (effect) => effects.push(effect),
  };
  // A module of its own, as a reader would paste it; what it needs from outside stands in globals.
  Object.assign(globalThis, host);
  writeFileSync(join(folder, 'example.js'), `${example}\nexport { pad };\n`);
  const { pad } = await import(pathToFileURL(join(folder, 'example.js')).href);

  listeners.message(vars('hello\n'));
  assert.deepEqual(effects, [{ type: 'joined', rev: 0 }]);
  listeners.message(room({ type: 'NEW_CHANGES', newRev: 1, changeset: 'Z:6>2*0+2$😀', apool, author: 'a.you', currentTime: 1, timeDelta: 1 }));
  assert.deepEqual([[...shown[0].changes], shown[0].text], [[0, 0, 2], '😀']);
  listeners.change(new Uint32Array([7, 7, 1]), '!');
  const { data } = JSON.parse(sent[0]);
  assert.deepEqual([data.baseRev, data.changeset, data.apool.numToAttrib], [1, 'Z:8>1=7*0+1$!', { 0: ['author', 'a.me'] }]);
  assert.equal(pad.saveState, 'saving');
  listeners.message(room({ type: 'ACCEPT_COMMIT', newRev: 2 }));
  assert.equal(pad.saveState, 'saved');
  assert.equal(pad.text(0, pad.length), '😀hello!\n');
  assert.deepEqual(pad.counts(), { applied: 1, accepted: 1, duplicates: 0, held: 0 });
  pad.free();
});

test('each revision is told with its author, in a batch too', async () => {
  await easysync.init();
  const pad = new easysync.Pad();
  pad.tellRevisions(true);
  pad.receive(vars('\n'));
  pad.takeEffects();
  const change = (newRev, changeset, author) => ({ newRev, changeset, apool, author, currentTime: newRev, timeDelta: 1 });
  const changes = [change(1, 'Z:1>1*0+1$a', 'a.you'), change(2, 'Z:2>1*0+1$b', 'a.they')];
  pad.receive(room({ type: 'NEW_CHANGES_BATCH', changes }));
  assert.deepEqual(pad.takeEffects(), [
    { type: 'revision', rev: 1, author: 'a.you', time: 1 },
    { type: 'revision', rev: 2, author: 'a.they', time: 2 },
  ]);
  pad.free();
});

test('what is wrong is thrown as an Error with a code, and nothing has changed', async () => {
  await easysync.init();
  const pad = new easysync.Pad();
  pad.receive(vars('abc\n'));
  const wrong = room({ type: 'NEW_CHANGES', newRev: 1, changeset: 'Z:9>1+1$x', apool, author: '', currentTime: 1, timeDelta: 1 });
  assert.throws(() => pad.receive(wrong), (error) => {
    assert.ok(error instanceof Error);
    const { name, code, messageType, revision, expected, found } = error;
    assert.deepEqual({ name, code, messageType, revision, expected, found }, {
      name: 'EasysyncError', code: 'length-mismatch', messageType: 'NEW_CHANGES', revision: 0, expected: 9, found: 4,
    });
    return true;
  });
  assert.equal(pad.text(0, pad.length), 'abc\n');
  pad.free();
});

test('after a trap a fresh engine takes the place of the old one', async () => {
  await easysync.init();
  const old = new easysync.Pad();
  old.receive(vars('before\n'));
  easysync.restart();
  assert.throws(
    () => old.rev,
    (error) => easysync.isTrap(error),
  );
  const pad = new easysync.Pad();
  pad.receive(vars('after\n'));
  assert.equal(pad.text(0, pad.length), 'after\n');
  assert.equal(easysync.isTrap(new WebAssembly.RuntimeError('unreachable')), true);
  assert.throws(
    () => pad.receive('{'),
    (error) => !easysync.isTrap(error),
  );
});

test('the history of a pad has an entry and an engine of its own', async () => {
  await Promise.all([easysync.init(), history.init()]);
  const record = (rev, changeset) => [`pad:p:revs:${rev}`, { changeset, meta: { author: '', timestamp: rev, pool: { numToAttrib: {}, nextNum: 0 } } }];
  const pad = { atext: { text: 'ab\n', attribs: '|1+3' }, pool: { numToAttrib: {}, nextNum: 0 }, head: 1 };
  const records = Object.fromEntries([['pad:p', pad], record(0, 'Z:1>1+1$a'), record(1, 'Z:2>1=1+1$b')]);
  const file = new history.EtherpadFile();
  file.push(new TextEncoder().encode(JSON.stringify(records)));
  while (!file.advance(100).needsMore) ;
  const slider = file.finish();
  assert.ok(slider instanceof history.Slider);
  assert.equal(slider.seek(0, 0).text, 'a');
  assert.equal(slider.text(0, slider.length), 'a\n');
  // A fresh engine for pads leaves it alone.
  easysync.restart();
  assert.equal(slider.seek(1, 0).text, 'b');
  slider.free();
});

test("Etherpad's modules: the example of the README, and a tracker on the same engine", async () => {
  const changeset = await entry('easysync-wasm/changeset');
  const { makeChangesetTracker } = await entry('easysync-wasm/changesettracker');
  const pool = new changeset.AttributePool();
  assert.throws(() => changeset.compose('Z:1>1+1$a', 'Z:2>1=1+1$b', pool), /easysync-wasm\/changeset: call init\(\) and await it/);
  await changeset.init();
  assert.equal(changeset.compose('Z:1>1+1$a', 'Z:2>1=1+1$b', pool), 'Z:1>2+2$ab');
  assert.throws(
    () => changeset.compose('Z:1>1+1$a', 'Z:9>1=1+1$b', pool),
    ({ easysync: isEtherpads, code, message }) => isEtherpads === true && code === 'length-mismatch' && message.includes('mismatched composition of two changesets'),
  );
  const tracker = makeChangesetTracker({ setTimeout }, pool, { withCallbacks: (_name, run) => run({ setDocumentAttributedText() {} }) }, () => 'a.me');
  tracker.setBaseText('\u{1f600}\n');
  tracker.composeUserChangeset('Z:3>1=2+1$!');
  assert.deepEqual(tracker.prepareUserChangeset(), { changeset: 'Z:3>1=2+1$!', apool: { numToAttrib: {}, nextNum: 0 } });
});
