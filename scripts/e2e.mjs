// The end-to-end tests, in a real browser. Names choose among them: node scripts/e2e.mjs format undo

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage, buildPages, buildPlugin, buildServer } from './build.mjs';
import { needBrowser, needEtherpad, needPackages, needPostgres } from './setup.mjs';
import { root, run } from './run.mjs';

const folder = join(root, 'tests', 'e2e');
const SUFFIX = '.test.mjs';
/** Files that mostly wait, and measure nothing that a neighbour could disturb. */
const WAITING = new Set(['loss', 'plugin', 'postgres', 'strangers', 'together', 'trouble']);

const known = readdirSync(folder).filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no test ${unknown.join(', ')}. There are: ${known.sort().join(', ')}`);
  process.exit(1);
}

const { chromium } = needBrowser();
needPackages();
needPackages(folder, '--ignore-scripts');
const isWanted = (...names) => wanted.length === 0 || names.some((name) => wanted.includes(name));
if (isWanted('strangers', 'postgres', 'plugin')) needEtherpad();
if (isWanted('postgres')) needPostgres();
buildPackage();
buildPages();
if (isWanted('plugin')) buildPlugin();
// A server that somebody names is taken as it is.
if (!process.env.EASYSYNC_SERVER || !existsSync(process.env.EASYSYNC_SERVER)) buildServer();

/** Runs the wanted ones among these files, so many at a time; each has a server and a browser of its own. */
function runFiles(what, names, concurrency) {
  const files = names.filter((name) => isWanted(name)).sort().map((name) => join('tests', 'e2e', `${name}${SUFFIX}`));
  if (files.length === 0) return;
  run(what, ['node', '--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec', ...files], { env: { CHROMIUM: chromium } });
}

runFiles('end-to-end tests in which people write and wait', known.filter((name) => WAITING.has(name)), 2);
runFiles('end-to-end tests', known.filter((name) => !WAITING.has(name)), 1);
