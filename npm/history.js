// The entry for a pad's history, in browsers and bundlers.

import initWasm, * as glue from './easysync_history.js';
import { engineOf } from './engine.js';

const { init, needReady, restart } = engineOf('easysync-wasm/history', initWasm, () => glue.__wbg_reset_state());

export { init, restart };
export { isTrap } from './engine.js';

export class Slider extends glue.Slider {
  constructor() {
    needReady('making a Slider');
    super();
  }
}

export class EtherpadFile extends glue.EtherpadFile {
  constructor() {
    needReady('making an EtherpadFile');
    super();
  }

  finish() {
    // The glue makes an object of its own class.
    return Object.setPrototypeOf(super.finish(), Slider.prototype);
  }
}
