/** Key and value. An empty value, as a change, means that the key goes. */
export type Attribute = [key: string, value: string];

/** A pool as it goes over the wire. */
export interface JsonablePool {
  numToAttrib: Record<string, Attribute>;
  nextNum: number;
}

/** What functions need of a pool: Etherpad's own will do. */
export interface PoolLike extends JsonablePool {
  putAttrib(attrib: Attribute, dontAddIfAbsent?: boolean): number;
  getAttrib(number: number): Attribute | undefined;
  getAttribKey(number: number): string;
  getAttribValue(number: number): string;
}

/** Numbers for pairs of key and value. */
export class AttributePool implements PoolLike {
  numToAttrib: Record<string, Attribute>;
  /** From `key,value` to number. */
  attribToNum: Record<string, number>;
  nextNum: number;
  /** The number of a pair, a new one if it has none; or -1, if nothing is to be added. */
  putAttrib(attrib: Attribute, dontAddIfAbsent?: boolean): number;
  /** A copy of the pair of a number. */
  getAttrib(number: number): Attribute | undefined;
  getAttribKey(number: number): string;
  getAttribValue(number: number): string;
  eachAttrib(callback: (key: string, value: string) => void): void;
  /** What goes over the wire. It shares the pool's table. */
  toJsonable(): JsonablePool;
  /** Takes over a table that came over the wire. */
  fromJsonable(jsonable: JsonablePool): this;
  clone(): AttributePool;
  /** Throws unless the numbers are 0 to nextNum - 1 and both tables say the same. */
  check(): void;
}

/** The attributes of one op, by key. What is set gets a number in the pool. */
export class AttributeMap extends Map<string, string> {
  static fromString(text: string, pool: PoolLike): AttributeMap;
  constructor(pool?: PoolLike | null);
  /** The list of numbers, in canonical order. */
  toString(): string;
  /** Sets pairs; an empty value can mean that the key goes. */
  update(entries: Iterable<Attribute>, emptyValueIsDelete?: boolean): this;
  updateFromString(text: string, emptyValueIsDelete?: boolean): this;
}

export function numToString(number: number): string;
export function parseNum(text: string): number;

/** Throws an error with `easysync` set, as all errors of this module have it. */
export function error(message: string): never;
export function assert(isTrue: unknown, ...parts: unknown[]): asserts isTrue;

/** The numbers in a list such as `*0*1a`. */
export function decodeAttribString(text: string): Generator<number>;
export function encodeAttribString(numbers: Iterable<number>): string;
export function attribsFromNums(numbers: Iterable<number>, pool: PoolLike): Generator<Attribute>;
export function attribsToNums(attribs: Iterable<Attribute>, pool: PoolLike): Generator<number>;
export function attribsFromString(text: string, pool: PoolLike): Generator<Attribute>;
export function attribsToString(attribs: Iterable<Attribute>, pool: PoolLike): string;
/** Sorts pairs in place, by key, in the order of code units. */
export function sort(attribs: Attribute[]): Attribute[];
