// The engine in a worker, seen from the page: the calls of `Pad`, as promises.

import type { Counts, Effect, FormatName, Fragment, LineFormat, ListKind, Patch, SaveState, Unplaced } from '../index.js';
import { passed } from './splices.js';
import type { Changes } from './splices.js';
import type { Answer, Call } from './worker-host.js';

/** A trap, or a call that came after one. */
export class WorkerError extends Error {
  override readonly name: string;
  /** A stable name of what went wrong; `engine` if the engine has come to its end. */
  readonly code: string;

  constructor(facts: Readonly<Record<string, unknown>>) {
    super(String(facts.message));
    Object.assign(this, facts);
    this.name = String(facts.name);
    this.code = String(facts.code ?? '');
  }
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** What has not changed since the last flush, while one is under way. */
interface Flushing {
  /** What the user has done in the meantime, one after the other, with those who wait for it. */
  edits: { edit: Changes; formats: FormatName[] | undefined; waiting: Waiting }[];
}

/**
 * An engine in a worker. Every call of `Pad` is here, as a promise; calls are carried out in their order.
 *
 * The user may type while `flush` is under way: what is typed is sent when the patch has come, moved past it, and the patch that `flush` resolves to is
 * for the text as it is then. So a patch has to be shown in the very task in which the promise is resolved, before anything else is awaited. Positions in
 * all other calls mean the text after a patch that is under way.
 */
export class WorkerPad {
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;
  private flushing: Flushing | null = null;
  private failure: WorkerError | null = null;

  /** @param worker Where the engine is to be: a worker of `easysync-wasm/worker-host`, for this pad alone. */
  constructor(private readonly worker: Worker = new Worker(new URL('./worker-host.js', import.meta.url), { type: 'module' })) {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.answer(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.fail(new WorkerError({ name: 'WorkerError', code: 'engine', message: event.message || 'the worker could not be started' }));
    };
  }

  receive(message: string): Promise<number> {
    return this.call('receive', [message]) as Promise<number>;
  }

  setSlice(revisions: number): Promise<void> {
    return this.call('setSlice', [revisions]) as Promise<void>;
  }

  proceed(limit: number): Promise<number> {
    return this.call('proceed', [limit]) as Promise<number>;
  }

  expire(now: number): Promise<number> {
    return this.call('expire', [now]) as Promise<number>;
  }

  commit(): Promise<string | undefined> {
    return this.call('commit', []) as Promise<string | undefined>;
  }

  connected(): Promise<void> {
    return this.call('connected', []) as Promise<void>;
  }

  disconnected(): Promise<void> {
    return this.call('disconnected', []) as Promise<void>;
  }

  takeEffects(): Promise<Effect[]> {
    return this.call('takeEffects', []) as Promise<Effect[]>;
  }

  tellRevisions(tells: boolean): Promise<void> {
    return this.call('tellRevisions', [tells]) as Promise<void>;
  }

  unsaved(): Promise<string | undefined> {
    return this.call('unsaved', []) as Promise<string | undefined>;
  }

  restore(unsaved: string): Promise<number> {
    return this.call('restore', [unsaved]) as Promise<number>;
  }

  unplaced(): Promise<Unplaced[]> {
    return this.call('unplaced', []) as Promise<Unplaced[]>;
  }

  discard(id: number): Promise<boolean> {
    return this.call('discard', [id]) as Promise<boolean>;
  }

  counts(): Promise<Counts> {
    return this.call('counts', []) as Promise<Counts>;
  }

  text(from: number, to: number): Promise<string> {
    return this.call('text', [from, to]) as Promise<string>;
  }

  runs(from: number, to: number): Promise<Uint32Array> {
    return this.call('runs', [from, to]) as Promise<Uint32Array>;
  }

  attribs(number: number): Promise<string[]> {
    return this.call('attribs', [number]) as Promise<string[]>;
  }

  /** As `Pad.flush`; see above for what is typed meanwhile. */
  async flush(): Promise<Patch | undefined> {
    if (this.flushing) throw new WorkerError({ name: 'WorkerError', code: 'bad-argument', message: 'a flush is under way' });
    const flushing: Flushing = { edits: [] };
    this.flushing = flushing;
    let patch: Patch | undefined;
    try {
      patch = (await this.call('flush', [])) as Patch | undefined;
    } finally {
      this.flushing = null;
      for (const { edit, formats, waiting } of flushing.edits) {
        const [moved, rest] = patch ? passed(edit, patch) : [edit, undefined];
        patch = rest ?? patch;
        this.send('edit', [moved.changes, moved.text, formats], waiting);
      }
    }
    return patch;
  }

  edit(changes: Uint32Array, text: string, formats?: FormatName[]): Promise<void> {
    if (!this.flushing) return this.call('edit', [changes, text, formats]) as Promise<void>;
    const { edits } = this.flushing;
    return new Promise((resolve, reject) => {
      edits.push({ edit: { changes, text }, formats, waiting: { resolve: () => resolve(), reject } });
    });
  }

  toggleFormat(from: number, to: number, name: FormatName): Promise<void> {
    return this.call('toggleFormat', [from, to, name]) as Promise<void>;
  }

  hasFormat(from: number, to: number, name: FormatName): Promise<boolean> {
    return this.call('hasFormat', [from, to, name]) as Promise<boolean>;
  }

  formatsAt(position: number): Promise<FormatName[]> {
    return this.call('formatsAt', [position]) as Promise<FormatName[]>;
  }

  clearFormatting(from: number, to: number): Promise<void> {
    return this.call('clearFormatting', [from, to]) as Promise<void>;
  }

  clearAuthorship(from: number, to: number): Promise<void> {
    return this.call('clearAuthorship', [from, to]) as Promise<void>;
  }

  toggleList(from: number, to: number, kind: ListKind): Promise<void> {
    return this.call('toggleList', [from, to, kind]) as Promise<void>;
  }

  indent(from: number, to: number, by: number): Promise<void> {
    return this.call('indent', [from, to, by]) as Promise<void>;
  }

  setHeading(from: number, to: number, level: number): Promise<void> {
    return this.call('setHeading', [from, to, level]) as Promise<void>;
  }

  lineFormat(position: number): Promise<LineFormat> {
    return this.call('lineFormat', [position]) as Promise<LineFormat>;
  }

  enter(from: number, to: number): Promise<number> {
    return this.call('enter', [from, to]) as Promise<number>;
  }

  deleteBackward(position: number): Promise<number | undefined> {
    return this.call('deleteBackward', [position]) as Promise<number | undefined>;
  }

  insertFragment(from: number, to: number, rich: Fragment): Promise<number> {
    return this.call('insertFragment', [from, to, rich]) as Promise<number>;
  }

  exportText(): Promise<string> {
    return this.call('exportText', []) as Promise<string>;
  }

  exportHtml(title: string): Promise<string> {
    return this.call('exportHtml', [title]) as Promise<string>;
  }

  undo(): Promise<boolean> {
    return this.call('undo', []) as Promise<boolean>;
  }

  redo(): Promise<boolean> {
    return this.call('redo', []) as Promise<boolean>;
  }

  /** What is read of a `Pad` without a call, all at one moment. */
  state(): Promise<PadState> {
    return this.call('state', []) as Promise<PadState>;
  }

  /** Ends the worker; what was called and has not been answered is refused. */
  free(): void {
    this.fail(new WorkerError({ name: 'WorkerError', code: 'closed', message: 'the worker was ended' }));
  }

  private call(name: string, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => this.send(name, args, { resolve, reject }));
  }

  private send(name: string, args: unknown[], waiting: Waiting): void {
    if (this.failure) {
      waiting.reject(this.failure);
      return;
    }
    const id = this.next;
    this.next += 1;
    this.waiting.set(id, waiting);
    const call: Call = { id, name, args };
    this.worker.postMessage(call);
  }

  private answer({ id, value, error }: Answer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) waiting?.reject(new WorkerError(error));
    else waiting?.resolve(value);
  }

  private fail(error: WorkerError): void {
    this.failure ??= error;
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
    for (const { waiting } of this.flushing?.edits.splice(0) ?? []) waiting.reject(this.failure);
  }
}

/** What a `Pad` tells of itself. */
export interface PadState {
  rev: number;
  knownRev: number;
  waiting: number;
  length: number;
  author: string;
  saveState: SaveState;
  unsavedVersion: number;
  isReadOnly: boolean;
  isLive: boolean;
  isWaiting: boolean;
  isBehind: boolean;
  isRestoring: boolean;
  hasUncommitted: boolean;
  canUndo: boolean;
  canRedo: boolean;
}
