// Etherpad's module of changesets: the functions that its editor, its server and plugins call, with the engine behind them.

import { assert, AttributePool, error, numToString, parseNum } from './attribute-pool.js';
import { engine, plain, withPool } from './changeset-engine.js';
import { reader, spliceLines, TextLinesMutator } from './changeset-lines.js';
import { deserializeOps, makeAttribsString, opsFromText, smartOpAssembler } from './changeset-ops.js';

export { init, initSync, restart } from './changeset-engine.js';
export { isTrap } from './engine.js';
export * from './attribute-pool.js';
export * from './changeset-ops.js';
export { TextLinesMutator };

/** All numbers of a changeset in decimal, for people. */
export const toBaseTen = (cs) => beforeBank(cs, (ops) => ops.replace(/[0-9a-z]+/g, (number) => String(parseNum(number))));

/** Changes the part of a changeset or attribution before its char bank. */
function beforeBank(text, change) {
  const at = text.indexOf('$');
  return at < 0 ? change(text) : change(text.slice(0, at)) + text.slice(at);
}

/** Takes a changeset apart, without a look into it. */
export function unpack(cs) {
  const header = /^Z:([0-9a-z]+)([><])([0-9a-z]+)/.exec(cs);
  if (!header) error(`Not a changeset: ${cs}`);
  const [{ length }, oldText, sign, changeText] = header;
  const oldLen = parseNum(oldText);
  const change = parseNum(changeText);
  const bank = cs.indexOf('$');
  const end = bank < 0 ? cs.length : bank;
  return { oldLen, newLen: sign === '>' ? oldLen + change : oldLen - change, ops: cs.slice(length, end), charBank: cs.slice(end + 1) };
}

export function pack(oldLen, newLen, ops, bank) {
  const change = newLen - oldLen;
  return `Z:${numToString(oldLen)}${change < 0 ? '<' : '>'}${numToString(Math.abs(change))}${ops}$${bank}`;
}

export const oldLen = (cs) => unpack(cs).oldLen;
export const newLen = (cs) => unpack(cs).newLen;
export const identity = (length) => pack(length, length, '', '');

export function isIdentity(cs) {
  const { oldLen: before, newLen: after, ops } = unpack(cs);
  return ops === '' && before === after;
}

/** Gives a changeset back, and throws if it is not as servers accept it. */
export function checkRep(cs) {
  plain('checkRep', () => engine.checkRep(cs));
  return cs;
}

export const applyToText = (cs, text) => plain('applyToText', () => engine.applyToText(cs, text));
export const applyToAttribution = (cs, attribs, pool) => withPool('applyToAttribution', pool, (copy) => engine.applyToAttribution(cs, attribs, copy));
export const applyToAText = (cs, atext, pool) => ({ text: applyToText(cs, atext.text), attribs: applyToAttribution(cs, atext.attribs, pool) });

/** Changes a list of text lines. */
export function mutateTextLines(cs, lines) {
  const { ops: text, charBank } = unpack(cs);
  const ops = [...deserializeOps(text)];
  const inserted = ops.reduce((sum, { opcode, chars }) => sum + (opcode === '+' ? chars : 0), 0);
  assert(inserted <= charBank.length, 'the char bank has ', charBank.length, ' of ', inserted);
  const mutator = new TextLinesMutator(lines);
  let used = 0;
  for (const { opcode, chars, lines: newlines, attribs } of ops) {
    if (opcode === '=') mutator.skip(chars, newlines, attribs !== '');
    else if (opcode === '-') mutator.remove(chars, newlines);
    else mutator.insert(charBank.slice(used, (used += chars)));
  }
  mutator.close();
}

/** Changes a list of the attributions of lines. */
export function mutateAttributionLines(cs, lines, pool) {
  const splices = withPool('mutateAttributionLines', pool, (copy) => engine.applyToLines(cs, reader(lines), copy));
  for (let at = 0; at < splices.length; at += 3) spliceLines(lines, splices[at], splices[at + 1], splices[at + 2]);
}

export const textLinesMutator = (lines) => new TextLinesMutator(lines);
export const joinAttributionLines = (lines) => plain('joinAttributionLines', () => engine.merge(lines.join(''), false));
export const splitAttributionLines = (attribs, text) => plain('splitAttributionLines', () => engine.splitAttributionLines(attribs, text));

/** The lines of a text, each with its newline; null for no text. */
export const splitTextLines = (text) => text.match(/[^\n]*\n|[^\n]+/g);

export const compose = (cs1, cs2, pool) => withPool('compose', pool, (copy) => engine.compose(cs1, cs2, copy));
/** Many changesets, one after the other, as one. */
export const composeAll = (changesets, pool) => withPool('composeAll', pool, (copy) => engine.composeAll(changesets, copy));
export const composeAttributes = (attribs1, attribs2, resultIsMutation, pool) => withPool('composeAttributes', pool, (copy) => engine.composeAttributes(attribs1, attribs2, Boolean(resultIsMutation), copy));
/** The second changeset, past the first one. */
export const follow = (cs1, cs2, reverseInsertOrder, pool) => withPool('follow', pool, (copy) => engine.follow(cs1, cs2, Boolean(reverseInsertOrder), copy));
export const followAttributes = (attribs1, attribs2, pool) => withPool('followAttributes', pool, (copy) => engine.followAttributes(attribs1, attribs2, copy));
/** The changeset that takes one back; the lines are those before it. */
export const inverse = (cs, lines, alines, pool) => withPool('inverse', pool, (copy) => engine.inverse(cs, reader(lines), reader(alines), copy));

/** Replaces a part of a text. What reaches past its end is cut. */
export function makeSplice(text, start, removed, inserted, attribs, pool) {
  assert(start >= 0, 'start index must be non-negative, is ', start);
  assert(removed >= 0, 'the number of characters to remove must be non-negative, is ', removed);
  const from = Math.min(start, text.length);
  const list = makeAttribsString('+', attribs, pool);
  return plain('makeSplice', () => engine.splice(text, from, Math.min(removed, text.length - from), inserted, list));
}

/** What is replaced by what: from, to and new text of each splice. */
export function toSplices(cs) {
  const flat = plain('toSplices', () => engine.toSplices(cs));
  return Array.from({ length: flat.length / 3 }, (_, index) => flat.slice(3 * index, 3 * index + 3));
}

/** Where a selected range goes. */
export const characterRangeFollow = (cs, start, end, insertionsAfter) => Array.from(plain('characterRangeFollow', () => engine.characterRangeFollow(cs, start, end, Boolean(insertionsAfter))));

/** A changeset or attribution with the numbers that another pool has for the same attributes. */
export const moveOpsToNewPool = (cs, oldPool, newPool) => mapAttribNumbers(cs, (number) => {
  const pair = oldPool.getAttrib(number);
  return pair && newPool.putAttrib(pair);
});

/** A changeset with a pool that has what it uses and nothing else. */
export function prepareForWire(cs, pool) {
  const wirePool = new AttributePool();
  return { translated: moveOpsToNewPool(cs, pool, wirePool), pool: wirePool };
}

export function eachAttribNumber(cs, callback) {
  mapAttribNumbers(cs, (number) => {
    callback(number);
  });
}

/** Replaces attribute numbers by what a function gives for them; true leaves a number as it is, what is no number leaves it out. */
export const mapAttribNumbers = (cs, callback) => beforeBank(cs, (ops) => ops.replace(/\*([0-9a-z]+)/g, (text, number) => {
  const mapped = callback(parseNum(number));
  if (mapped === true) return text;
  return typeof mapped === 'number' ? `*${numToString(mapped)}` : '';
}));

export const filterAttribNumbers = (cs, filter) => mapAttribNumbers(cs, filter);

/** The attribution of a text without attributes. */
export function makeAttribution(text) {
  const assembler = smartOpAssembler();
  for (const op of opsFromText('+', text)) assembler.append(op);
  return assembler.toString();
}

export const makeAText = (text, attribs) => ({ text, attribs: attribs || makeAttribution(text) });

export function cloneAText(atext) {
  if (!atext) error('atext is null');
  return { text: atext.text, attribs: atext.attribs };
}

export function copyAText(from, to) {
  to.text = from.text;
  to.attribs = from.attribs;
}

/** A part of a line's attribution. */
export const subattribution = (attribs, start, end) => plain('subattribution', () => engine.subattribution(attribs, start, end ?? undefined));

export const opAttributeValue = (op, key, pool) => attribsAttributeValue(op.attribs, key, pool);

/** The value that a list of attribute numbers gives to a key, or an empty string. */
export function attribsAttributeValue(attribs, key, pool) {
  let value = '';
  eachAttribNumber(attribs, (number) => {
    if (pool.getAttribKey(number) === key) value = pool.getAttribValue(number);
  });
  return value;
}

/** A function that tells whether a list of attribute numbers has an attribute. */
export function attributeTester(pair, pool) {
  const number = pool ? pool.putAttrib(pair, true) : -1;
  if (number < 0) return () => false;
  const wanted = new RegExp(`\\*${numToString(number)}(?![0-9a-z])`);
  return (attribs) => wanted.test(attribs);
}

/** Makes a changeset step by step. */
export class Builder {
  #oldLen;
  #ops = smartOpAssembler();
  #bank = '';

  constructor(length) {
    this.#oldLen = length;
  }

  keep(chars, newlines = 0, attribs = '', pool = null) {
    return this.#append('=', chars, newlines, makeAttribsString('=', attribs, pool));
  }

  keepText(text, attribs = '', pool = null) {
    for (const op of opsFromText('=', text, attribs, pool)) this.#ops.append(op);
    return this;
  }

  insert(text, attribs = '', pool = null) {
    for (const op of opsFromText('+', text, attribs, pool)) this.#ops.append(op);
    this.#bank += text;
    return this;
  }

  remove(chars, newlines = 0) {
    return this.#append('-', chars, newlines, '');
  }

  toString() {
    this.#ops.endDocument();
    return pack(this.#oldLen, this.#oldLen + this.#ops.getLengthChange(), this.#ops.toString(), this.#bank);
  }

  #append(opcode, chars, lines, attribs) {
    this.#ops.append({ opcode, chars, lines: lines || 0, attribs });
    return this;
  }
}

export const builder = (length) => new Builder(length);

/** What Etherpad's own tests reach into. */
export const exportedForTestingOnly = { TextLinesMutator, followAttributes, toSplices };
