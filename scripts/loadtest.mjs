// Load on a server: many authors at one pad.
//
//   npm run loadtest -- --authors 400 --seconds 30 --trials 3
//   npm run loadtest -- --authors 100,200,400 --with=--new-changes-batch=off     with more words for the server
//   npm run loadtest -- --authors 50 --etherpad                                  the same load on Etherpad 1.8.14
//   npm run loadtest -- --authors 20 --kills 100                                 the server is killed a hundred times
//   npm run loadtest -- --docs a.json b.json                                     the table in docs/load.md, from files of --json
//   npm run loadtest -- --authors 50 --postgres                                  with pads in a PostgreSQL that is started for it
//
// All other options go to the program that makes the load: npm run loadtest -- --help

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildLoadtest, buildServer } from './build.mjs';
import { output, root, run } from './run.mjs';
import { needEtherpad, needPostgres } from './setup.mjs';

const OTHER = '--etherpad';
const DATABASE = '--postgres';
const args = process.argv.slice(2);
const cwd = process.env.INIT_CWD ?? root;
const server = buildServer();
const program = buildLoadtest();
const load = (...target) => run('load', [program, ...target, ...args.filter((arg) => arg !== OTHER && arg !== DATABASE)], { cwd });

if (args[0] === '--docs') {
  const file = join(root, 'docs', 'load.md');
  const table = output(program, '--show', ...args.slice(1).map((name) => resolve(cwd, name)));
  const [before, rest] = readFileSync(file, 'utf8').split('<!-- table -->\n');
  const after = rest?.split('<!-- end -->')[1];
  if (after === undefined) throw new Error(`${file} has no place for a table`);
  writeFileSync(file, `${before}<!-- table -->\n${table.trim()}\n<!-- end -->${after}`);
} else if (args.includes(OTHER)) {
  needEtherpad();
  const { Etherpad } = await import('../tests/e2e/support/etherpad.js');
  const etherpad = await Etherpad.start();
  try {
    load('--server', `127.0.0.1:${etherpad.port}`, '--pid', String(etherpad.process.pid), '--engine', '3');
  } finally {
    await etherpad.close();
  }
} else if (args.includes(DATABASE)) {
  needPostgres();
  const { Postgres } = await import('../tests/e2e/support/postgres.js');
  const postgres = await Postgres.start();
  try {
    load('--program', server, `--with=--database=${postgres.url}`);
  } finally {
    await postgres.close();
  }
} else {
  load('--program', server);
}
