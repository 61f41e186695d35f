// Etherpad's tables of attributes. They are plain JavaScript, since plugins read and fill them as they are.

/** A number as changesets write it. */
export const numToString = (number) => number.toString(36);
export const parseNum = (text) => Number.parseInt(text, 36);

/** Throws what callers know by `error.easysync`. */
export function error(message) {
  throw Object.assign(new Error(message), { easysync: true });
}

export function assert(isTrue, ...parts) {
  if (!isTrue) error(`Failed assertion: ${parts.join('')}`);
}

/** Numbers for pairs of key and value. */
export class AttributePool {
  constructor() {
    /** From number to pair. */
    this.numToAttrib = {};
    /** From `key,value` to number. */
    this.attribToNum = {};
    this.nextNum = 0;
  }

  /** The number of a pair, a new one if it has none; or -1, if nothing is to be added. */
  putAttrib(attrib, dontAddIfAbsent = false) {
    const name = String(attrib);
    if (Object.hasOwn(this.attribToNum, name)) return this.attribToNum[name];
    if (dontAddIfAbsent) return -1;
    const number = this.nextNum++;
    this.attribToNum[name] = number;
    this.numToAttrib[number] = [String(attrib[0] || ''), String(attrib[1] || '')];
    return number;
  }

  /** A copy of the pair of a number, or undefined. */
  getAttrib(number) {
    const pair = this.numToAttrib[number];
    return pair && [pair[0], pair[1]];
  }

  getAttribKey(number) {
    const pair = this.numToAttrib[number];
    return pair ? pair[0] : '';
  }

  getAttribValue(number) {
    const pair = this.numToAttrib[number];
    return pair ? pair[1] : '';
  }

  eachAttrib(callback) {
    for (const [key, value] of Object.values(this.numToAttrib)) callback(key, value);
  }

  /** What goes over the wire. It shares the pool's table. */
  toJsonable() {
    return { numToAttrib: this.numToAttrib, nextNum: this.nextNum };
  }

  /** Takes over a table that came over the wire. */
  fromJsonable(jsonable) {
    this.numToAttrib = jsonable.numToAttrib;
    this.nextNum = jsonable.nextNum;
    this.attribToNum = {};
    for (const [number, pair] of Object.entries(this.numToAttrib)) this.attribToNum[String(pair)] = Number(number);
    return this;
  }

  clone() {
    const copy = new AttributePool();
    for (const [number, pair] of Object.entries(this.numToAttrib)) copy.numToAttrib[number] = [pair[0], pair[1]];
    Object.assign(copy.attribToNum, this.attribToNum);
    copy.nextNum = this.nextNum;
    return copy;
  }

  /** Throws unless the numbers are 0 to nextNum - 1 and both tables say the same. */
  check() {
    if (!Number.isInteger(this.nextNum) || this.nextNum < 0) error('the pool has no next number');
    const numbers = Object.keys(this.numToAttrib).length;
    if (numbers !== this.nextNum) error(`the pool has ${numbers} attributes, and ${this.nextNum} for the next number`);
    if (Object.keys(this.attribToNum).length !== this.nextNum) error('an attribute of the pool has several numbers');
    for (let number = 0; number < this.nextNum; number++) {
      const pair = this.numToAttrib[number];
      const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
      if (!isPair || this.attribToNum[String(pair)] !== number) error(`number ${number} of the pool is not an attribute`);
    }
  }
}

/** The numbers in a list such as `*0*1a`. */
export function* decodeAttribString(text) {
  if (typeof text !== 'string') throw new TypeError('an attribute list is a string');
  const number = /\*([0-9a-z]+)/y;
  while (number.lastIndex < text.length) {
    const at = number.lastIndex;
    const found = number.exec(text);
    if (!found) error(`unexpected '${text[at]}' at ${at} of the attribute list ${text}`);
    yield parseNum(found[1]);
  }
}

export function encodeAttribString(numbers) {
  let text = '';
  for (const number of numbers) {
    if (typeof number !== 'number') throw new TypeError(`not a number: ${number}`);
    if (!(Number.isInteger(number) && number >= 0)) error(`not an attribute number: ${number}`);
    text += `*${numToString(number)}`;
  }
  return text;
}

export function* attribsFromNums(numbers, pool) {
  for (const number of numbers) {
    if (typeof number !== 'number') throw new TypeError(`not a number: ${number}`);
    if (!(Number.isInteger(number) && number >= 0)) error(`not an attribute number: ${number}`);
    yield pool.getAttrib(number) ?? error(`the pool has no attribute ${number}`);
  }
}

export function* attribsToNums(attribs, pool) {
  for (const attrib of attribs) yield pool.putAttrib(attrib);
}

export const attribsFromString = (text, pool) => attribsFromNums(decodeAttribString(text), pool);
export const attribsToString = (attribs, pool) => encodeAttribString(attribsToNums(attribs, pool));

/** Sorts pairs in place, by key, in the order of code units. */
export const sort = (attribs) => attribs.sort(([a], [b]) => (a > b ? 1 : 0) - (a < b ? 1 : 0));

const textOf = (value) => (value === null || value === undefined ? '' : String(value));

/** The attributes of one op, by key. What is set gets a number in the pool. */
export class AttributeMap extends Map {
  static fromString(text, pool) {
    return new AttributeMap(pool).updateFromString(text);
  }

  constructor(pool) {
    super();
    this.pool = pool;
  }

  set(key, value) {
    const pair = [textOf(key), textOf(value)];
    this.pool.putAttrib(pair);
    return super.set(...pair);
  }

  /** The list of numbers, in canonical order. */
  toString() {
    return attribsToString(sort([...this]), this.pool);
  }

  /** Sets pairs; an empty value can mean that the key goes. */
  update(entries, emptyValueIsDelete = false) {
    for (const [key, value] of entries) {
      if (emptyValueIsDelete && textOf(value) === '') this.delete(textOf(key));
      else this.set(key, value);
    }
    return this;
  }

  updateFromString(text, emptyValueIsDelete = false) {
    return this.update(attribsFromString(text, this.pool), emptyValueIsDelete);
  }
}
