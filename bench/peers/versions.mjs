// Of what is measured.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';

const PACKAGES = ['@automerge/automerge', '@codemirror/state', 'diamond-types-node', 'ep_etherpad-lite', 'loro-crdt', 'yjs', 'ywasm'];

/** The versions of all that takes part. */
export function versions(chromium) {
  const peers = PACKAGES.map((name) => [name, read(`bench/node_modules/${name}/package.json`).version]);
  return { node: process.version, ...(chromium && { chromium }), easysync: read('pkg/package.json').version, ...Object.fromEntries(peers) };
}

function read(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
