'use strict';

// Answers calls with Etherpad's own functions: one line of JSON in, one line out, many cases in each. Strings travel in
// ASCII, every other code unit as `~` and four hex digits, so that halves of surrogate pairs survive any JSON library.

const readline = require('node:readline');
const AttributePool = require('ep_etherpad-lite/static/js/AttributePool');
const Changeset = require('ep_etherpad-lite/static/js/Changeset');

// Etherpad reports a line mutator in trouble on stderr; the answer tells the same.
console.error = () => {};
Error.stackTraceLimit = 0;

const encode = (s) => {
  if (/^[ -}]*$/.test(s)) return s;
  return s.replace(/[^ -}]/g, (c) => `~${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
};
const decode = (s) => {
  if (!s.includes('~')) return s;
  return s.replace(/~([0-9a-f]{4})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
};
const mapStrings = (value, f) => {
  if (typeof value === 'string') return f(value);
  return Array.isArray(value) ? value.map((item) => mapStrings(item, f)) : value;
};

const poolOf = (pairs) => {
  const pool = new AttributePool();
  for (const pair of pairs) pool.putAttrib(pair);
  return pool;
};
// A pool that has what another has, and leaves that one alone when it grows.
const grownFrom = (base) => {
  const pool = new AttributePool();
  pool.numToAttrib = Object.create(base.numToAttrib);
  pool.attribToNum = Object.create(base.attribToNum);
  pool.nextNum = base.nextNum;
  return pool;
};
const pairsOf = (pool, from = 0) => {
  const pairs = [];
  for (let n = from; n < pool.nextNum; n++) pairs.push(pool.getAttrib(n));
  return pairs;
};
const opsOf = (ops) => {
  const list = [];
  const iter = Changeset.opIterator(ops);
  while (iter.hasNext()) list.push(iter.next());
  return list;
};
// Length and newlines of a text, up to its last newline and behind it.
const parts = (text) => {
  const split = text.lastIndexOf('\n') + 1;
  return [[split, text.split('\n').length - 1], [text.length - split, 0]];
};

// What can be asked, given { text, attribs, pool }.
const calls = {
  parse: (_, cs) => {
    const { oldLen, newLen, ops, charBank } = Changeset.unpack(Changeset.checkRep(cs));
    return [oldLen, newLen, opsOf(ops).map((op) => [op.attribs, op.lines, op.opcode, op.chars]), charBank];
  },
  print: (pad, steps) => {
    const builder = Changeset.builder(pad.text.length);
    for (const [opcode, x, y, attribs] of steps) {
      if (opcode === '+') {
        builder.insert(x, attribs);
      } else if (opcode === '-') {
        for (const [chars, lines] of parts(pad.text.slice(x, y))) builder.remove(chars, lines);
      } else if (x % 2) {
        builder.keepText(pad.text.slice(x, y), attribs);
      } else {
        for (const [chars, lines] of parts(pad.text.slice(x, y))) builder.keep(chars, lines, attribs);
      }
    }
    return builder.toString();
  },
  normalForm: (_, cs) => {
    const { oldLen, newLen, ops, charBank } = Changeset.unpack(cs);
    const assembler = Changeset.smartOpAssembler();
    opsOf(ops).forEach((op) => assembler.append(op));
    assembler.endDocument();
    return Changeset.pack(oldLen, newLen, assembler.toString(), charBank);
  },
  isIdentity: (_, cs) => Changeset.isIdentity(cs),
  applyToText: (pad, cs) => Changeset.applyToText(cs, pad.text),
  applyToAText: (pad, cs) => {
    const { text, attribs } = Changeset.applyToAText(cs, pad, pad.pool);
    return [text, attribs];
  },
  applyToAttribution: (pad, cs) => Changeset.applyToAttribution(cs, pad.attribs, pad.pool),
  mutateTextLines: (pad, cs) => {
    const lines = Changeset.splitTextLines(pad.text);
    Changeset.mutateTextLines(cs, lines);
    return lines;
  },
  mutateAttributionLines: (pad, cs) => {
    const lines = Changeset.splitAttributionLines(pad.attribs, pad.text);
    Changeset.mutateAttributionLines(cs, lines, pad.pool);
    return lines;
  },
  compose: (pad, a, b) => Changeset.compose(a, b, pad.pool),
  follow: (pad, other, self, reverse) => Changeset.follow(other, self, reverse, pad.pool),
  inverse: (pad, cs) => {
    const pool = grownFrom(pad.pool);
    const lines = Changeset.splitTextLines(pad.text);
    const back = Changeset.inverse(cs, lines, Changeset.splitAttributionLines(pad.attribs, pad.text), pool);
    return [back, pairsOf(pool, pad.pool.nextNum)];
  },
  makeSplice: (pad, start, removed, text, attribs) => {
    const pool = grownFrom(pad.pool);
    const cs = Changeset.makeSplice(pad.text, start, removed, text, attribs, pool);
    return [cs, pairsOf(pool, pad.pool.nextNum)];
  },
  moveOpsToNewPool: (pad, ops, pairs) => {
    const pool = poolOf(pairs);
    return [Changeset.moveOpsToNewPool(ops, pad.pool, pool), pairsOf(pool)];
  },
  prepareForWire: (pad, cs) => {
    const { translated, pool } = Changeset.prepareForWire(cs, pad.pool);
    return [translated, pairsOf(pool)];
  },
  toSplices: (_, cs) => Changeset.toSplices(cs),
  characterRangeFollow: (_, cs, start, end, after) => Changeset.characterRangeFollow(cs, start, end, after),
  composeAttributes: (pad, a, b, isChange) => Changeset.composeAttributes(a, b, isChange, pad.pool),
  followAttributes: (pad, other, self) => Changeset.followAttributes(other, self, pad.pool),
  subattribution: (_, line, start, end) => Changeset.subattribution(line, start, end),
  opsFromAText: (pad) => {
    const assembler = Changeset.smartOpAssembler();
    Changeset.appendATextToAssembler(pad, assembler);
    return assembler.toString();
  },
  makeAttribution: (_, text) => Changeset.makeAttribution(text),
  roundTrip: (pad) => {
    const lines = Changeset.splitAttributionLines(pad.attribs, pad.text);
    return [lines, Changeset.joinAttributionLines(lines), Changeset.splitTextLines(pad.text)];
  },
  // a and b concurrent, then c after a, then d after c.
  laws: ({ pool }, a, b, c, d) => {
    const compose = (x, y) => Changeset.compose(x, y, pool);
    const follow = (x, y, reverse) => Changeset.follow(x, y, reverse, pool);
    const ac = compose(a, c);
    const ab = follow(a, b, false);
    const abReverse = follow(a, b, true);
    return [
      compose(ac, d),
      compose(a, compose(c, d)),
      compose(a, ab),
      compose(b, follow(b, a, true)),
      compose(a, abReverse),
      compose(b, follow(b, a, false)),
      follow(ac, b, false),
      follow(c, ab, false),
      follow(c, abReverse, true),
    ];
  },
};

const answer = ([text, attribs, pairs, list]) => {
  const pad = { text, attribs, pool: poolOf(pairs) };
  const answers = list.map(([name, ...args]) => {
    try {
      return mapStrings(calls[name](pad, ...args), encode);
    } catch (error) {
      return { refused: encode(String(error && error.message)) };
    }
  });
  // None of these may add to the pad's pool, so its size belongs to the answer.
  return [...answers, pad.pool.nextNum];
};

const { version } = require('ep_etherpad-lite/package.json');
process.stdout.write(`${JSON.stringify({ etherpad: version, node: process.version })}\n`);
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const cases = JSON.parse(line).map((one) => answer(mapStrings(one, decode)));
  process.stdout.write(`${JSON.stringify(cases)}\n`);
});
