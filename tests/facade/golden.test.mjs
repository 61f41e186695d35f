// Vectors computed by Etherpad, in the folder that EASYSYNC_GOLDEN names, through the JavaScript facade.
//
// What is equal is equal to the byte. What differs on purpose is in one table, with the reason; anything else fails.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { initSync } from '../../pkg/changeset-node.js';
import { DIFFERENCES, same } from './differences.mjs';
import { run } from './operations.mjs';

const folder = process.env.EASYSYNC_GOLDEN ?? fileURLToPath(new URL('../../../shared/golden', import.meta.url));
const shown = Number(process.env.EASYSYNC_GOLDEN_SHOW ?? 5);

function answer(vector) {
  try {
    return { vector, out: run(vector) };
  } catch (error) {
    return { vector, error };
  }
}

const isEqual = ({ vector, out, error }) => (error ? 'error' in vector : 'out' in vector && same(out, vector.out));

test('vectors', { skip: !existsSync(folder) && `EASYSYNC_GOLDEN names no folder: ${folder}` }, () => {
  initSync();
  const classes = new Map(DIFFERENCES.map(({ name }) => [name, 0]));
  const all = { run: 0, equal: 0, different: 0, failed: 0 };
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz')).sort();
  assert.ok(files.length > 0, `no *.jsonl.gz in ${folder}`);
  for (const file of files) {
    const count = { run: 0, equal: 0, different: 0, failed: 0 };
    for (const line of gunzipSync(readFileSync(join(folder, file))).toString('utf8').split('\n')) {
      if (line === '') continue;
      count.run += 1;
      const ours = answer(JSON.parse(line));
      const difference = isEqual(ours) ? null : DIFFERENCES.find(({ covers }) => covers(ours));
      if (difference === null) {
        count.equal += 1;
      } else if (difference) {
        count.different += 1;
        classes.set(difference.name, classes.get(difference.name) + 1);
      } else {
        count.failed += 1;
        if (count.failed <= shown) console.log(`FAILED ${file}: ${line.slice(0, 1500)}\n  got ${JSON.stringify(ours.out) ?? ours.error.stack}`);
      }
    }
    console.log(`${file.padEnd(28)} ${Object.entries(count).map(([name, number]) => `${name} ${number}`).join(', ')}`);
    for (const name of Object.keys(all)) all[name] += count[name];
  }
  console.log(`all: ${Object.entries(all).map(([name, number]) => `${name} ${number}`).join(', ')}\ndifferent on purpose:`);
  for (const { name, reason } of DIFFERENCES) console.log(`${String(classes.get(name)).padStart(7)} ${name}: ${reason}`);
  assert.equal(all.failed, 0, 'vectors failed');
});
