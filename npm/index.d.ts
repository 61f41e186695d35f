import { Pad as EnginePad } from './easysync_pad.js';
import type { Patch } from './easysync_pad.js';
import type { Init } from './engine.js';

export * from './catchup.js';
export { isTrap } from './engine.js';
export type { Init } from './engine.js';
export type {
  Caret,
  Counts,
  EasysyncError,
  Effect,
  FormatName,
  Fragment,
  FragmentLine,
  InitInput,
  LineFormat,
  ListKind,
  Patch,
  SaveState,
  Unplaced,
} from './easysync_pad.js';

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

/**
 * A client of one pad, with its editor's side: messages and edits in, patches and effects out.
 *
 * Every position and length is a number of UTF-16 code units of the text that the editor shows, plus the final newline.
 * Every call that throws leaves the pad as it was. Call `free()` when the pad is closed.
 */
export class Pad extends EnginePad {
  /**
   * Takes a message from the server, as the text that came over the wire, which costs least, or as the object that `JSON.parse`
   * makes of it. Gives back a sum: 1 if there is something for `flush`, 2 if there is something for `takeEffects`, 4 if the message
   * concerns more than the document (people, chat, the end of the session), so that the host has to read it as well, 8 if something
   * waits for `proceed`: what is more than `setSlice` allows at once, and what comes while something waits.
   *
   * Throws what is wrong with the message; the document is at the last revision that was right.
   */
  receive(message: string | object): number;

  /**
   * Puts a message behind what waits, to be read by `proceed`; the result is as that of `receive`. Throws if there is no room;
   * then nothing waits any more, and what is missing is asked for again.
   */
  queue(message: string): number;

  /**
   * `receive` and then `flush`, in one call: for whoever shows each message by itself, at half the cost. What `receive` would
   * have given back is in `news`. Throws as `receive` does; what was right before the error is for the next `flush`.
   */
  receiveAndFlush(message: string | object): Patch | undefined;

  /** The sum that the last `receive` gave back, or for `receiveAndFlush` would have. */
  readonly news: number;

  /** What changed since the last flush; undefined if there is nothing to show. */
  flush(): Patch | undefined;
}
