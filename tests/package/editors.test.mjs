// The bindings of the package, without a browser: deltas, and changes moved past each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Delta from 'quill-delta';
import { Pad, init } from '../../pkg/node.js';
import { DeltaReader, applyDelta } from '../../pkg/lib/quill.js';
import { applied, changesOf, passed } from '../../pkg/lib/splices.js';
import { difference } from '../../pkg/lib/textarea.js';
import { Random } from '../e2e/support/random.js';

await init();

const SEED = Number(process.env.EASYSYNC_SEED ?? 20_261_130);
const PIECES = ['a', 'aa', 'b\n', '\n', 'é', '😀', '\ud83d', '\ude00', '日本', '', ' '];
const FORMATS = [['bold', 'bold'], ['italic', 'italic'], ['underline', 'underline'], ['strikethrough', 'strike']];

const room = (data) => JSON.stringify({ type: 'COLLABROOM', data });

/** A pad that has joined, and a server that takes what it sends and passes it on. */
class Room {
  rev = 0;
  pads = [];

  join(author) {
    const pad = new Pad();
    const vars = { userId: author, collab_client_vars: { padId: 'pad', rev: 0, initialAttributedText: { text: '\n', attribs: '|1+1' }, apool: { numToAttrib: {}, nextNum: 0 } } };
    pad.receive(JSON.stringify({ type: 'CLIENT_VARS', data: vars }));
    pad.takeEffects();
    this.pads.push(pad);
    return pad;
  }

  /** Passes on what a pad has to commit; the others are up to date. */
  commit(from) {
    const message = from.commit();
    if (message === undefined) return;
    const { changeset, apool } = JSON.parse(message).data;
    this.rev += 1;
    from.receive(room({ type: 'ACCEPT_COMMIT', newRev: this.rev }));
    const change = { type: 'NEW_CHANGES', newRev: this.rev, changeset, apool, author: from.author, currentTime: this.rev, timeDelta: 1 };
    for (const pad of this.pads) if (pad !== from) pad.receive(room(change));
  }

  close() {
    for (const pad of this.pads) pad.free();
  }
}

function randomDelta(random, length) {
  const delta = new Delta();
  let left = length - 1;
  for (let i = random.below(5); i >= 0; i -= 1) {
    const attributes = {};
    for (const [, name] of FORMATS) if (random.chance(0.3)) attributes[name] = random.chance(0.6) ? true : null;
    const some = random.below(left + 1);
    if (random.chance(0.5)) delta.insert(random.pick(PIECES), Object.fromEntries(Object.entries(attributes).filter(([, value]) => value)));
    else if (random.chance(0.4)) {
      delta.delete(some);
      left -= some;
    } else {
      delta.retain(some, attributes);
      left -= some;
    }
  }
  return delta;
}

/** A document without the names of its authors, which the one who writes does not put in, and with no formats on newlines: the pad sets none. */
function plain(delta) {
  const result = new Delta();
  for (const { insert, attributes = {} } of delta.ops) {
    const { author, ...formats } = attributes;
    for (const piece of insert.split(/(\n)/)) result.insert(piece, piece === '\n' ? {} : formats);
  }
  return result;
}

test('deltas of patches, composed, are the document; and deltas are edited as they say', () => {
  const random = new Random(SEED);
  for (let trial = 0; trial < 40; trial += 1) {
    const world = new Room();
    const [writer, watcher] = [world.join('a.writer'), world.join('a.watcher')];
    const reader = new DeltaReader(() => watcher);
    const own = { engine: writer, splice: (changes, text, formats) => writer.edit(changes, text, formats), changed: () => undefined };
    let seen = new Delta(reader.document());
    let written = new Delta([{ insert: '\n' }]);
    for (let step = 0; step < 25; step += 1) {
      const delta = randomDelta(random, writer.length);
      applyDelta(own, delta);
      written = written.compose(delta);
      assert.equal(writer.flush()?.changes.length ?? 0, 0, 'the engine changed text that was not to be changed');
      if (random.chance(0.5)) world.commit(writer);
      if (random.chance(0.5)) {
        const patch = watcher.flush();
        if (patch) seen = seen.compose(new Delta(reader.patch(patch)));
        assert.deepEqual(seen.ops, new Delta(new DeltaReader(() => watcher).document()).ops, `seed ${SEED}, trial ${trial}, step ${step}`);
      }
    }
    world.commit(writer);
    const patch = watcher.flush();
    if (patch) seen = seen.compose(new Delta(reader.patch(patch)));
    assert.deepEqual(plain(seen).ops, plain(written).ops, `seed ${SEED}, trial ${trial}`);
    world.close();
  }
});

test('a delta that does not fit is refused, and nothing has changed', () => {
  const world = new Room();
  const pad = world.join('a.me');
  const own = { engine: pad, splice: (changes, text, formats) => pad.edit(changes, text, formats), changed: () => undefined };
  applyDelta(own, [{ insert: 'abc' }]);
  for (const delta of [[{ insert: 'x' }, { retain: 9 }], [{ insert: { image: 'x' } }], [{ retain: 3 }, { delete: 1 }], [{ insert: 'x' }, { delete: 1.5 }]]) {
    assert.throws(() => applyDelta(own, delta), (error) => error.code === 'bad-delta');
    assert.equal(pad.text(0, pad.length), 'abc\n');
  }
  world.close();
});

test('the marker of a list item is a character with attributes', () => {
  const world = new Room();
  const [writer, watcher] = [world.join('a.writer'), world.join('a.watcher')];
  const reader = new DeltaReader(() => watcher);
  let seen = new Delta(reader.document());
  const take = () => {
    writer.flush();
    world.commit(writer);
    seen = seen.compose(new Delta(reader.patch(watcher.flush())));
  };
  writer.edit(Uint32Array.of(0, 0, 4), 'item');
  take();
  writer.toggleList(0, 0, 'bullet');
  take();
  const [marker] = seen.ops;
  assert.equal(marker.insert, '*');
  assert.equal(marker.attributes.list, 'bullet1');
  writer.toggleList(0, 0, 'bullet');
  take();
  assert.deepEqual(plain(seen).ops, [{ insert: 'item\n' }]);
  world.close();
});

test('two changes of one text, past each other, lead to one text', () => {
  const random = new Random(SEED + 1);
  const some = (length) => {
    const list = [];
    let at = 0;
    while (at <= length && random.chance(0.7)) {
      const from = at + random.below(length - at + 1);
      const to = from + random.below(Math.min(4, length - from) + 1);
      list.push({ from, to, insert: random.pick(PIECES) });
      at = to + 1;
    }
    return changesOf(list);
  };
  for (let trial = 0; trial < 20_000; trial += 1) {
    const text = Array.from({ length: random.below(12) }, (_, index) => String.fromCharCode(97 + index)).join('');
    const [mine, theirs] = [some(text.length), some(text.length)];
    const [mineAfter, theirsAfter] = passed(mine, theirs);
    assert.equal(
      applied(applied(text, theirs), mineAfter),
      applied(applied(text, mine), theirsAfter),
      `seed ${SEED + 1}, trial ${trial}: ${JSON.stringify([text, mine, theirs])}`,
    );
  }
});

test('what is inserted at one place stands in the order mine, theirs', () => {
  const at = (insert) => changesOf([{ from: 1, to: 1, insert }]);
  const [mine, theirs] = passed(at('mine'), { ...at('theirs'), formatted: Uint32Array.of(1, 7) });
  assert.equal(applied('ab', changesOf([{ from: 1, to: 1, insert: 'minetheirs' }])), applied(applied('ab', at('theirs')), mine));
  assert.deepEqual([...theirs.formatted], [5, 11]);
});

test('a difference ends at the caret, and takes no pair of surrogates apart', () => {
  assert.deepEqual(difference('aaa', 'aaaa', 2), { from: 1, to: 1, insert: 'a' });
  assert.deepEqual(difference('aaa', 'aa', 1), { from: 1, to: 2, insert: '' });
  assert.deepEqual(difference('x😀y', 'x😁y', 3), { from: 1, to: 3, insert: '😁' });
  assert.deepEqual(difference('x\ud83dy', 'x😀y', 3), { from: 1, to: 2, insert: '😀' });
  assert.equal(difference('same', 'same', 2), null);
  const random = new Random(SEED + 2);
  for (let trial = 0; trial < 5000; trial += 1) {
    const text = () => Array.from({ length: random.below(6) }, () => random.pick(PIECES)).join('');
    const [before, after] = [text(), text()];
    const change = difference(before, after, random.chance(0.2) ? null : random.below(after.length + 1));
    assert.equal(change ? applied(before, changesOf([change])) : before, after);
  }
});
