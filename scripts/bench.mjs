// The benches, all or some of them: npm run bench -- trace page
//
// Options go to a bench that stands alone: npm run bench -- page --runs 5

import { needPackages, needRust } from './setup.mjs';
import { run } from './run.mjs';

const cargo = (name) => (options) => run(`bench ${name}`, ['cargo', 'bench', '--bench', name, ...(options.length > 0 ? ['--', ...options] : [])]);
const node = (name) => (options) => run(`bench ${name}`, ['node', `bench/${name}/run.mjs`, ...options]);

const BENCHES = {
  trace: cargo('trace'),
  scale: cargo('scale'),
  operations: cargo('operations'),
  history: (options) => {
    cargo('history')([]);
    node('history')(options);
  },
  edge: node('edge'),
  page: node('page'),
  catchup: node('catchup'),
  peers: node('peers'),
  charts: () => run('charts', ['node', 'bench/peers/charts.mjs']),
};

const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const names = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0 || (options.length > 0 && names.length !== 1)) {
  console.error(`usage: npm run bench -- [${Object.keys(BENCHES).join(' | ')}]... or one of them with options`);
  process.exit(2);
}
needRust();
needPackages();
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) BENCHES[name](options);
