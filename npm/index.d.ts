import type { InitInput } from './easysync.js';

export { Pad } from './easysync.js';
export type {
  Counts,
  EasysyncError,
  Effect,
  FormatName,
  Fragment,
  FragmentLine,
  LineFormat,
  ListKind,
  Patch,
  SaveState,
} from './easysync.js';

/**
 * Loads the engine; to be awaited before anything else. Calling it again gives the same promise, so that each part of a page
 * may call it. After a failure the next call tries anew.
 *
 * @param source Where the engine is, if it is not beside this module: a URL, a response, its bytes, or a compiled module.
 */
export function init(source?: InitInput | Promise<InitInput>): Promise<void>;
