import type { InitInput } from './easysync.js';

export { EtherpadFile, Pad, Slider } from './easysync.js';
export type {
  AuthorShare,
  BlameRun,
  Counts,
  Difference,
  EasysyncError,
  Effect,
  FileProgress,
  FormatName,
  Fragment,
  FragmentLine,
  HistoryAuthor,
  LineFormat,
  ListKind,
  Patch,
  RevisionFacts,
  SavedRevision,
  SaveState,
  SliderEffect,
  Unplaced,
  Written,
} from './easysync.js';

/**
 * Loads the engine; to be awaited before anything else. Calling it again gives the same promise, so that each part of a page
 * may call it. After a failure the next call tries anew.
 *
 * @param source Where the engine is, if it is not beside this module: a URL, a response, its bytes, or a compiled module.
 */
export function init(source?: InitInput | Promise<InitInput>): Promise<void>;

/**
 * Puts a fresh engine in the place of one that has trapped. Everything that was made of the old one can only be let go of: its methods throw from then on, and
 * `free()` must not be called.
 */
export function restart(): void;

/** Whether what a call threw says that the engine has come to its end (a panic, or no more memory), so that only `restart` helps. */
export function isTrap(error: unknown): boolean;
