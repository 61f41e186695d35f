// Patches as Etherpad's server tells others of them.

import { BlockText, newlinesIn } from './text.mjs';

const base36 = (number) => number.toString(36);
const EMPTY_POOL = { numToAttrib: {}, attribToNum: {}, nextNum: 0 };
/** Between two revisions, in milliseconds. */
const PACE = 150;
const BEGIN = 1_600_000_000_000;

/** The server's side of one pad. */
export class WireSender {
  #text;
  #rev = 0;

  /** The final newline is the pad's. */
  constructor(start) {
    this.#text = new BlockText(`${start}\n`);
    this.start = clientVars(`${start}\n`);
  }

  /** One patch is a `NEW_CHANGES`, several are a `NEW_CHANGES_BATCH`. */
  send(patches) {
    const changes = patches.map((patch) => this.#revision(patch));
    const data = changes.length === 1 ? { type: 'NEW_CHANGES', ...changes[0] } : { type: 'NEW_CHANGES_BATCH', changes };
    return JSON.stringify({ type: 'COLLABROOM', data });
  }

  #revision([at, removed, inserted, author = 0]) {
    const changeset = changesetOf(this.#text, at, removed, inserted);
    this.#text.splice(at, removed, inserted);
    this.#rev += 1;
    return {
      newRev: this.#rev,
      changeset,
      apool: inserted === '' ? EMPTY_POOL : poolOf([authorId(author)]),
      author: authorId(author),
      currentTime: BEGIN + this.#rev * PACE,
      timeDelta: PACE,
    };
  }
}

/** A patch of a text as a changeset that gives what it inserts the first attribute of its pool. */
function changesetOf(text, at, removed, inserted) {
  const { lines, column } = text.locate(at);
  const keep = (lines > 0 ? `|${base36(lines)}=${base36(at - column)}` : '') + (column > 0 ? `=${base36(column)}` : '');
  const grown = inserted.length - removed;
  const change = grown < 0 ? `<${base36(-grown)}` : `>${base36(grown)}`;
  const removal = removed > 0 ? opsOf(text.slice(at, at + removed), '-', '') : '';
  return `Z:${base36(text.length)}${change}${keep}${removal}${opsOf(inserted, '+', '*0')}$${inserted}`;
}

/** What ends with a newline is one operation, and the rest is another. */
function opsOf(text, opcode, attribs) {
  const lines = newlinesIn(text);
  const multi = lines > 0 ? text.lastIndexOf('\n') + 1 : 0;
  const first = lines > 0 ? `${attribs}|${base36(lines)}${opcode}${base36(multi)}` : '';
  return first + (text.length > multi ? `${attribs}${opcode}${base36(text.length - multi)}` : '');
}

/** A pad in which two authors have written every other line. */
function clientVars(text) {
  const attribs = text
    .split(/(?<=\n)/)
    .map((line, index) => opsOf(line, '+', `*${index % 2}`))
    .join('');
  const { numToAttrib, nextNum } = poolOf([authorId(0), authorId(1)]);
  const vars = { padId: 'pad', rev: 0, time: BEGIN, initialAttributedText: { text, attribs }, apool: { numToAttrib, nextNum } };
  return JSON.stringify({ type: 'CLIENT_VARS', data: { userId: 'a.me', collab_client_vars: vars } });
}

function authorId(number) {
  return `a.${String(number).padStart(16, '0')}`;
}

function poolOf(authors) {
  const pairs = authors.map((author) => ['author', author]);
  return {
    numToAttrib: Object.fromEntries(pairs.map((pair, index) => [index, pair])),
    attribToNum: Object.fromEntries(pairs.map((pair, index) => [pair.join(), index])),
    nextNum: pairs.length,
  };
}
