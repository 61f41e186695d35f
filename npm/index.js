// The entry for browsers and bundlers.

import initWasm, * as glue from './easysync.js';

let ready;
let isReady = false;

/**
 * Loads the engine; to be awaited before anything else. Calling it again gives the same promise, so that each part of a page
 * may call it. After a failure the next call tries anew.
 */
export function init(source) {
  ready ??= initWasm(source === undefined ? undefined : { module_or_path: source }).then(
    () => {
      isReady = true;
    },
    (error) => {
      ready = undefined;
      throw error;
    },
  );
  return ready;
}

function needReady(what) {
  if (!isReady) throw new Error(`easysync-wasm: call init() and await it before making ${what}`);
}

export class Pad extends glue.Pad {
  constructor() {
    needReady('a Pad');
    super();
  }
}

export class Slider extends glue.Slider {
  constructor() {
    needReady('a Slider');
    super();
  }
}

export class EtherpadFile extends glue.EtherpadFile {
  constructor() {
    needReady('an EtherpadFile');
    super();
  }

  finish() {
    // The glue makes an object of its own class.
    return Object.setPrototypeOf(super.finish(), Slider.prototype);
  }
}
