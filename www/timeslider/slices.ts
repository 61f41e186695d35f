// What is not urgent.

import { breathe } from 'easysync-wasm/history';
import { once } from '../shared/dom';

/** Runs `work` after the next frame has been drawn: what is not urgent does not hold that frame up. */
export function afterFrame(work: () => void): void {
  requestAnimationFrame(() => void breathe().then(work));
}

/** The same, and once however often it was asked for. */
export const onceAfterFrame = once(afterFrame);
