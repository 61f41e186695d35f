// The entry for Node: the same, with the engine read from the disk.

import { readFile } from 'node:fs/promises';
import { EtherpadFile, init as initFrom, isTrap, Pad, restart, Slider } from './index.js';

export { AT_ONCE, breathe, Inbox, REPORT_INTERVAL, Round, SLICE } from './catchup.js';

export function init(source) {
  return initFrom(source ?? readFile(new URL('easysync_bg.wasm', import.meta.url)));
}

export { EtherpadFile, isTrap, Pad, restart, Slider };
