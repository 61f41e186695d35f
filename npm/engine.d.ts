import type { InitInput } from './easysync_pad.js';

/** Loads the engine of an entry. */
export type Init = (source?: InitInput | Promise<InitInput>) => Promise<void>;

/** Whether what a call threw says that the engine has come to its end (a panic, or no more memory), so that only `restart` helps. */
export function isTrap(error: unknown): boolean;
