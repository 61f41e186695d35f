// Where the facade differs from the reference on purpose. The names are those of the engine's own table, tests/golden/differences.rs.

import { toSplices } from '../../pkg/changeset-node.js';

/**
 * @typedef {object} Answer
 * @property {any} vector
 * @property {any} [out] What the facade gave.
 * @property {any} [error] What it threw.
 */

const note = ({ vector }, beginning) => vector.note?.startsWith(beginning) ?? false;

/** The code of what was thrown, if one of the changesets alone leads to it. */
function refusedInput({ vector: { op, in: input }, error }) {
  if (op === 'checkRep') return error?.code;
  const refused = ['cs', 'cs1', 'cs2'].some((name) => {
    try {
      if (name in input) toSplices(input[name]);
    } catch (thrown) {
      return error?.message.endsWith(thrown.message);
    }
    return false;
  });
  return refused ? error?.code : undefined;
}

const INCONSISTENT = ['length-claim', 'negative-length', 'bank-left-over', 'bank-too-short', 'newline-mismatch', 'insert-end'];

/** @type {{ name: string, reason: string, covers: (answer: Answer) => boolean }[]} */
export const DIFFERENCES = [
  {
    name: 'applies to no document',
    reason: 'keeps past the old length or more newlines than code units in an op',
    covers: (answer) => ['past-end', 'more-lines-than-chars'].includes(refusedInput(answer)),
  },
  {
    name: 'inconsistent changeset',
    reason: 'lengths or newlines that header, ops and char bank do not agree on; checkRep, and so every server, refuses it',
    covers: (answer) => answer.vector.op !== 'checkRep' && INCONSISTENT.includes(refusedInput(answer)),
  },
  {
    name: 'inconsistent pair',
    reason: 'two changesets of the same text whose newline counts cannot both be right',
    covers: ({ vector, error }) => vector.op === 'follow' && error?.code === 'newline-mismatch',
  },
  {
    name: 'attribution of another text',
    reason: 'an attribution that is longer or shorter than its text',
    covers: ({ vector, error }) => vector.op === 'splitAttributionLines' && error?.code === 'attribution-length',
  },
  {
    name: 'number too large',
    reason: 'above 2^31 - 1, longer than any JavaScript string; the reference loses digits from 2^53 on',
    covers: ({ error }) => error?.code === 'number-too-large',
  },
  {
    name: 'leading zero in an attribute number',
    reason: 'the engine has numbers, so *01 comes out as *1; checkRep of the reference lets it pass, ours does not',
    covers: ({ vector, out, error }) => {
      if (error) return vector.op === 'checkRep' && vector.out === true && error.code === 'not-normal';
      if (!('out' in vector) || !/\*0[0-9a-z]/.test(opsOf(vector.in))) return false;
      // Sets that are alike then are merged.
      return same(out, withoutLeadingZeros(vector.out)) || (vector.op === 'applyToAText' && out.text === vector.out.text);
    },
  },
  {
    name: 'line terminator between ops',
    reason: 'the reference skips \\n, \\r, U+2028 and U+2029 there; checkRep refuses it',
    covers: (answer) => {
      const { vector, error } = answer;
      if (vector.op === 'decodeAttribString') return note(answer, 'attribute string tokenizer stops');
      return error?.code === 'unexpected-character' && vector.op !== 'checkRep' && /[\n\r\u2028\u2029]/.test(opsOf(vector.in));
    },
  },
  {
    name: 'comma in a key',
    reason: 'of two numbers with one key,value text the reference takes the later, we keep the one that is there',
    covers: (answer) => answer.vector.op === 'composeAttributes' && note(answer, 'pool interns by'),
  },
  {
    name: 'not a pair',
    reason: 'an attribute without a value is looked up among the pool\'s own, not among what all objects have',
    covers: (answer) => answer.vector.op === 'poolCalls' && note(answer, 'one-element attributes'),
  },
  {
    name: 'no final newline',
    reason: 'the reference\'s line-based functions fail, or write the word undefined, where its text function does not',
    covers: (answer) => {
      const { op, errtype, out } = answer.vector;
      if (op === 'splitAttributionLines') return note(answer, 'empty text splits to null');
      return op === 'mutateTextLines' && (errtype === 'TypeError' || out?.at(-1)?.endsWith('undefined'));
    },
  },
  {
    name: 'op that ends in mid-line',
    reason: 'a stored op over several lines, with text behind its last newline: our lines are those of the text',
    covers: (answer) => answer.vector.op === 'splitAttributionLines' && note(answer, 'server path accepts a multi-line op'),
  },
  {
    name: 'part of several lines',
    reason: 'the reference throws or miscounts; we give the part if the ops tell its newlines, and an error if they do not',
    covers: ({ vector, error }) => vector.op === 'subattribution' && (vector.error?.includes('line count mismatch') || error?.code === 'newline-mismatch'),
  },
  {
    name: 'op of length zero',
    reason: 'harmless in follow, which throws in the reference',
    covers: ({ vector, error }) => vector.op === 'follow' && !error && (vector.error?.includes('Failed assertion: !(') ?? false),
  },
];

function opsOf(input) {
  const text = ['cs', 'cs1', 'cs2', 'attribs'].map((name) => String(input[name] ?? '').split('$')[0]);
  return [...text, input.atext?.attribs].join('');
}

function withoutLeadingZeros(value) {
  if (typeof value === 'string') return value.replace(/\*0+(?=[0-9a-z])/g, '*');
  if (Array.isArray(value)) return value.map(withoutLeadingZeros);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutLeadingZeros(item)]));
  return value;
}

/** Whether an answer is what a vector has: errors are alike, whatever they say, and members that are undefined are not there. */
export function same(ours, theirs) {
  if (theirs && typeof theirs === 'object' && '$' in theirs) return special(ours) === theirs.$;
  if (Array.isArray(theirs)) return Array.isArray(ours) && ours.length === theirs.length && theirs.every((item, index) => same(ours[index], item));
  if (theirs && typeof theirs === 'object') {
    if (!ours || typeof ours !== 'object' || Array.isArray(ours)) return false;
    const names = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
    return [...names].every((name) => (name === 'error' ? name in ours && name in theirs : same(ours[name], theirs[name])));
  }
  // JSON has no numbers that are none, and nothing undefined in a list.
  return Object.is(ours, theirs) || (theirs === null && (ours === undefined || (typeof ours === 'number' && !Number.isFinite(ours))));
}

function special(value) {
  return typeof value === 'number' ? String(value) : typeof value;
}
