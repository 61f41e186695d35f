// Etherpad's own tests of its module of changesets, and its vectors, on ours: npm run test:etherpad

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage } from './build.mjs';
import { root, run } from './run.mjs';
import { needEtherpad } from './setup.mjs';

/** The package must be built, and Etherpad be there. */
export function facadeTests() {
  const folder = join('tests', 'facade');
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.mjs')).sort();
  run("Etherpad's tests on our changesets", ['node', '--test', '--test-reporter=spec', ...files.map((name) => join(folder, name))]);
}

if (process.argv[1]?.endsWith('etherpad.mjs')) {
  needEtherpad();
  buildPackage();
  facadeTests();
}
