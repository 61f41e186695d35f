// Catching up, as users of the npm package do it.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inbox, Pad, init } from '../../pkg/node.js';

before(() => init());

const room = (data) => JSON.stringify({ type: 'COLLABROOM', data });
const vars = JSON.stringify({
  type: 'CLIENT_VARS',
  data: { userId: 'a.me', collab_client_vars: { padId: 'pad', rev: 0, initialAttributedText: { text: '\n', attribs: '|1+1' }, apool: { numToAttrib: {}, nextNum: 0 } } },
});
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const letter = (rev) => LETTERS[rev % LETTERS.length];
const revision = (rev, changeset = `Z:${rev.toString(36)}>1+1$${letter(rev)}`) =>
  room({ type: 'NEW_CHANGES', newRev: rev, changeset, apool: { numToAttrib: {}, nextNum: 0 }, author: 'a.you', currentTime: rev, timeDelta: 1 });
const textAt = (rev) => `${Array.from({ length: rev }, (_, index) => letter(rev - index)).join('')}\n`;

/** A pad that has been joined, its inbox, and what the host was told. */
function setting(more = {}) {
  const told = { heard: [], news: 0, settled: 0, reports: [], errors: [] };
  const pad = new Pad();
  const inbox = new Inbox({
    pad,
    heard: (message) => told.heard.push(message),
    changed: (news) => (told.news |= news),
    settled: () => (told.settled += 1),
    report: (progress) => told.reports.push({ ...progress, rev: pad.rev }),
    failed: (error) => told.errors.push(error),
    ...more,
  });
  inbox.push(vars);
  pad.flush();
  return { pad, inbox, told };
}

/** As above, stopped, with so many revisions waiting. */
function waiting(count, more) {
  const all = setting(more);
  all.inbox.cancel();
  for (let rev = 1; rev <= count; rev += 1) all.inbox.push(revision(rev));
  return all;
}

const COUNT = 60_000;

test('a round is worked off in slices, and tells how far it is: at most ten times a second, and once at its end', async () => {
  const { pad, inbox, told } = waiting(COUNT);
  assert.deepEqual([pad.rev, pad.knownRev, pad.waiting, inbox.isPaused], [0, COUNT, COUNT, true]);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const began = performance.now();
  const promise = inbox.catchUp({ slice: 2 });
  // What comes meanwhile belongs to the next round.
  inbox.push(revision(COUNT + 1));
  const last = await promise;
  const seconds = (performance.now() - began) / 1000;
  clearInterval(timer);
  assert.deepEqual([last.state, last.done, last.total, last.left, last.error], ['done', COUNT, COUNT, null, null]);
  assert.ok(turns > 5, `others had ${turns} turns`);
  const first = told.reports.filter(({ total }) => total === COUNT);
  assert.ok(first.length <= seconds * 10 + 2, `${first.length} reports in ${seconds} s`);
  assert.equal(first.filter(({ state }) => state !== 'running').length, 1);
  assert.equal(first.at(-1).state, 'done');
  assert.ok(first.every(({ done }, index) => index === 0 || done >= first[index - 1].done));
  while (pad.rev <= COUNT) await sleep(1);
  assert.equal(pad.flush().text, textAt(COUNT + 1).slice(0, -1));
  assert.deepEqual([told.errors, pad.waiting], [[], 0]);
  pad.free();
});

test('a signal stops it between two revisions, and another call goes on', async () => {
  const { pad, inbox, told } = waiting(COUNT);
  const control = new AbortController();
  const round = inbox.catchUp({ signal: control.signal, slice: 1 });
  while (pad.rev < 500) await new Promise(setImmediate);
  control.abort();
  const stopped = await round;
  const { rev } = pad;
  assert.deepEqual([stopped.state, stopped.done, stopped.total], ['cancelled', rev, COUNT]);
  assert.ok(rev < COUNT);
  await sleep(20);
  assert.deepEqual([pad.rev, pad.waiting, inbox.isPaused], [rev, COUNT - rev, true]);
  assert.equal(pad.flush().text, textAt(rev).slice(0, -1));
  // What is there can be edited meanwhile.
  pad.edit(Uint32Array.of(0, 0, 1), '!');
  const aborted = await inbox.catchUp({ signal: control.signal });
  assert.deepEqual([aborted.state, pad.rev], ['cancelled', rev]);
  const last = await inbox.catchUp();
  assert.deepEqual([last.state, last.done, last.total, pad.rev], ['done', COUNT - rev, COUNT - rev, COUNT]);
  // A signal of the past stops nothing.
  assert.equal(inbox.isPaused, false);
  assert.deepEqual(told.reports.filter(({ state }) => state !== 'running').map(({ state }) => state), ['cancelled', 'done']);
  pad.free();
});

test('what somebody types is drawn before the next slice, and slices are shorter then', async () => {
  const frames = [];
  globalThis.requestAnimationFrame = (callback) => frames.push(callback);
  globalThis.cancelAnimationFrame = () => {};
  try {
    const { pad, inbox } = waiting(COUNT);
    const round = inbox.catchUp({ slice: 20 });
    inbox.typed();
    await new Promise(setImmediate);
    await sleep(20);
    assert.deepEqual([pad.rev, frames.length], [0, 1], 'it did not wait for the frame');
    const began = performance.now();
    frames[0]();
    while (pad.rev === 0) await new Promise(setImmediate);
    assert.ok(performance.now() - began < 15, 'a slice while somebody types is as long as ever');
    assert.ok(pad.rev < COUNT && pad.waiting > 0);
    // In the background nobody draws: it goes on all the same.
    inbox.typed();
    const last = await round;
    assert.deepEqual([last.state, pad.rev, frames.length], ['done', COUNT, 2]);
    pad.free();
  } finally {
    delete globalThis.requestAnimationFrame;
    delete globalThis.cancelAnimationFrame;
  }
});

test('a report that throws is told of, and harms nothing', async () => {
  const { pad, inbox, told } = waiting(2000, {
    report: () => {
      throw new Error('a listener of the test');
    },
  });
  const last = await inbox.catchUp();
  assert.deepEqual([last.state, last.done, pad.rev], ['done', 2000, 2000]);
  assert.ok(told.errors.length > 0 && told.errors.every(({ message }) => message === 'a listener of the test'));
  pad.free();
});

test('what is wrong ends the round as failed, with the numbers reached', async () => {
  const { pad, inbox, told } = waiting(700);
  inbox.push(revision(701, 'Z:zzzz>1+1$x'));
  for (let rev = 702; rev <= 900; rev += 1) inbox.push(revision(rev));
  const last = await inbox.catchUp();
  assert.deepEqual([last.state, last.done, last.total, last.error.code, last.error.revision], ['failed', 700, 900, 'length-mismatch', 700]);
  assert.deepEqual([told.errors, pad.rev, pad.waiting], [[last.error], 700, 0]);
  assert.deepEqual(pad.takeEffects().map(({ type }) => type), ['joined', 'resync']);
  pad.free();
});

test('what concerns more than the document is heard in its turn, once', async () => {
  const { pad, inbox, told } = waiting(100);
  const chat = (text) => room({ type: 'CHAT_MESSAGE', message: { text } });
  inbox.push(chat('one 😀'));
  inbox.push(revision(101));
  inbox.push(chat('two'));
  assert.deepEqual(told.heard, [vars]);
  await inbox.catchUp();
  inbox.push(chat('three'));
  assert.deepEqual(told.heard, [vars, chat('one 😀'), chat('two'), chat('three')]);
  inbox.close();
  inbox.push(chat('four'));
  assert.equal(told.heard.length, 4);
  pad.free();
});

test('a queue that is full leads to a fresh join, and not to more memory', async () => {
  const { pad, inbox, told } = setting();
  inbox.cancel();
  const large = room({ type: 'CHAT_MESSAGE', message: { text: 'x'.repeat(1_000_000) } });
  for (let i = 0; i < 70; i += 1) inbox.push(large);
  assert.ok(pad.waiting < 70);
  assert.deepEqual(told.errors, []);
  assert.ok(pad.takeEffects().some(({ type, code }) => type === 'resync' && code === 'overflow'));
  pad.free();
});
