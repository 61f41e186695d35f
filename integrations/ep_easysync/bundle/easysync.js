// All that Etherpad's modules need, with the engine in it: loaded when it is asked for, since Etherpad's modules do not wait.

import wasm from '../../../pkg/easysync_changeset_bg.wasm';
import { initSync } from '../../../pkg/changeset.js';

export * from '../../../pkg/changeset.js';
export { makeChangesetTracker } from '../../../pkg/changesettracker.js';
export { makeBroadcastCore } from '../../../pkg/broadcast-core.js';

initSync(Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0)));
