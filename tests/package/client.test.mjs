// The client for Node and its command line, at our server and at a real Etherpad.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { PadError, connect as connectTo, openHistory } from '../../pkg/lib/node.js';
import { applied } from '../../pkg/lib/splices.js';
import { Etherpad } from '../e2e/support/etherpad.js';
import { Network } from '../e2e/support/proxy.js';
import { Server, root } from '../e2e/support/server.js';

const CLI = join(root, 'pkg', 'lib', 'cli.js');
/** Halves of a pair, a pair, and what is written in more than one unit. */
const ODD = 'é😀\ud83d x \udc00\u{10ffff}';

/** Ends what a test that failed has left open. */
const atEnd = new AbortController();
after(() => atEnd.abort());
const connect = (url, options = {}) => connectTo(url, { signal: atEnd.signal, ...options });

/** Runs the command; gives back what it printed, and its exit code. */
async function easysync(args, { input = null, until = null } = {}) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += data;
    if (until?.(out)) child.kill('SIGINT');
  });
  child.stderr.on('data', (data) => (err += data));
  child.stdin.end(input ?? '');
  const [code] = await once(child, 'close');
  return { code, out, err };
}

async function until(condition, what, time = 10_000) {
  const end = Date.now() + time;
  while (!condition()) {
    if (Date.now() > end) assert.fail(what());
    await sleep(20);
  }
}

async function refused(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof PadError && error instanceof Error, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

for (const [name, start] of [
  ['our server', () => Server.start()],
  ['Etherpad 1.8.14', () => Etherpad.start()],
]) {
  describe(name, () => {
    let server;
    before(async () => {
      server = await start();
    });
    after(() => server?.close());

    test('two clients write at once and end with one text, that of the server', async () => {
      const url = server.address('two');
      const [ann, bob] = await Promise.all([connect(url, { name: 'Ann', color: '#aa0000' }), connect(url, { name: 'Bob' })]);
      // What a listener makes of the patches is what the client has.
      let seen = bob.text;
      bob.on('change', (patch) => {
        seen = applied(seen, patch);
      });
      ann.edit({ from: 0, to: ann.text.length - 1, insert: '| ' });
      await ann.saved();
      await until(() => bob.text === '| \n', () => bob.text);
      for (let i = 0; i < 5; i += 1) {
        ann.append(`a${i} `);
        bob.edit({ from: 0, insert: `b${i} ` });
        seen = `b${i} ${seen}`;
        await sleep(30);
      }
      ann.append(ODD);
      await Promise.all([ann.saved(), bob.saved()]);
      await until(() => ann.rev === bob.rev && ann.text === bob.text && seen === bob.text, () => JSON.stringify([ann.text, bob.text, seen]));
      assert.equal(ann.text, `b4 b3 b2 b1 b0 | a0 a1 a2 a3 a4 ${ODD}\n`);
      assert.equal((await server.content('two')).text, ann.text);
      assert.deepEqual(
        bob.people().filter((person) => person.isHere).map((person) => person.name),
        ['Bob', 'Ann'],
      );
      assert.equal(bob.people().find((person) => person.name === 'Ann').color, '#aa0000');
      assert.equal(ann.undo(), true);
      await ann.saved();
      assert.ok(!ann.text.includes('😀') && ann.text.includes('b0'), ann.text);
      await Promise.all([ann.close(), bob.close()]);
      assert.throws(() => ann.text, (error) => error instanceof PadError && error.code === 'closed');
    });

    test('what was edited while there was no connection is there once', async (t) => {
      const network = await Network.before(server);
      t.after(() => network.close());
      const pad = await connect(network.address('cut'));
      const other = await connect(server.address('cut'));
      pad.append('before ');
      await pad.saved();
      network.setDown(true);
      await until(() => pad.connection === 'reconnecting', () => pad.connection);
      pad.append('during ');
      other.edit({ from: 0, insert: 'theirs ' });
      await other.saved();
      assert.notEqual(pad.unsaved, null);
      network.setDown(false);
      await pad.saved();
      await until(() => other.rev === pad.rev && other.text === pad.text, () => JSON.stringify([pad.text, other.text]));
      for (const word of ['before ', 'during ', 'theirs ']) assert.equal(pad.text.split(word).length, 2, pad.text);
      await Promise.all([pad.close(), other.close()]);
    });

    test('a commit whose answer never came is not made twice, by this client or the next', async (t) => {
      const network = await Network.before(server);
      t.after(() => network.close());
      const token = 't.aTokenOfATest0000000';
      const pad = await connect(network.address('lost'), { token });
      pad.append('before ');
      await pad.saved();
      let isSent = false;
      network.lets = ({ data }, isToClient) => {
        isSent ||= data?.type === 'USER_CHANGES';
        return !isToClient;
      };
      pad.append('exactly once');
      await until(() => isSent, () => 'no commit was sent');
      await sleep(300);
      network.setDown(true);
      const { unsaved } = pad;
      pad.giveUp();
      await refused(pad.saved(), 'no-answer');
      const next = await connect(server.address('lost'), { token, restore: unsaved });
      const trouble = [];
      next.on('unplaced', (unplaced) => trouble.push(unplaced));
      next.on('trouble', (error) => trouble.push(error));
      await next.saved().catch((error) => assert.fail(`${error.message}: ${JSON.stringify(trouble)}`));
      assert.equal(next.text.split('exactly once').length, 2, next.text);
      await next.close();
    });

    test('the command prints, appends, watches and replays', async () => {
      const url = server.address('shell');
      const pad = await connect(url, { name: 'Cleo' });
      pad.edit({ from: 0, to: pad.text.length - 1, insert: 'first line' });
      await pad.saved();
      assert.deepEqual(await easysync(['cat', url]), { code: 0, out: 'first line\n', err: '' });
      assert.deepEqual(await easysync(['append', url, 'two', 'words']), { code: 0, out: '', err: '' });
      assert.deepEqual(await easysync(['append', url], { input: 'piped 😀\nlines\n' }), { code: 0, out: '', err: '' });
      const whole = 'first line\ntwo words\npiped 😀\nlines\n';
      assert.equal((await easysync(['cat', url])).out, whole);
      assert.equal((await server.content('shell')).text, whole);

      let hasWritten = false;
      const watched = await easysync(['watch', url, '--json'], {
        until: (out) => {
          if (!hasWritten && out.includes('\n')) {
            hasWritten = true;
            pad.edit({ from: 0, to: 5, insert: '1st' });
          }
          return out.split('\n').length > 2;
        },
      });
      assert.equal(watched.code, 130);
      const [before, change] = watched.out.split('\n').slice(0, 2).map((line) => JSON.parse(line));
      assert.equal(before.text, whole);
      assert.deepEqual(change.changes, [{ from: 0, removed: 'first', insert: '1st' }]);
      assert.deepEqual(change.authors, ['Cleo']);

      const replayed = await easysync(['replay', url, '--rate', '1000', '--json']);
      assert.equal(replayed.code, 0, replayed.err);
      const revisions = replayed.out.trimEnd().split('\n').map((line) => JSON.parse(line));
      let text = '';
      for (const { changes } of revisions) {
        text = changes.reduceRight((all, { from, removed, insert }) => all.slice(0, from) + insert + all.slice(from + removed.length), text);
      }
      assert.equal(`${text}\n`, pad.text);
      assert.deepEqual(revisions.map(({ rev }) => rev), Array.from({ length: pad.rev + 1 }, (_, rev) => rev));
      await pad.close();
    });

    test('the history shows any revision, forwards and backwards', async () => {
      const url = server.address('past');
      const pad = await connect(url);
      const texts = new Map([[pad.rev, pad.text]]);
      for (const word of ['one ', 'two ', 'three ']) {
        pad.append(word);
        await pad.saved();
        texts.set(pad.rev, pad.text);
      }
      const history = await openHistory(url);
      assert.equal(history.head, pad.rev);
      for (const rev of [...texts.keys(), ...[...texts.keys()].reverse()]) {
        await history.seek(rev);
        assert.equal(history.text, texts.get(rev));
      }
      assert.equal(history.revision(pad.rev).author, pad.author);
      history.close();
      await refused(history.seek(0), 'closed');
      await pad.close();
    });

    test('what goes wrong is an Error with a code, and an exit code', async () => {
      const reason = new AbortController();
      reason.abort();
      await refused(connect(server.address('x'), { signal: reason.signal }), 'aborted');
      const later = new AbortController();
      const pad = await connect(server.address('x'), { signal: later.signal });
      pad.append('never acknowledged');
      later.abort();
      await refused(pad.saved(), 'aborted');
      assert.match(pad.unsaved, /never acknowledged/);
      await refused(connect(`${server.origin}/elsewhere`), 'bad-address');
      // Port 9 is that of the service that answers nobody.
      await refused(connect('http://127.0.0.1:9/p/x', { timeout: 300 }), 'unreachable');
      assert.equal((await easysync(['cat', 'http://127.0.0.1:9/p/x', '--timeout', '0.3'])).code, 3);
      assert.equal((await easysync(['cat'])).code, 2);
      assert.equal((await easysync(['dog', server.address('x')])).code, 2);
      assert.equal((await easysync(['replay', server.address('x'), '--rate', 'fast'])).code, 2);
      const help = await easysync(['--help']);
      assert.equal(help.code, 0);
      assert.match(help.out, /easysync append URL/);
    });
  });
}

test('a pad that can only be read is read and not written', async () => {
  const server = await Server.start();
  try {
    const pad = await connect(server.address('open'));
    pad.edit({ from: 0, to: pad.text.length - 1, insert: 'to be read' });
    await pad.saved();
    const vars = await readOnlyId(server, 'open');
    const reader = await connect(server.address(vars));
    assert.equal(reader.text, 'to be read\n');
    assert.throws(() => reader.append('x'), (error) => error.code === 'read-only');
    assert.equal((await easysync(['append', server.address(vars), 'x'])).code, 5);
    await Promise.all([pad.close(), reader.close()]);
  } finally {
    await server.close();
  }
});

/** The id under which a pad can only be read, from what a join tells. */
async function readOnlyId(server, name) {
  const { Client } = await import('../e2e/support/client.js');
  const client = await Client.join(server.origin, name);
  client.close();
  return client.vars.readOnlyId;
}
