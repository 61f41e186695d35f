'use strict';

// Jumps between revisions the way of Etherpad's timeslider: find a path of steps of 100, 10 and 1 revisions, compose their
// changesets, apply the result to the lines of the document. Nothing is drawn. The argument is a folder in which Etherpad is
// installed; steps and jumps come on stdin, times go to stdout.

const {createRequire} = require('node:module');
const path = require('node:path');
const from = createRequire(path.join(process.argv[2], 'package.json'));
const AttributePool = from('ep_etherpad-lite/static/js/AttributePool');
const Changeset = from('ep_etherpad-lite/static/js/Changeset');

let input = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (part) => { input += part; });
process.stdin.on('end', () => {
  const {pool: wirePool, steps, seeks, text, attribs} = JSON.parse(input);
  const pool = new AttributePool().fromJsonable(wirePool);
  const lines = Changeset.splitTextLines(text);
  const alines = Changeset.splitAttributionLines(attribs, text);
  // A place is a number of revisions.
  let place = steps[1].length;

  const pathTo = (to) => {
    const found = [];
    let at = place;
    while (at !== to) {
      const size = [100, 10, 1].find((size) => {
        if (at % size !== 0 || Math.abs(to - at) < size) return false;
        const index = at < to ? at / size : at / size - 1;
        return index < steps[size].length;
      });
      const isForwards = at < to;
      found.push(steps[size][isForwards ? at / size : at / size - 1][isForwards ? 0 : 1]);
      at += isForwards ? size : -size;
    }
    return found;
  };

  const millis = [];
  const lengths = [];
  for (const rev of seeks) {
    const start = process.hrtime.bigint();
    const changesets = pathTo(rev + 1);
    if (changesets.length > 0) {
      const all = changesets.reduce((a, b) => Changeset.compose(a, b, pool));
      Changeset.mutateAttributionLines(all, alines, pool);
      Changeset.mutateTextLines(all, lines);
    }
    place = rev + 1;
    millis.push(Number(process.hrtime.bigint() - start) / 1e6);
    lengths.push(lines.join('').length);
  }
  const {version} = from('ep_etherpad-lite/package.json');
  process.stdout.write(JSON.stringify({millis, lengths, text: lines.join(''), etherpad: version, node: process.version}));
});
