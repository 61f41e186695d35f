// A pad's text and its changes as deltas, the format of the Quill editor and of the package quill-delta.
//
// A position of a delta is the same position of the pad. So the marker of a list item or heading is a character here as it is there, a `*` at the beginning
// of its line with the attribute `lmkr`; Quill's own lists and headings, which are attributes of the newline, are something else.

import type { FormatName, Pad, Patch } from '../index.js';
import { PadError } from './errors.js';
import { splices } from './splices.js';

/** Formats that can be set have Quill's names and the value true; whatever else the pad has (`author`, `list`, `lmkr`) has the pad's names and texts. */
export type DeltaAttributes = Record<string, string | boolean | null>;

/** One step of a delta. */
export interface DeltaOp {
  insert?: string | Record<string, unknown>;
  delete?: number;
  retain?: number | Record<string, unknown>;
  attributes?: Record<string, unknown>;
}

/** Steps of deltas as they come from a pad. */
export type PadDeltaOp =
  | { insert: string; attributes?: DeltaAttributes }
  | { delete: number }
  | { retain: number; attributes?: DeltaAttributes };

/** What is read of an engine: a `Pad`, or the `Slider` of a history. */
export type DeltaSource = Pick<Pad, 'length' | 'text' | 'runs' | 'attribs'>;

/** What is used of a pad that is edited; `OnlinePad` is one. */
export interface DeltaPad {
  readonly engine: DeltaSource & Pick<Pad, 'toggleFormat'>;
  splice(changes: Uint32Array, inserted: string, formats?: FormatName[]): void;
  changed(): void;
}

const FORMATS: readonly (readonly [pad: FormatName, quill: string])[] = [
  ['bold', 'bold'],
  ['italic', 'italic'],
  ['underline', 'underline'],
  ['strikethrough', 'strike'],
];
const toQuill = new Map<string, string>(FORMATS);

/** Tells what a pad shows, and what changes in it, as deltas. */
export class DeltaReader {
  /** All names of attributes that were told, so that it can be told where one is not any more. */
  private readonly names = new Set<string>();
  private readonly sets = new Map<number, DeltaAttributes>();

  /** `source` gives the engine, which may be another one at another time. */
  constructor(private readonly source: () => DeltaSource) {}

  /** The whole document. */
  document(): PadDeltaOp[] {
    const { length } = this.source();
    return this.inserted(0, length);
  }

  /** What a patch changed. To be called before anything else changes: what was inserted is read from the engine. */
  patch(patch: Patch): PadDeltaOp[] {
    const ops: PadDeltaOp[] = [];
    // Positions of the text after the patch, and how far those of the text before are from them.
    let [at, shift] = [0, 0];
    for (const { from, to, insert } of splices(patch)) {
      ops.push(...this.kept(at, from + shift, patch.formatted), ...this.inserted(from + shift, from + shift + insert.length));
      if (to > from) ops.push({ delete: to - from });
      at = from + shift + insert.length;
      shift += insert.length - (to - from);
    }
    ops.push(...this.kept(at, this.source().length, patch.formatted));
    return merged(ops);
  }

  private inserted(from: number, to: number): PadDeltaOp[] {
    const source = this.source();
    return this.runs(from, to).map(([start, end, attributes]) => {
      const insert = source.text(start, end);
      return Object.keys(attributes).length === 0 ? { insert } : { insert, attributes: { ...attributes } };
    });
  }

  private kept(from: number, to: number, formatted: Uint32Array): PadDeltaOp[] {
    const ops: PadDeltaOp[] = [];
    let at = from;
    for (let i = 0; i + 1 < formatted.length; i += 2) {
      const start = Math.max(at, formatted[i] ?? 0);
      const end = Math.min(to, formatted[i + 1] ?? 0);
      if (start >= end) continue;
      if (start > at) ops.push({ retain: start - at });
      for (const [first, last, attributes] of this.runs(start, end)) ops.push({ retain: last - first, attributes: this.whole(attributes) });
      at = end;
    }
    if (to > at) ops.push({ retain: to - at });
    return ops;
  }

  /** Attributes with a `null` for each that may have been there before. */
  private whole(attributes: DeltaAttributes): DeltaAttributes {
    return { ...Object.fromEntries([...this.names].map((name) => [name, null])), ...attributes };
  }

  private runs(from: number, to: number): [from: number, to: number, DeltaAttributes][] {
    if (from >= to) return [];
    const source = this.source();
    const runs: [number, number, DeltaAttributes][] = [];
    const flat = source.runs(from, to);
    let at = from;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const [length = 0, number = 0] = flat.subarray(i, i + 2);
      runs.push([at, at + length, this.attributes(source, number)]);
      at += length;
    }
    return runs;
  }

  private attributes(source: DeltaSource, number: number): DeltaAttributes {
    const known = this.sets.get(number);
    if (known) return known;
    const attributes: DeltaAttributes = {};
    const pairs = source.attribs(number);
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const [key = '', value = ''] = pairs.slice(i, i + 2);
      // An empty value says that there is nothing.
      if (value === '') continue;
      const format = toQuill.get(key);
      attributes[format ?? key] = format === undefined ? value : true;
    }
    for (const name of Object.keys(attributes)) this.names.add(name);
    this.sets.set(number, attributes);
    return attributes;
  }
}

/** Neighbours that say the same become one; what is kept at the end goes without saying. */
function merged(ops: readonly PadDeltaOp[]): PadDeltaOp[] {
  const result: PadDeltaOp[] = [];
  for (const op of ops) {
    const last = result.at(-1);
    if (last && 'retain' in last && 'retain' in op && !last.attributes && !op.attributes) last.retain += op.retain;
    else result.push({ ...op });
  }
  const last = result.at(-1);
  if (last && 'retain' in last && !last.attributes) result.pop();
  return result;
}

/**
 * Makes in a pad what a delta says, as when the user of a Quill editor has typed. Bold, italic, underline and strike are set and taken away; other
 * attributes are left alone.
 *
 * @throws {PadError} `bad-delta` if it does not fit the text, or puts in something that is not text; nothing has changed then.
 */
export function applyDelta(pad: DeltaPad, delta: readonly DeltaOp[] | { readonly ops: readonly DeltaOp[] }): void {
  const ops = 'ops' in delta ? delta.ops : delta;
  check(ops, pad.engine.length);
  let at = 0;
  for (const { insert, delete: removed, retain, attributes = {} } of ops) {
    if (typeof insert === 'string') {
      pad.splice(Uint32Array.of(at, at, insert.length), insert, FORMATS.filter(([, name]) => attributes[name]).map(([name]) => name));
      at += insert.length;
    } else if (typeof removed === 'number') {
      pad.splice(Uint32Array.of(at, at + removed, 0), '');
    } else if (typeof retain === 'number') {
      format(pad, at, at + retain, attributes);
      at += retain;
    }
  }
  pad.changed();
}

/** Sets formats and takes them away, stretch by stretch: a stretch has a format as a whole, or has it not. */
function format(pad: DeltaPad, from: number, to: number, attributes: Record<string, unknown>): void {
  const { engine } = pad;
  const wanted = FORMATS.filter(([, quill]) => attributes[quill] !== undefined);
  if (wanted.length === 0 || from >= to) return;
  const flat = engine.runs(from, to);
  let at = from;
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [length = 0, number = 0] = flat.subarray(i, i + 2);
    const pairs = engine.attribs(number);
    for (const [name, quill] of wanted) {
      const has = pairs.some((key, index) => index % 2 === 0 && key === name && pairs[index + 1] !== '');
      if (has !== Boolean(attributes[quill])) engine.toggleFormat(at, at + length, name);
    }
    at += length;
  }
}

function check(ops: readonly DeltaOp[], length: number): void {
  let used = 0;
  for (const op of ops) {
    const { insert, delete: removed, retain } = op;
    const span = removed ?? retain ?? 0;
    if (insert !== undefined && typeof insert !== 'string') throw new PadError('bad-delta', 'a pad holds text and nothing else');
    if (typeof span !== 'number' || !Number.isInteger(span) || span < 0) throw new PadError('bad-delta', `a delta cannot span ${JSON.stringify(span)}`);
    used += span;
    if (removed !== undefined && used >= length) throw new PadError('bad-delta', `the final newline at ${length - 1} cannot be removed`);
  }
  if (used > length) throw new PadError('bad-delta', `the delta is for a text of ${used} or more, that of the pad is ${length} long`);
}
