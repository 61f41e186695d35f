// The timeslider's state, beside Etherpad's own functions: random pads, asked for as a server gives them, walked to and fro.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { seeded } from '../e2e/support/random.js';
import { makeBroadcastCore } from '../../pkg/broadcast-core.js';
import { initSync } from '../../pkg/changeset-node.js';

const require = createRequire(new URL('../etherpad/', import.meta.url));
const Changeset = require('ep_etherpad-lite/static/js/Changeset');
const AttributePool = require('ep_etherpad-lite/static/js/AttributePool');

const PADS = 12;
const REVISIONS = 230;

/** A pad with its history, made by Etherpad's functions. */
function padOf(random) {
  const pool = new AttributePool();
  const texts = [Changeset.makeAText('\n')];
  const changesets = [];
  const words = ['a', 'one two', '\n', 'x\ny\n', '\u{1f600}', 'lines\nof\ntext'];
  for (let rev = 0; rev < REVISIONS; rev++) {
    const atext = texts.at(-1);
    const last = atext.text.length - 1;
    const from = random.below(last + 1);
    const to = Math.min(last, from + random.below(3) * random.below(6));
    const inserted = random.pick(words);
    const author = [['author', `a.${random.below(3)}`]];
    const builder = Changeset.builder(atext.text.length);
    const keep = atext.text.slice(0, from);
    builder.keepText(keep, '', pool);
    if (random.below(4) === 0 && to > from) builder.keepText(atext.text.slice(from, to), [['bold', random.below(2) ? 'true' : '']], pool);
    else {
      const removed = atext.text.slice(from, to);
      const whole = removed.lastIndexOf('\n') + 1;
      if (whole > 0) builder.remove(whole, removed.split('\n').length - 1);
      if (removed.length > whole) builder.remove(removed.length - whole, 0);
      builder.insert(inserted, author, pool);
    }
    const changeset = builder.toString();
    changesets.push(changeset);
    texts.push(Changeset.applyToAText(changeset, atext, pool));
  }
  return { pool, texts, changesets };
}

/** What a server answers to CHANGESET_REQ. Revision 0 is the first change here, -1 the empty pad. */
function answer({ pool, texts, changesets }, start, granularity) {
  const end = Math.floor(Math.min(start + 100 * granularity, changesets.length) / granularity) * granularity;
  const forwardsChangesets = [];
  const backwardsChangesets = [];
  const wire = new AttributePool();
  for (let from = start; from + granularity <= end; from += granularity) {
    const forwards = changesets.slice(from, from + granularity).reduce((all, next) => Changeset.compose(all, next, pool));
    const { text, attribs } = texts[from];
    const backwards = Changeset.inverse(forwards, Changeset.splitTextLines(text), Changeset.splitAttributionLines(attribs, text), pool);
    forwardsChangesets.push(Changeset.moveOpsToNewPool(forwards, pool, wire));
    backwardsChangesets.push(Changeset.moveOpsToNewPool(backwards, pool, wire));
  }
  const timeDeltas = forwardsChangesets.map(() => granularity);
  return { start, granularity, forwardsChangesets, backwardsChangesets, actualEndNum: end, timeDeltas, apool: wire.toJsonable() };
}

const readable = (attribs, pool) => attribs.replace(/\*([0-9a-z]+)/g, (_, number) => `<${pool.getAttrib(Number.parseInt(number, 36))}>`);

test('every revision is what Etherpad says, wherever one comes from, while the pad goes on', (t) => {
  initSync();
  const random = seeded(t);
  for (let pad = 0; pad < PADS; pad++) {
    const history = padOf(random);
    const { texts, changesets, pool } = history;
    // The page is loaded while the pad has a part of its revisions; the others come while it is open.
    let head = 100 + random.below(100);
    const { text, attribs } = texts[head];
    const screen = { lines: Changeset.splitTextLines(text), alines: Changeset.splitAttributionLines(attribs, text) };
    const onSplice = (start, removed, lines, alines) => {
      screen.lines.splice(start, removed, ...lines);
      screen.alines.splice(start, removed, ...alines);
    };
    const loadedPool = new AttributePool();
    const initial = { text, attribs: Changeset.moveOpsToNewPool(attribs, pool, loadedPool) };
    screen.alines = screen.alines.map((aline) => Changeset.moveOpsToNewPool(aline, pool, loadedPool));
    const core = makeBroadcastCore({ initialAttributedText: initial, apool: loadedPool.toJsonable(), rev: head - 1, time: 0 }, onSplice);
    const { padContents, revisionInfo } = core;
    const check = () => {
      const wanted = texts[padContents.currentRevision + 1];
      assert.equal(padContents.currentLines.join(''), wanted.text, `pad ${pad}, revision ${padContents.currentRevision}`);
      assert.equal(readable(Changeset.joinAttributionLines(padContents.alines), padContents.apool), readable(wanted.attribs, pool));
      assert.deepEqual([screen.lines, screen.alines], [padContents.currentLines, padContents.alines], 'what was told of splices');
    };
    check();
    core.receiveChangesets(answer({ ...history, changesets: changesets.slice(0, head) }, 0, 10));
    core.receiveChangesets(answer({ ...history, changesets: changesets.slice(0, head) }, 0, 1));
    core.receiveChangesets(answer({ ...history, changesets: changesets.slice(0, head) }, 100, 1));
    while (head < REVISIONS) {
      if (random.below(2) === 0) {
        const at = padContents.currentRevision;
        const isNewest = at === revisionInfo.latest;
        const count = Math.min(1 + random.below(3), REVISIONS - head);
        const changes = changesets.slice(head, head + count).map((cs, index) => {
          const { translated, pool: apool } = Changeset.prepareForWire(cs, pool);
          return { newRev: head + index, changeset: translated, apool: apool.toJsonable(), timeDelta: 1 };
        });
        // What is known already comes again, as it does after a reconnection.
        assert.equal(core.receiveNewChangesBatch({ changes: [...changes, ...changes] }), count);
        head += count;
        assert.equal(padContents.currentRevision, isNewest ? head - 1 : at);
      } else {
        const wanted = random.below(3) === 0 ? revisionInfo.latest : random.below(head) - 1;
        const path = core.goToRevision(wanted);
        assert.deepEqual([path.status, path.rev, padContents.currentRevision], ['complete', wanted, wanted]);
      }
      check();
    }
  }
});

test('a revision that cannot be reached is gone to as near as is known', () => {
  initSync();
  const core = makeBroadcastCore({ initialAttributedText: { text: 'ab\n', attribs: '|1+3' }, apool: new AttributePool().toJsonable(), rev: 9, time: 0 });
  core.revisionInfo.addChangeset(7, 9, 'Z:2>1=1+1$b', 'Z:3<1=1-1$', 5);
  assert.deepEqual(core.goToRevision(3), { fromRev: 9, rev: 7, status: 'partial', changesets: ['Z:3<1=1-1$'], spans: [-2], times: [-5] });
  assert.deepEqual(core.padContents.currentLines, ['a\n']);
  assert.equal(core.receiveNewChanges({ newRev: 11, changeset: 'Z:3>0$', apool: { numToAttrib: {}, nextNum: 0 } }), false);
});
