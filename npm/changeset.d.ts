// Etherpad's module of changesets. The functions have the names, the order of arguments and the results that its own have; lengths and
// positions are UTF-16 code units. What is refused is thrown as an `Error` with `easysync` set, and a `code` where the engine refused it.

import type { SyncInitInput } from './easysync_changeset.js';
import type { Init } from './engine.js';
import type { Attribute, AttributePool, PoolLike } from './attribute-pool.js';
import type { Attribs, OpLike } from './changeset-ops.js';

export * from './attribute-pool.js';
export * from './changeset-ops.js';
export { isTrap } from './engine.js';
export type { SyncInitInput } from './easysync_changeset.js';

/** What functions take for a pool; those that need none may be called without. */
export type Pool = PoolLike | null | undefined;

/** Loads the engine; to be awaited before anything else that computes. Calling it again gives the same promise. */
export const init: Init;
/** Loads the engine without waiting: from its bytes, or a compiled module; in Node, from beside this module if nothing is given. */
export function initSync(source?: SyncInitInput): void;
/** Puts a fresh engine in the place of one that has trapped. */
export const restart: () => void;

/** Text with attributes, as Etherpad's documents travel. */
export interface AText {
  text: string;
  attribs: string;
}

/** Lines that the caller keeps: an array, or an object with the same methods. */
export interface LineList {
  get?(index: number): string;
  length: number | (() => number);
  splice(start: number, removed: number, ...added: string[]): unknown;
}
export type Lines = string[] | LineList;

/** All numbers of a changeset in decimal, for people. */
export function toBaseTen(cs: string): string;
/** Takes a changeset apart, without a look into it. */
export function unpack(cs: string): { oldLen: number; newLen: number; ops: string; charBank: string };
export function pack(oldLen: number, newLen: number, ops: string, bank: string): string;
export function oldLen(cs: string): number;
export function newLen(cs: string): number;
export function identity(length: number): string;
export function isIdentity(cs: string): boolean;
/** Gives a changeset back, and throws if it is not as servers accept it. */
export function checkRep(cs: string): string;

export function applyToText(cs: string, text: string): string;
export function applyToAttribution(cs: string, attribs: string, pool: Pool): string;
export function applyToAText(cs: string, atext: AText, pool: Pool): AText;
export function mutateTextLines(cs: string, lines: Lines): void;
export function mutateAttributionLines(cs: string, lines: Lines, pool: Pool): void;
export function joinAttributionLines(lines: readonly string[]): string;
export function splitAttributionLines(attribs: string, text: string): string[];
/** The lines of a text, each with its newline; null for no text. */
export function splitTextLines(text: string): string[] | null;

export function compose(cs1: string, cs2: string, pool?: Pool): string;
/** Many changesets, one after the other, as one; not one of Etherpad's. */
export function composeAll(changesets: string[], pool?: Pool): string;
export function composeAttributes(attribs1: string, attribs2: string, resultIsMutation: boolean, pool: Pool): string;
/** The second changeset, past the first one. */
export function follow(cs1: string, cs2: string, reverseInsertOrder: boolean, pool?: Pool): string;
export function followAttributes(attribs1: string, attribs2: string, pool: Pool): string;
/** The changeset that takes one back; the lines are those before it. */
export function inverse(cs: string, lines: Lines | null, alines: Lines, pool: Pool): string;

/** Replaces a part of a text. What reaches past its end is cut. */
export function makeSplice(text: string, start: number, removed: number, inserted: string, attribs?: Attribs | null, pool?: Pool): string;
/** What is replaced by what: from, to and new text of each splice. */
export function toSplices(cs: string): [from: number, to: number, text: string][];
/** Where a selected range goes. */
export function characterRangeFollow(cs: string, start: number, end: number, insertionsAfter?: boolean): [start: number, end: number];

/** A changeset or attribution with the numbers that another pool has for the same attributes. */
export function moveOpsToNewPool(cs: string, oldPool: PoolLike, newPool: PoolLike): string;
/** A changeset with a pool that has what it uses and nothing else. */
export function prepareForWire(cs: string, pool: PoolLike): { translated: string; pool: AttributePool };
/** @deprecated Use `deserializeOps` and `decodeAttribString`. */
export function eachAttribNumber(cs: string, callback: (number: number) => void): void;
/** Replaces attribute numbers by what a function gives for them; true leaves a number as it is, what is no number leaves it out. */
export function mapAttribNumbers(cs: string, callback: (number: number) => number | boolean | undefined): string;
export function filterAttribNumbers(cs: string, filter: (number: number) => boolean): string;

/** The attribution of a text without attributes. */
export function makeAttribution(text: string): string;
export function makeAText(text: string, attribs?: string): AText;
export function cloneAText(atext: AText): AText;
export function copyAText(from: AText, to: AText): void;
/** A part of a line's attribution. */
export function subattribution(attribs: string, start: number, end?: number): string;
/** @deprecated Use `AttributeMap`. */
export function opAttributeValue(op: Pick<OpLike, 'attribs'>, key: string, pool: PoolLike): string;
/** @deprecated Use `AttributeMap`. */
export function attribsAttributeValue(attribs: string, key: string, pool: PoolLike): string;
/** A function that tells whether a list of attribute numbers has an attribute. */
export function attributeTester(pair: Attribute, pool: Pool): (attribs: string) => boolean;

/** Makes a changeset step by step; what is not mentioned is kept. */
export class Builder {
  constructor(oldLen: number);
  /** Keeps code units with so many newlines; if there are any, the last one is. */
  keep(chars: number, newlines?: number, attribs?: Attribs, pool?: Pool): this;
  keepText(text: string, attribs?: Attribs, pool?: Pool): this;
  insert(text: string, attribs?: Attribs, pool?: Pool): this;
  remove(chars: number, newlines?: number): this;
  toString(): string;
}
/** @deprecated Use `Builder`. */
export function builder(oldLen: number): Builder;

/** Walks over lines and changes them. Lines that are only passed over are not looked at. */
export class TextLinesMutator {
  constructor(lines: Lines);
  /** Lines that are to be in a splice, since their attributes change, are put in their own place. */
  skip(chars: number, newlines?: number, isInSplice?: boolean): void;
  skipLines(count: number, isInSplice?: boolean): void;
  /** Takes code units out, and gives them back. */
  remove(chars: number, newlines?: number): string;
  removeLines(count: number): string;
  insert(text: string): void;
  /** Whether there is anything of the old lines that was not passed. */
  hasMore(): boolean;
  /** Ends the walk: what is left of the last line stays. */
  close(): void;
}
export function textLinesMutator(lines: Lines): TextLinesMutator;

/** What Etherpad's own tests reach into. */
export const exportedForTestingOnly: {
  TextLinesMutator: typeof TextLinesMutator;
  followAttributes: typeof followAttributes;
  toSplices: typeof toSplices;
};
