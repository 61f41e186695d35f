// The entry for browsers and bundlers.

import initWasm, * as glue from './easysync.js';
import { padOf } from './pad.js';

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
  if (!isReady) throw new Error(`easysync-wasm: call init() and await it before ${what}`);
}

/** Puts a fresh engine in the place of one that has trapped. Everything that was made of the old one can only be let go of. */
export function restart() {
  needReady('restart()');
  glue.__wbg_reset_state();
}

/** Whether what was thrown says that the engine has come to its end. */
export function isTrap(error) {
  if (error instanceof WebAssembly.RuntimeError) return true;
  // The first is a stack that ran full within the engine; the others come of calling an engine that has trapped before.
  const name = error instanceof Error ? `${error.name}: ${error.message}` : '';
  return /^RangeError: Maximum call stack|^InternalError: too much recursion|recursive use of an object|null pointer passed to rust|stale object from previous Wasm instance/.test(name);
}

export class Pad extends padOf(glue.Pad) {
  constructor() {
    needReady('making a Pad');
    super();
  }
}

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
