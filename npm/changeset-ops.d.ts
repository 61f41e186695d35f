import type { Attribute, PoolLike } from './attribute-pool.js';
import type { AText } from './changeset.js';

export type Opcode = '' | '=' | '-' | '+';

/** A list of attribute numbers such as `*0*1a`, or pairs. */
export type Attribs = string | Attribute[];

/** One step of a changeset or attribution. */
export class Op {
  constructor(opcode?: Opcode);
  /** Empty if there is no op. */
  opcode: Opcode;
  /** How many code units it covers, and how many of them are newlines. */
  chars: number;
  lines: number;
  attribs: string;
  toString(): string;
}

/** The members of an op: any object with them will do. */
export type OpLike = Pick<Op, 'opcode' | 'chars' | 'lines' | 'attribs'>;

export function newOp(opcode?: Opcode): Op;
export function clearOp(op: OpLike): void;
export function cloneOp(op: OpLike): Op;
export function copyOp<To extends OpLike = Op>(from: OpLike, to?: To): To;
export function opString(op: OpLike): string;
/** The first op of a text; one without opcode if there is none. */
export function stringOp(text: string): Op;

/** The ops of a text, up to its end or a `$`. */
export function deserializeOps(text: string): Generator<Op>;

/** The ops of a text, one ahead of what is asked. */
export class OpIterator {
  constructor(text: string, start?: number);
  hasNext(): boolean;
  /** The next op, written into one that is given; past the last one, an op without opcode. */
  next(into?: Op): Op;
  /** Where the op begins that comes next. */
  lastIndex(): number;
}
/** @deprecated Use `deserializeOps`. */
export function opIterator(text: string, start?: number): OpIterator;

/** Writes ops down as they come. */
export class OpAssembler {
  append(op: OpLike): void;
  toString(): string;
  clear(): void;
}

/** Merges neighbours, and leaves the order as it is. */
export class MergingOpAssembler extends OpAssembler {
  /** What was appended goes to the end of the document: a plain keep there is left out. */
  endDocument(): void;
}

/** Makes ops canonical: between keeps, all removals before all inserts, and neighbours merged. */
export class SmartOpAssembler extends MergingOpAssembler {
  /** @deprecated Append the ops of `opsFromText`. */
  appendOpWithText(opcode: Opcode, text: string, attribs?: Attribs, pool?: PoolLike | null): void;
  /** How much longer the document becomes. */
  getLengthChange(): number;
}

export function opAssembler(): OpAssembler;
export function mergingOpAssembler(): MergingOpAssembler;
export function smartOpAssembler(): SmartOpAssembler;

/** @deprecated Use `AttributeMap`. */
export function makeAttribsString(opcode: Opcode, attribs?: Attribs | null, pool?: PoolLike | null): string;

/** Ops over a text: one up to its last newline, if it has any, and one for the rest. */
export function opsFromText(opcode: Opcode, text: string, attribs?: Attribs, pool?: PoolLike | null): Generator<Op>;
/** The ops of a text with attributes, without its last newline. */
export function opsFromAText(atext: AText): Generator<Op>;
/** @deprecated Append the ops of `opsFromAText`. */
export function appendATextToAssembler(atext: AText, assembler: OpAssembler): void;

/** Takes a text piece by piece. */
export interface StringIterator {
  take(length: number): string;
  peek(length: number): string;
  skip(length: number): void;
  remaining(): number;
  /** How many newlines were not taken. */
  newlines(): number;
}
export interface StringAssembler {
  append(text: string): void;
  toString(): string;
}
export function stringIterator(text: string): StringIterator;
export function stringAssembler(): StringAssembler;
