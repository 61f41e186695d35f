// Everything that is measured, by name.

import { automerge } from './automerge.mjs';
import { codemirror } from './codemirror.mjs';
import { diamond } from './diamond.mjs';
import { easysync, easysyncApart, easysyncObjects } from './easysync.mjs';
import { etherpad } from './etherpad.mjs';
import { easysyncHistory, etherpadHistory } from './history.mjs';
import { loro } from './loro.mjs';
import { plain } from './plain.mjs';
import { yjs } from './yjs.mjs';
import { ywasm } from './ywasm.mjs';

/**
 * @typedef {[at: number, removed: number, inserted: string, author?: number]} Patch
 * @typedef {object} Receiver
 * @property {(message: unknown) => unknown} receive Applies a message, and gives what an editor is told of it.
 * @property {(inserts: [at: number, text: string][]) => void} [type] What the user types, the last in the text first; nobody else hears of it.
 * @property {() => string} text
 * @property {() => void} close
 * @typedef {object} Subject
 * @property {string} name
 * @property {() => Promise<void>} [load]
 * @property {(start: string) => {start: unknown, send: (patches: Patch[]) => unknown}} sender The side that makes the messages; its time is not taken.
 * @property {(start: unknown) => Receiver} open
 * @property {(event: unknown) => Iterable<Patch>} splices What `receive` has told, each in the text as the ones before have left it.
 */

/** @type {Record<string, Subject>} */
export const SUBJECTS = { easysync, easysyncApart, easysyncObjects, codemirror, plain, diamond, ywasm, yjs, loro, automerge, etherpad, easysyncHistory, etherpadHistory };
