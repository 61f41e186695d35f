// The same entry as changeset.js, for Node: the engine is read from the disk.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { init as initFrom, initSync as initSyncFrom } from './changeset.js';

export * from './changeset.js';

const wasm = new URL('easysync_changeset_bg.wasm', import.meta.url);

export function init(source) {
  return initFrom(source ?? readFile(wasm));
}

export function initSync(source) {
  initSyncFrom(source ?? readFileSync(wasm));
}
