// Etherpad's own tests of its module of changesets, which its npm package has, on the facade.
//
// They draw their changesets from Math.random, which has a seed here.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { seeded } from '../e2e/support/random.js';
import * as Changeset from '../../pkg/changeset-node.js';

const require = createRequire(new URL('../etherpad/', import.meta.url));
const Module = require('node:module');
const TESTS = require.resolve('ep_etherpad-lite/node/easysync_tests');
const ROUNDS = 20;

/** What the tests get when they ask for Etherpad's modules. */
const OURS = { '../static/js/Changeset': Changeset, '../static/js/AttributePool': Changeset.AttributePool };

test(`Etherpad's own tests, ${ROUNDS} times`, (t) => {
  Changeset.initSync();
  const source = seeded(t);
  const { _load: load } = Module;
  const { random } = Math;
  const { log } = console;
  let redirected = 0;
  let cases = 0;
  Module._load = (request, parent, ...rest) => {
    if (parent?.filename !== TESTS || !(request in OURS)) return load(request, parent, ...rest);
    redirected += 1;
    return OURS[request];
  };
  try {
    Math.random = () => source.number();
    console.log = () => {
      cases += 1;
    };
    for (let round = 0; round < ROUNDS; round++) {
      delete require.cache[TESTS];
      require(TESTS);
    }
  } finally {
    Module._load = load;
    Math.random = random;
    console.log = log;
  }
  t.diagnostic(`${cases} cases`);
  assert.equal(redirected, 2 * ROUNDS);
  assert.ok(cases > 200 * ROUNDS);
});
