// Traces that need no files: people who type, delete, and go elsewhere, from a seed.

import { BlockText } from './text.mjs';

const LINE = 80;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** Keys in one place until an author goes elsewhere, on average. */
const STAY = 30;

/** A generator of numbers that a seed repeats (xorshift). */
export function random(seed) {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A text of lines of eighty code units. */
export function lines(size) {
  const next = random(size);
  let text = '';
  while (text.length < size) {
    let line = '';
    while (line.length < LINE - 1) line += next(6) === 0 ? ' ' : LETTERS[next(26)];
    text += `${line}\n`;
  }
  return text.slice(0, size);
}

/**
 * Authors who take turns, each with a cursor. All changes are in the text from `from` on.
 *
 * @param {{name: string, size: number, changes: number, authors?: number, from?: number, seed?: number}} options
 */
export function typing({ name, size, changes, authors = 1, from = 0, seed = 1 }) {
  const next = random(seed);
  const start = lines(size);
  const text = new BlockText(start);
  const somewhere = () => from + next(text.length - from + 1);
  const cursors = Array.from({ length: authors }, somewhere);
  const patches = [];
  while (patches.length < changes) {
    const author = patches.length % authors;
    if (next(STAY) === 0) cursors[author] = somewhere();
    const at = cursors[author];
    const patch = next(6) === 0 && at > from ? [at - 1, 1, '', author] : [at, 0, next(STAY) === 0 ? '\n' : LETTERS[next(26)], author];
    text.splice(...patch);
    move(cursors, author, patch);
    patches.push(patch);
  }
  return { name, start, patches };
}

/** Single characters at so many places of a text's beginning, the last first. */
export function scattered(count, length) {
  return Array.from({ length: count }, (_, index) => [Math.floor((length * (count - 1 - index)) / count), 'x']);
}

/** Cursors stay with the text around them; the author's own goes behind what was typed. */
function move(cursors, author, [at, removed, inserted]) {
  cursors.forEach((cursor, index) => {
    if (cursor > at || index === author) cursors[index] = Math.max(at, cursor - removed) + inserted.length;
  });
}
