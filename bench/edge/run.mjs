// How a message best crosses from JavaScript into wasm: microseconds for one NEW_CHANGES, in Node, each way in turn.
//
//   node bench/edge/run.mjs [--runs 7]

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from '../../scripts/run.mjs';
import { needPackages, needRust, needWasm } from '../../scripts/setup.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } });
const runs = Number(values.runs);
const MESSAGES = 20_000;

needRust();
needPackages();
needWasm();
const target = join(root, 'target', 'edge');
const build = ['cargo', 'build', '--release', '--target', 'wasm32-unknown-unknown', '--manifest-path', 'bench/edge/Cargo.toml'];
run('compile', [...build, '--target-dir', target]);
const wasm = join(target, 'wasm32-unknown-unknown', 'release', 'easysync_edge_bench.wasm');
run('glue', ['wasm-bindgen', '--target', 'web', '--out-dir', join(target, 'pkg'), wasm]);
const glue = await import(new URL(`file://${join(target, 'pkg', 'easysync_edge_bench.js')}`).href);
await glue.default({ module_or_path: await readFile(join(target, 'pkg', 'easysync_edge_bench_bg.wasm')) });

const start = `${'The quick brown fox jumps over the lazy dog.\n'.repeat(1200)}`;
const messages = typing(MESSAGES, start);
const objects = messages.map((message) => JSON.parse(message));

const ways = {
  'wire text, by TextEncoder.encodeInto': (target) => each(messages, (message) => target.encodedText(message)),
  'wire text, as a string argument': (target) => each(messages, (message) => target.wireText(message)),
  'JSON.parse, then fields as arguments': (target) =>
    each(messages, (message) => {
      const { data } = JSON.parse(message);
      const pairs = Object.values(data.apool.numToAttrib);
      target.plainArguments(data.newRev, data.changeset, pairs.map(([key]) => key), pairs.map(([, value]) => value), data.author);
    }),
  'JSON.parse, then Reflect.get': (target) => each(messages, (message) => target.objectFields(JSON.parse(message))),
  'JSON.parse, then serde-wasm-bindgen': (target) => each(messages, (message) => target.serde(JSON.parse(message))),
  'object at hand: fields as arguments': (target) =>
    each(objects, ({ data }) => {
      const pairs = Object.values(data.apool.numToAttrib);
      target.plainArguments(data.newRev, data.changeset, pairs.map(([key]) => key), pairs.map(([, value]) => value), data.author);
    }),
  'object at hand: Reflect.get': (target) => each(objects, (message) => target.objectFields(message)),
  'object at hand: serde-wasm-bindgen': (target) => each(objects, (message) => target.serde(message)),
  'object at hand: JSON.stringify, then wire text': (target) => each(objects, (message) => target.wireText(JSON.stringify(message))),
};

const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
let text;
for (let round = -1; round < runs; round += 1) {
  for (const [name, way] of Object.entries(ways)) {
    const pad = new glue.Target(start);
    const began = performance.now();
    way(pad);
    const took = ((performance.now() - began) * 1000) / MESSAGES;
    text ??= pad.text();
    if (pad.text() !== text) throw new Error(`${name}: another text`);
    pad.free();
    // The first round warms up.
    if (round >= 0) times[name].push(took);
  }
}
console.log(`\nmicroseconds for one message, applied to ${start.length} code units; ${MESSAGES} messages, ${runs} runs, ${process.version}`);
console.log(`${'way'.padEnd(48)}${'min'.padStart(8)}${'median'.padStart(8)}${'max'.padStart(8)}`);
for (const [name, taken] of Object.entries(times)) {
  taken.sort((a, b) => a - b);
  const shown = [taken[0], taken[taken.length >> 1], taken.at(-1)].map((time) => time.toFixed(2).padStart(8));
  console.log(name.padEnd(48) + shown.join(''));
}

function each(list, call) {
  for (const item of list) call(item);
}

/** Someone typing, as Etherpad's server tells others of it: letter after letter, now and then at another place. */
function typing(count, text) {
  let random = 12345;
  const next = (below) => {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  const base = (number) => number.toString(36);
  const lines = text.split('\n').slice(0, -1).map((line) => line.length + 1);
  let [length, line, column] = [text.length, 0, 0];
  return Array.from({ length: count }, (_, index) => {
    if (next(30) === 0) [line, column] = [next(lines.length), 0];
    const before = lines.slice(0, line).reduce((sum, chars) => sum + chars, 0);
    const keep = (line > 0 ? `|${base(line)}=${base(before)}` : '') + (column > 0 ? `=${base(column)}` : '');
    const changeset = `Z:${base(length)}>1${keep}*0+1$${String.fromCharCode(97 + next(26))}`;
    [length, lines[line], column] = [length + 1, lines[line] + 1, column + 1];
    const author = 'a.3yBcVQmtFAhDCBk4';
    const apool = { numToAttrib: { 0: ['author', author] }, attribToNum: { [`author,${author}`]: 0 }, nextNum: 1 };
    const data = { type: 'NEW_CHANGES', newRev: index + 1, changeset, apool, author, currentTime: 1700000000000 + index, timeDelta: 120 };
    return JSON.stringify({ type: 'COLLABROOM', data });
  });
}
