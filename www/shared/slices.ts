// Long work in small slices, so that the page stays alive.

import { once } from './dom';

/** One for all: each that is made and dropped is work for the garbage collector, whose pauses are among the longest tasks. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/**
 * Resolves as soon as everything else that waits has had its turn: input, timers, messages, painting. Timers would be slowed down, and
 * what `scheduler.yield` resumes goes before timers and messages, so that these would wait until all the work is done.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

/** Runs `work` once after the next frame has been drawn, however often it was asked for: what is not urgent does not hold that frame up. */
export const onceAfterFrame = once((run) => requestAnimationFrame(() => void breathe().then(run)));
