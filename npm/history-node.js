// The same entry as history.js, for Node: the engine is read from the disk.

import { readFile } from 'node:fs/promises';
import { init as initFrom } from './history.js';

export * from './history.js';

export function init(source) {
  return initFrom(source ?? readFile(new URL('easysync_history_bg.wasm', import.meta.url)));
}
