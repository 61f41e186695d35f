import type { Init } from './engine.js';

export { isTrap } from './engine.js';
export { EtherpadFile, Slider } from './easysync_history.js';
export type {
  AuthorShare,
  BlameRun,
  Difference,
  EasysyncError,
  FileProgress,
  HistoryAuthor,
  LineFormat,
  ListKind,
  Patch,
  RevisionFacts,
  SavedRevision,
  SliderEffect,
  Written,
} from './easysync_history.js';

/**
 * Loads the engine; to be awaited before anything else. Calling it again gives the same promise, so that each part of a page
 * may call it. After a failure the next call tries anew.
 *
 * @param source Where the engine is, if it is not beside this module: a URL, a response, its bytes, or a compiled module.
 */
export const init: Init;

/**
 * Puts a fresh engine in the place of one that has trapped. Everything that was made of the old one can only be let go of: its methods throw from then on, and
 * `free()` must not be called.
 */
export const restart: () => void;
