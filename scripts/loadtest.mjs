// Load on a server: many authors at one pad.
//
//   npm run loadtest -- --authors 400 --seconds 30 --trials 3
//   npm run loadtest -- --authors 100,200,400 --with=--new-changes-batch=off     with more words for the server
//   npm run loadtest -- --authors 50 --etherpad                                  the same load on Etherpad 1.8.14
//   npm run loadtest -- --authors 50 --postgres                                  with pads in a PostgreSQL that is started for it
//
// All other options go to the program that makes the load: npm run loadtest -- --help

import { buildLoadtest, buildServer } from './build.mjs';
import { root, run } from './run.mjs';
import { needEtherpad, needPostgres } from './setup.mjs';

const OTHER = '--etherpad';
const DATABASE = '--postgres';
const args = process.argv.slice(2);
const server = buildServer();
const program = buildLoadtest();
const load = (...target) => run('load', [program, ...target, ...args.filter((arg) => arg !== OTHER && arg !== DATABASE)], { cwd: process.env.INIT_CWD ?? root });

if (args.includes(OTHER)) {
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
