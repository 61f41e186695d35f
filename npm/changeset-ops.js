// Ops as JavaScript objects: read from text, gathered, written. What is gathered is put in order by the engine.

import { assert, AttributeMap, error, numToString, parseNum } from './attribute-pool.js';
import { engine, plain } from './changeset-engine.js';

/** One step of a changeset or attribution. */
export class Op {
  constructor(opcode = '') {
    /** `=`, `-` or `+`; empty if there is no op. */
    this.opcode = opcode;
    /** How many code units it covers, and how many of them are newlines. */
    this.chars = 0;
    this.lines = 0;
    /** A list of attribute numbers. */
    this.attribs = '';
  }

  toString() {
    if (!this.opcode) throw new TypeError('an op without an opcode');
    if (typeof this.attribs !== 'string') throw new TypeError('attribs must be a string');
    return opString(this);
  }
}

export const newOp = (opcode) => new Op(opcode);
export const clearOp = (op) => void Object.assign(op, new Op());
export const cloneOp = (op) => copyOp(op);

export function copyOp(from, to = new Op()) {
  const { opcode, chars, lines, attribs } = from;
  return Object.assign(to, { opcode, chars, lines, attribs });
}

export function opString({ opcode, chars, lines, attribs }) {
  return opcode ? `${attribs}${lines ? `|${numToString(lines)}` : ''}${opcode}${numToString(chars)}` : 'null';
}

/** The first op of a text; one without opcode if there is none. */
export const stringOp = (text) => new OpIterator(text).next();

/** The ops of a text, up to its end or a `$`. Line breaks between them are passed over. */
export function* deserializeOps(text) {
  const iterator = new OpIterator(text);
  while (iterator.hasNext()) yield iterator.next();
}

/** The ops of a text, one ahead of what is asked. */
export class OpIterator {
  #pattern = /((?:\*[0-9a-z]+)*)(?:\|([0-9a-z]+))?([-+=])([0-9a-z]+)/y;
  #text;
  #start;
  #next;

  constructor(text, start = 0) {
    this.#text = text;
    this.#pattern.lastIndex = start;
    this.#read();
  }

  hasNext() {
    return this.#next !== null;
  }

  /** The next op, written into one that is given; past the last one, an op without opcode. */
  next(into = new Op()) {
    if (this.#next === null) {
      clearOp(into);
    } else {
      const [, attribs, lines, opcode, chars] = this.#next;
      Object.assign(into, { opcode, chars: parseNum(chars), lines: lines === undefined ? 0 : parseNum(lines), attribs });
      this.#read();
    }
    return into;
  }

  /** Where the op begins that comes next. */
  lastIndex() {
    return this.#start;
  }

  #read() {
    const text = this.#text;
    let at = this.#pattern.lastIndex;
    while (at < text.length && '\n\r\u2028\u2029'.includes(text[at])) at++;
    this.#start = at;
    this.#pattern.lastIndex = at;
    this.#next = at === text.length || text[at] === '$' ? null : this.#pattern.exec(text);
    if (this.#next === null && at < text.length && text[at] !== '$') error(`invalid operation: ${text.slice(at)}`);
  }
}

export const opIterator = (text, start) => new OpIterator(text, start);

/** Writes ops down as they come. */
export class OpAssembler {
  #text = '';

  append(op) {
    this.#text += opString(op);
  }

  toString() {
    return this.#text;
  }

  clear() {
    this.#text = '';
  }
}

/** Gathers ops, for the engine to put in order when the text is asked for. What was asked for is done with. */
class Gatherer {
  #done = '';
  #ops = '';
  #order;
  #ends = false;

  constructor(order) {
    this.#order = order;
  }

  append(op) {
    if (op.opcode && op.chars) this.#ops += opString(op);
  }

  toString() {
    if (this.#ops !== '') {
      this.#done += plain('assembling ops', () => this.#order(this.#ops, this.#ends));
      this.#ops = '';
    }
    return this.#done;
  }

  clear() {
    this.#done = this.#ops = '';
    this.#ends = false;
  }

  /** What was appended goes to the end of the document: a plain keep there is left out. */
  endDocument() {
    this.#ends = true;
    this.toString();
    this.#ends = false;
  }
}

/** Merges neighbours, and leaves the order as it is. */
export class MergingOpAssembler extends Gatherer {
  constructor() {
    super((ops, ends) => engine.merge(ops, ends));
  }
}

/** Makes ops canonical: between keeps, all removals before all inserts, and neighbours merged. */
export class SmartOpAssembler extends Gatherer {
  #lengthChange = 0;

  constructor() {
    super((ops, ends) => engine.assemble(ops, ends));
  }

  append(op) {
    super.append(op);
    if (op.opcode === '+') this.#lengthChange += op.chars;
    if (op.opcode === '-') this.#lengthChange -= op.chars;
  }

  /** Appends ops over a text. */
  appendOpWithText(opcode, text, attribs, pool) {
    for (const op of opsFromText(opcode, text, attribs, pool)) this.append(op);
  }

  clear() {
    super.clear();
    this.#lengthChange = 0;
  }

  /** How much longer the document becomes. */
  getLengthChange() {
    return this.#lengthChange;
  }
}

export const opAssembler = () => new OpAssembler();
export const mergingOpAssembler = () => new MergingOpAssembler();
export const smartOpAssembler = () => new SmartOpAssembler();

/** A list of attribute numbers, from one or from pairs. */
const attribsText = (opcode, attribs, pool) => (typeof attribs === 'string' ? attribs : new AttributeMap(pool).update(attribs || [], opcode === '+').toString());

export function makeAttribsString(opcode, attribs, pool) {
  return attribs && (opcode === '=' || opcode === '+') ? attribsText(opcode, attribs, pool) : '';
}

const countNewlines = (text) => text.split('\n').length - 1;

/** Ops over a text: one up to its last newline, if it has any, and one for the rest. */
export function* opsFromText(opcode, text, attribs = '', pool = null) {
  const whole = text.lastIndexOf('\n') + 1;
  const op = (chars, lines) => Object.assign(new Op(opcode), { chars, lines, attribs: list });
  const list = attribsText(opcode, attribs, pool);
  if (whole > 0) yield op(whole, countNewlines(text));
  yield op(text.length - whole, 0);
}

/** The ops of a text with attributes, without its last newline. */
export function* opsFromAText({ text, attribs }) {
  let last;
  for (const op of deserializeOps(attribs)) {
    if (last) yield last;
    last = op;
  }
  if (!last) return;
  if (last.lines > 1) {
    const lineStart = text.lastIndexOf('\n', text.length - 2) + 1;
    const chars = text.length - 1 - lineStart;
    yield Object.assign(copyOp(last), { chars: last.chars - chars - 1, lines: last.lines - 1 });
    last.chars = chars;
  } else {
    last.chars -= 1;
  }
  last.lines = 0;
  if (last.chars) yield last;
}

export function appendATextToAssembler(atext, assembler) {
  for (const op of opsFromAText(atext)) assembler.append(op);
}

/** Takes a text piece by piece. */
class StringIterator {
  #text;
  #at = 0;
  #newlines;

  constructor(text) {
    this.#text = text;
    this.#newlines = countNewlines(text);
  }

  take(length) {
    const piece = this.peek(length);
    this.#at += length;
    this.#newlines -= countNewlines(piece);
    return piece;
  }

  peek(length) {
    this.#need(length);
    return this.#text.substr(this.#at, length);
  }

  skip(length) {
    this.#need(length);
    this.#at += length;
  }

  remaining() {
    return this.#text.length - this.#at;
  }

  /** How many newlines were not taken. */
  newlines() {
    return this.#newlines;
  }

  #need(length) {
    assert(length <= this.remaining(), '!(', length, ' <= ', this.remaining(), ')');
  }
}

class StringAssembler {
  #text = '';

  append(text) {
    this.#text += String(text);
  }

  toString() {
    return this.#text;
  }
}

export const stringIterator = (text) => new StringIterator(text);
export const stringAssembler = () => new StringAssembler();
