// What is not urgent.

import { breathe } from 'easysync-wasm/history';
import { once } from '../shared/dom';

/** Runs `work` once after the next frame has been drawn, however often it was asked for: what is not urgent does not hold that frame up. */
export const onceAfterFrame = once((run) => requestAnimationFrame(() => void breathe().then(run)));
