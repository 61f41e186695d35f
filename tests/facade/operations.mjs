// One call of the facade for each kind of vector: what stands in it in, what it answers out.

import * as Changeset from '../../pkg/changeset-node.js';
import { replayTracker } from './tracker.mjs';

const { AttributeMap, AttributePool } = Changeset;

/** A pool from pairs, numbered as they stand, also if two are written alike. */
export function poolOf(pairs = []) {
  return new AttributePool().fromJsonable({ numToAttrib: { ...pairs.map((pair) => [...pair]) }, nextNum: pairs.length });
}

export const poolFrom = (jsonable) => new AttributePool().fromJsonable(structuredClone(jsonable));

/** What a pool has got since it had `known` attributes; undefined if nothing. */
export function poolNew(pool, known) {
  const pairs = [];
  for (let number = known; number < pool.nextNum; number++) pairs.push(pool.getAttrib(number));
  return pairs.length > 0 ? pairs : undefined;
}

const opOf = ([opcode, chars, lines, attribs]) => Object.assign(Changeset.newOp(opcode), { chars, lines, attribs });
const tuple = ({ opcode, chars, lines, attribs }) => [opcode, chars, lines, attribs];
const linesOf = (text) => Changeset.splitTextLines(text) ?? [];

/** The author on inserts that have none, as Etherpad's client puts it there. */
function stampAuthor(cs, pool, author) {
  const { oldLen, newLen, ops, charBank } = Changeset.unpack(cs);
  const assembler = Changeset.mergingOpAssembler();
  let isStamped = false;
  for (const op of Changeset.deserializeOps(ops)) {
    if (author !== '' && op.opcode === '+' && Changeset.opAttributeValue(op, 'author', pool) === '') {
      op.attribs = AttributeMap.fromString(op.attribs, pool).update([['author', author]]).toString();
      isStamped = true;
    }
    assembler.append(op);
  }
  assembler.endDocument();
  return isStamped ? Changeset.pack(oldLen, newLen, assembler.toString(), charBank) : cs;
}

/** What a server does with a commit. */
function rebase({ cs, apool, author, revs, atext }, pool) {
  const wirePool = poolFrom(apool);
  Changeset.checkRep(cs);
  Changeset.eachAttribNumber(cs, (number) => {
    if (!wirePool.getAttrib(number)) throw new Error(`no attribute ${number}`);
  });
  const moved = Changeset.moveOpsToNewPool(cs, wirePool, pool);
  let rebased = moved;
  for (const [revision, by] of revs) {
    if (by === author && revision === moved) rebased = Changeset.identity(Changeset.oldLen(moved));
    rebased = Changeset.follow(revision, rebased, false, pool);
  }
  if (Changeset.oldLen(rebased) !== atext.text.length) throw new Error('lengths differ');
  const after = Changeset.applyToAText(rebased, atext, pool);
  if (!after.text.endsWith('\n')) throw new Error('no newline at the end');
  return { cs: rebased, ...after };
}

function diamond({ cs1, cs2, reverse, atext }, pool) {
  const f12 = Changeset.follow(cs1, cs2, reverse, pool);
  const f21 = Changeset.follow(cs2, cs1, !reverse, pool);
  const c1 = Changeset.compose(cs1, f12, pool);
  const c2 = Changeset.compose(cs2, f21, pool);
  const walk = (...steps) => steps.reduce((at, step) => Changeset.applyToAText(step, at, pool), atext);
  const { text, attribs } = walk(cs1, f12);
  const { text: text2, attribs: attribs2 } = walk(cs2, f21);
  const converged = text === text2 && attribs === attribs2;
  return { f12, f21, c1, c2, text, attribs, converged, composedEqual: c1 === c2, ...(converged ? {} : { text2, attribs2 }) };
}

function undo({ cs, atext }, pool) {
  const inverse = Changeset.inverse(cs, linesOf(atext.text), Changeset.splitAttributionLines(atext.attribs, atext.text), pool);
  const { text, attribs } = [cs, inverse].reduce((at, step) => Changeset.applyToAText(step, at, pool), atext);
  const restored = text === atext.text && attribs === atext.attribs;
  return { inverse, restored, ...(restored ? {} : { text, attribs }) };
}

const POOL_CALLS = {
  put: (pool, pair, dontAdd) => pool.putAttrib(pair, dontAdd),
  get: (pool, number) => pool.getAttrib(number),
  key: (pool, number) => pool.getAttribKey(number),
  value: (pool, number) => pool.getAttribValue(number),
  each(pool) {
    const pairs = [];
    pool.eachAttrib((key, value) => pairs.push([key, value]));
    return pairs;
  },
  check(pool) {
    pool.check();
    return true;
  },
  clone(pool) {
    const copy = pool.clone();
    copy.putAttrib(['only-in-clone', '1']);
    return copy.toJsonable();
  },
};

function poolCalls({ init, calls }) {
  const pool = init === null ? new AttributePool() : poolFrom(init);
  const results = calls.map(([name, ...args]) => {
    try {
      return { ret: structuredClone(POOL_CALLS[name](pool, ...args)) };
    } catch (error) {
      return { error: error.message };
    }
  });
  return { results, jsonable: pool.toJsonable() };
}

function assembled(assembler, { ops, end }) {
  for (const op of ops) assembler.append(opOf(op));
  if (end) assembler.endDocument();
  return assembler.toString();
}

function built({ oldLen, calls }, pool) {
  const builder = new Changeset.Builder(oldLen);
  for (const [name, ...args] of calls) builder[name](...args, pool);
  return builder.toString();
}

const CALLS = {
  unpack({ cs }) {
    const { charBank: bank, ...parts } = Changeset.unpack(cs);
    return { ...parts, bank };
  },
  pack: ({ oldLen, newLen, ops, bank }) => Changeset.pack(oldLen, newLen, ops, bank),
  checkRep: ({ cs }) => Changeset.checkRep(cs) === cs,
  deserializeOps: ({ ops }) => Array.from(Changeset.deserializeOps(ops), tuple),
  canonicalise({ cs }) {
    const { oldLen, ops, charBank } = Changeset.unpack(cs);
    const assembler = Changeset.smartOpAssembler();
    for (const op of Changeset.deserializeOps(ops)) assembler.append(op);
    assembler.endDocument();
    return Changeset.pack(oldLen, oldLen + assembler.getLengthChange(), assembler.toString(), charBank);
  },
  identity: ({ n }) => Changeset.identity(n),
  isIdentity: ({ cs }) => Changeset.isIdentity(cs),
  parseNum: ({ s }) => Changeset.parseNum(s),
  numToString: ({ n }) => Changeset.numToString(n),
  mergeOps: (input) => assembled(Changeset.mergingOpAssembler(), input),
  smartOps(input) {
    const assembler = Changeset.smartOpAssembler();
    const ops = assembled(assembler, input);
    return { ops, lengthChange: assembler.getLengthChange() };
  },
  builder: (input, pool) => ({ cs: built(input, pool) }),
  opsFromText: ({ opcode, text, attribs }, pool) => ({ ops: Array.from(Changeset.opsFromText(opcode, text, attribs, pool), tuple) }),
  makeSplice: ({ text, start, ndel, ins, attribs }, pool) => ({ cs: Changeset.makeSplice(text, start, ndel, ins, attribs, pool) }),
  makeAttribution: ({ text }) => Changeset.makeAttribution(text),
  applyToText: ({ cs, text }) => Changeset.applyToText(cs, text),
  applyToAttribution: ({ cs, attribs }, pool) => ({ attribs: Changeset.applyToAttribution(cs, attribs, pool) }),
  applyToAText: ({ cs, atext }, pool) => Changeset.applyToAText(cs, atext, pool),
  mutateTextLines({ cs, lines }) {
    Changeset.mutateTextLines(cs, lines);
    return lines;
  },
  mutateAttributionLines({ cs, alines }, pool) {
    Changeset.mutateAttributionLines(cs, alines, pool);
    return { alines };
  },
  compose: ({ cs1, cs2 }, pool) => ({ cs: Changeset.compose(cs1, cs2, pool) }),
  composeChain({ css }, pool) {
    const left = css.reduce((all, next) => Changeset.compose(all, next, pool));
    const right = css.reduceRight((all, before) => Changeset.compose(before, all, pool));
    // Not among the vectors: all at once.
    if (Changeset.composeAll(css, pool) !== left) throw new Error('composeAll gives something else');
    return { left, right, equal: left === right };
  },
  follow: ({ cs1, cs2, reverse }, pool) => ({ cs: Changeset.follow(cs1, cs2, reverse, pool) }),
  tp1: diamond,
  inverse: ({ cs, lines, alines }, pool) => ({ cs: Changeset.inverse(cs, lines, alines, pool) }),
  undo,
  splitTextLines: ({ text }) => Changeset.splitTextLines(text),
  splitAttributionLines: ({ attribs, text }) => Changeset.splitAttributionLines(attribs, text),
  joinAttributionLines: ({ alines }) => Changeset.joinAttributionLines(alines),
  subattribution: ({ attribs, start, end }) => Changeset.subattribution(attribs, start, end ?? undefined),
  opsFromAText: ({ atext }) => Array.from(Changeset.opsFromAText(atext), tuple),
  composeAttributes: ({ a, b, mutation }, pool) => ({ attribs: Changeset.composeAttributes(a, b, mutation, pool) }),
  followAttributes: ({ a, b }, pool) => ({ attribs: Changeset.followAttributes(a, b, pool) }),
  attributeMap({ attribs, update, emptyIsDelete }, pool) {
    const map = AttributeMap.fromString(attribs, pool);
    if (typeof update === 'string') map.updateFromString(update, emptyIsDelete);
    else map.update(update, emptyIsDelete);
    return { attribs: map.toString(), entries: Changeset.sort([...map]) };
  },
  sortAttribs: ({ list }) => Changeset.sort(list),
  decodeAttribString: ({ attribs }) => [...Changeset.decodeAttribString(attribs)],
  encodeAttribString: ({ nums }) => Changeset.encodeAttribString(nums),
  attribsFromString: ({ attribs }, pool) => [...Changeset.attribsFromString(attribs, pool)],
  attributeTester: ({ attrib, attribs }, pool) => Changeset.attributeTester(attrib, pool)(attribs),
  filterAttribNumbers: ({ cs, keep }) => Changeset.filterAttribNumbers(cs, (number) => keep.includes(number)),
  mapAttribNumbers: ({ cs, map }) => Changeset.mapAttribNumbers(cs, (number) => map[number]),
  moveOpsToNewPool({ cs, from, to }) {
    const pool = poolOf(to);
    return { cs: Changeset.moveOpsToNewPool(cs, poolOf(from), pool), poolNew: poolNew(pool, to.length) };
  },
  moveOpsJsonable({ cs, fromJsonable, to }) {
    const pool = poolOf(to);
    return { cs: Changeset.moveOpsToNewPool(cs, poolFrom(fromJsonable), pool), poolNew: poolNew(pool, to.length) };
  },
  prepareForWire({ cs }, pool) {
    const { translated, pool: wirePool } = Changeset.prepareForWire(cs, pool);
    return { cs: translated, pool: poolNew(wirePool, 0) ?? [] };
  },
  poolCalls,
  stampAuthorOnInserts({ cs, apool, author }) {
    const pool = poolFrom(apool);
    return { cs: stampAuthor(cs, pool, author), apool: pool.toJsonable() };
  },
  toSplices: ({ cs }) => Changeset.toSplices(cs),
  characterRangeFollow: ({ cs, start, end, insertionsAfter }) => Changeset.characterRangeFollow(cs, start, end, insertionsAfter),
  tracker: replayTracker,
  rebase,
};

/** What the facade answers to a vector; what a call adds to the vector's pool is in the answer. */
export function run({ op, in: input }) {
  const { pool: pairs = [], ...rest } = input;
  const pool = poolOf(pairs);
  const out = CALLS[op](structuredClone(rest), pool, pairs);
  const added = op === 'tracker' ? undefined : poolNew(pool, pairs.length);
  return added === undefined ? out : { ...out, poolNew: added };
}
