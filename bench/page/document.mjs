// Pads to measure with: lines of eighty code units, in which two authors take turns every twenty.

import { Client, base36 } from '../../tests/e2e/support/client.js';
import { Random } from '../../tests/e2e/support/random.js';

const LINE = 80;
/** Lines for each commit; a message must stay well below what servers take. */
const PIECE = 400;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Makes a pad of about `size` code units on a server. */
export async function makePad(origin, name, size) {
  const random = new Random(size);
  const first = await Client.join(origin, name);
  const second = await Client.join(origin, name);
  try {
    for (let lines = Math.ceil(size / LINE); lines > 0; lines -= PIECE) await addLines(first, second, random, Math.min(lines, PIECE));
  } finally {
    first.close();
    second.close();
  }
}

/** The first author writes every other word of each line, then the second writes between them. */
async function addLines(first, second, random, count) {
  let text = '';
  for (let i = 0; i < count; i += 1) text += `${words(random, 20)}${words(random, 19)}\n`;
  await first.prepend(text);
  await second.until(first.rev);
  let ops = '';
  let inserted = '';
  for (let i = 0; i < count; i += 1) {
    inserted += words(random, 20) + words(random, 20);
    ops += '=k*0+k=j*0+k|1=1';
  }
  // The last operation would keep what is kept anyway.
  ops = ops.slice(0, -'|1=1'.length);
  await second.commit(`Z:${base36(second.length)}>${base36(inserted.length)}${ops}$${inserted}`, [['author', second.author]]);
  await first.until(second.rev);
}

/** So many code units of words. */
function words(random, length) {
  let text = '';
  while (text.length < length) {
    for (let letters = 2 + random.below(7); letters > 0; letters -= 1) text += random.pick(LETTERS);
    text += ' ';
  }
  return text.slice(0, length);
}
