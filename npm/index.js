// The entry for a pad, in browsers and bundlers.

import initWasm, * as glue from './easysync_pad.js';
import { engineOf } from './engine.js';
import { padOf } from './pad.js';

const { init, needReady, restart } = engineOf('easysync-wasm', initWasm, () => glue.__wbg_reset_state());

export { init, restart };
export * from './catchup.js';
export { isTrap } from './engine.js';

export class Pad extends padOf(glue.Pad) {
  constructor() {
    needReady('making a Pad');
    super();
  }
}
