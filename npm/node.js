// The same entry as index.js, for Node: the engine is read from the disk.

import { readFile } from 'node:fs/promises';
import { init as initFrom } from './index.js';

export * from './index.js';

export function init(source) {
  return initFrom(source ?? readFile(new URL('easysync_pad_bg.wasm', import.meta.url)));
}
