// Runs every fuzz target in turn, and says what came of it.
//
//   node scripts/fuzz.mjs 60              each target for 60 seconds
//   node scripts/fuzz.mjs --runs 100000   each target for 100,000 executions
//   node scripts/fuzz.mjs 60 parse tree   only these targets
//
// Ends with 1 if a target has found something. The input that did it then lies in fuzz/artifacts.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { has, root } from './run.mjs';

// The crate has no unsafe code, so there is nothing for a sanitizer to find, and a stable compiler will do. Debug
// assertions and overflow checks are on. Tracing comparisons would halve the speed, and finds little in built inputs.
const BUILD = ['--sanitizer', 'none', '--no-trace-compares', '--debug-assertions', '--release'];

const JOBS = [
  { target: 'parse', maxLen: 512 },
  { target: 'apply', maxLen: 512 },
  { target: 'compose', maxLen: 512 },
  { target: 'follow', maxLen: 512 },
  { target: 'pool', maxLen: 512 },
  { target: 'client', maxLen: 128 },
  { target: 'tree', maxLen: 64 },
  { target: 'tree', maxLen: 64, features: ['small_tree'] },
];

const { limit, wanted } = readArguments(process.argv.slice(2));
ensureCargoFuzz();
const results = [];
for (const job of JOBS.filter(({ target }) => wanted.length === 0 || wanted.includes(target))) {
  results.push(await run(job));
}
report(results);

function readArguments(args) {
  const usage = () => {
    console.error('usage: node scripts/fuzz.mjs SECONDS | --runs N [TARGET...]');
    process.exit(2);
  };
  const byRuns = args[0] === '--runs';
  const [amount, ...wanted] = byRuns ? args.slice(1) : args;
  if (!/^[1-9][0-9]*$/.test(amount ?? '')) usage();
  const known = new Set(JOBS.map(({ target }) => target));
  if (!wanted.every((target) => known.has(target))) usage();
  return { limit: byRuns ? `-runs=${amount}` : `-max_total_time=${amount}`, wanted };
}

function ensureCargoFuzz() {
  if (has('cargo', 'fuzz', '--version')) return;
  console.log('cargo-fuzz is missing: cargo install cargo-fuzz');
  const { status } = spawnSync('cargo', ['install', '--locked', 'cargo-fuzz'], { stdio: 'inherit' });
  if (status !== 0) {
    console.error('cargo-fuzz could not be installed');
    process.exit(2);
  }
}

function run({ target, maxLen, features = [] }) {
  const name = [target, ...features].join(' ');
  const folder = [target, ...features].join('-');
  const paths = { corpus: join('fuzz', 'corpus', folder), artifacts: join('fuzz', 'artifacts', folder) };
  for (const path of Object.values(paths)) mkdirSync(join(root, path), { recursive: true });
  const args = ['fuzz', 'run', ...BUILD];
  if (features.length > 0) args.push('--features', features.join(','));
  // What libFuzzer keeps goes to the first folder; the second only gives it something to begin with.
  args.push(target, paths.corpus, join('tests', 'regressions', target), '--');
  args.push(limit, `-max_len=${maxLen}`, '-timeout=20', '-print_final_stats=1', `-artifact_prefix=${paths.artifacts}/`);
  console.log(`${name}: cargo ${args.join(' ')}`);

  const result = { name, executions: 0, perSecond: 0, findings: [], failure: undefined };
  const tail = [];
  const child = spawn('cargo', args, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
  createInterface({ input: child.stderr }).on('line', (line) => {
    tail.push(line);
    if (tail.length > 100) tail.shift();
    const stat = /^stat::(\w+):\s*(\d+)/.exec(line);
    if (stat?.[1] === 'number_of_executed_units') result.executions = Number(stat[2]);
    if (stat?.[1] === 'average_exec_per_sec') result.perSecond = Number(stat[2]);
    const unit = /Test unit written to (\S+)/.exec(line);
    if (unit) result.findings.push(unit[1]);
  });
  return new Promise((resolve) => {
    const done = (failure) => {
      // A finding ends the process as well; anything else, such as code that does not compile, is told as it is.
      if (result.findings.length === 0) result.failure = failure;
      if (failure) console.log(tail.join('\n'));
      console.log(`${name}: ${describe(result)}\n`);
      resolve(result);
    };
    child.on('error', (error) => done(`did not start: ${error.message}`));
    child.on('close', (code, signal) => done(code === 0 ? undefined : `ended with ${signal ?? code}`));
  });
}

function describe({ executions, perSecond, findings, failure }) {
  const found = findings.length === 0 ? 'no findings' : `found ${findings.join(', ')}`;
  return failure ? `failed: cargo ${failure}` : `${executions} executions, ${perSecond} a second, ${found}`;
}

function report(results) {
  const width = Math.max(...results.map(({ name }) => name.length));
  for (const result of results) console.log(`${result.name.padEnd(width)}  ${describe(result)}`);
  if (results.some(({ findings, failure }) => findings.length > 0 || failure)) process.exitCode = 1;
}
