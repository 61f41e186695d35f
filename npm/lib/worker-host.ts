// What runs in the worker: an engine with one pad, which does what the page asks.

import { Pad, init, isTrap } from '../index.js';
import type { PadState } from './worker.js';

/** A call of the page. */
export interface Call {
  id: number;
  name: string;
  args: unknown[];
}

/** What came of it. */
export interface Answer {
  id: number;
  value?: unknown;
  error?: Record<string, unknown>;
}

const METHODS = new Set([
  'receive', 'setSlice', 'proceed', 'expire', 'commit', 'connected', 'disconnected', 'takeEffects', 'tellRevisions', 'unsaved', 'restore', 'unplaced',
  'discard', 'counts', 'text', 'runs', 'attribs', 'flush', 'edit', 'toggleFormat', 'hasFormat', 'formatsAt', 'clearFormatting', 'clearAuthorship',
  'toggleList', 'indent', 'setHeading', 'lineFormat', 'enter', 'deleteBackward', 'insertFragment', 'exportText', 'exportHtml', 'undo', 'redo',
]);

type Method = (this: Pad, ...args: unknown[]) => unknown;

const ready = init().then(() => new Pad());

addEventListener('message', ({ data }: MessageEvent<Call>) => void answer(data));

/** Waits for the engine; what waits for it goes on in its order. */
async function answer({ id, name, args }: Call): Promise<void> {
  try {
    const pad = await ready;
    const value = name === 'state' ? state(pad) : run(pad, name, args);
    tell({ id, value }, owned(value));
  } catch (error) {
    tell({ id, error: facts(error) }, []);
  }
}

function run(pad: Pad, name: string, args: unknown[]): unknown {
  if (!METHODS.has(name)) throw new Error(`there is no call ${name}`);
  const method = Reflect.get(pad, name) as Method;
  return method.apply(pad, args);
}

function state(pad: Pad): PadState {
  const { rev, knownRev, waiting, length, author, saveState, unsavedVersion, isReadOnly, isLive, isWaiting, isBehind, isRestoring, hasUncommitted, canUndo, canRedo } = pad;
  return { rev, knownRev, waiting, length, author, saveState, unsavedVersion, isReadOnly, isLive, isWaiting, isBehind, isRestoring, hasUncommitted, canUndo, canRedo };
}

/** An error as an object that can be sent: its message, and its numbers. */
function facts(error: unknown): Record<string, unknown> {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = isTrap(error) ? { code: 'engine' } : {};
  return { ...(error as object), name, message, stack, ...code };
}

/** The memory of what goes out, which is not copied: the numbers of patches and runs. */
function owned(value: unknown): Transferable[] {
  const arrays = value instanceof Uint32Array ? [value] : typeof value === 'object' && value !== null ? Object.values(value) : [];
  // An empty one may be shared by many patches.
  return arrays.flatMap((array) => (array instanceof Uint32Array && array.length > 0 && array.byteLength === array.buffer.byteLength ? [array.buffer as ArrayBuffer] : []));
}

function tell(answer: Answer, transfer: Transferable[]): void {
  (globalThis as unknown as { postMessage(message: Answer, transfer: Transferable[]): void }).postMessage(answer, transfer);
}
