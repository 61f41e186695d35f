// The text that every subject has to end with, kept apart from all of them.

const BLOCK = 4096;

/** A text in blocks, which tells in which line a position is. Positions are UTF-16 code units. */
export class BlockText {
  #blocks;
  length;

  constructor(text) {
    this.#blocks = blocksOf(text);
    this.length = text.length;
  }

  /** The lines that end before a position, and how far it is from the beginning of its own. */
  locate(at) {
    let [lines, column] = [0, 0];
    for (const block of this.#blocks) {
      const whole = at >= block.text.length;
      const text = whole ? block.text : block.text.slice(0, at);
      const newlines = whole ? block.newlines : newlinesIn(text);
      lines += newlines;
      column = newlines > 0 ? text.length - text.lastIndexOf('\n') - 1 : column + text.length;
      if (!whole) break;
      at -= text.length;
    }
    return { lines, column };
  }

  slice(from, to) {
    let [text, start] = ['', 0];
    for (const block of this.#blocks) {
      if (start >= to) break;
      const end = start + block.text.length;
      if (end > from) text += block.text.slice(Math.max(0, from - start), to - start);
      start = end;
    }
    return text;
  }

  splice(at, removed, inserted) {
    let [first, start] = [0, 0];
    while (first < this.#blocks.length - 1 && start + this.#blocks[first].text.length < at) {
      start += this.#blocks[first].text.length;
      first += 1;
    }
    let [last, end] = [first, start + this.#blocks[first].text.length];
    while (end < at + removed) {
      last += 1;
      end += this.#blocks[last].text.length;
    }
    const head = this.#blocks[first].text.slice(0, at - start);
    const tail = this.#blocks[last].text.slice(this.#blocks[last].text.length - (end - at - removed));
    const text = head + inserted + (end > at + removed ? tail : '');
    if (first === last && text.length <= 2 * BLOCK) this.#blocks[first] = blockOf(text);
    else this.#blocks.splice(first, last - first + 1, ...blocksOf(text));
    this.length += inserted.length - removed;
  }

  toString() {
    return this.#blocks.map((block) => block.text).join('');
  }
}

function blocksOf(text) {
  const blocks = [];
  for (let at = 0; at < text.length || at === 0; at += BLOCK) blocks.push(blockOf(text.slice(at, at + BLOCK)));
  return blocks;
}

function blockOf(text) {
  return { text, newlines: newlinesIn(text) };
}

export function newlinesIn(text) {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
