// Changes to a list of lines, which belongs to the caller: an array, or an object with `get`, `length` and `splice`.

const getLine = (lines, index) => (lines.get ? lines.get(index) : lines[index]);
const countLines = (lines) => (typeof lines.length === 'function' ? lines.length() : lines.length);

/** So many lines go into one call; engines limit the number of arguments. */
const MAX_ARGUMENTS = 10_000;

/** Puts lines in place of others. */
export function spliceLines(lines, start, removed, added) {
  lines.splice(start, removed, ...added.slice(0, MAX_ARGUMENTS));
  for (let at = MAX_ARGUMENTS; at < added.length; at += MAX_ARGUMENTS) {
    lines.splice(start + at, 0, ...added.slice(at, at + MAX_ARGUMENTS));
  }
}

/** A function that gives a line of a list. */
export const reader = (lines) => (index) => getLine(lines, index);

/**
 * Walks over lines and changes them. Lines that are only passed over are not looked at.
 *
 * What is changed lies in a region: from the line where it began, so many lines taken, and what comes in their place.
 */
export class TextLinesMutator {
  #lines;
  /** The place in the list: which line, and how much of it was passed. */
  #line = 0;
  #column = 0;
  /** Where the region began, if there is one; its new lines; the last of them, as far as it is known. */
  #from = -1;
  #added = [];
  #part = '';

  constructor(lines) {
    this.#lines = lines;
  }

  /**
   * Passes over code units, of which so many are newlines; if there are any, the last one is. Lines that are to be in a splice, since their
   * attributes change, are put in their own place.
   */
  skip(chars, newlines = 0, isInSplice = false) {
    if (newlines > 0) {
      this.skipLines(newlines, isInSplice);
    } else if (chars > 0) {
      if (isInSplice) this.#openRegion();
      this.#pass(chars, true);
    }
  }

  skipLines(count, isInSplice = false) {
    for (let left = count; left > 0; left--) {
      if (!isInSplice && this.#from >= 0 && this.#column === 0 && this.#part === '') this.#closeRegion();
      if (!isInSplice && this.#from < 0) {
        this.#line += left;
        this.#column = 0;
        return;
      }
      this.#passLine(true);
    }
  }

  /** Takes code units out, and gives them back. */
  remove(chars, newlines = 0) {
    if (newlines > 0) return this.removeLines(newlines);
    return chars > 0 ? this.#pass(chars, false) : '';
  }

  removeLines(count) {
    let removed = '';
    for (let left = count; left > 0; left--) removed += this.#passLine(false);
    return removed;
  }

  insert(text) {
    if (text === '') return;
    this.#openRegion();
    const whole = text.lastIndexOf('\n') + 1;
    if (whole > 0) {
      const [first, ...others] = text.slice(0, whole - 1).split('\n');
      this.#added.push(`${this.#part}${first}\n`);
      for (const line of others) this.#added.push(`${line}\n`);
      this.#part = '';
    }
    this.#part += text.slice(whole);
  }

  /** Whether there is anything of the old lines that was not passed. */
  hasMore() {
    return this.#line < countLines(this.#lines);
  }

  /** Ends the walk: what is left of the last line stays. */
  close() {
    if (this.#from < 0) return;
    if (this.#column > 0 || this.#part !== '') {
      if (this.hasMore()) this.#passLine(true);
      if (this.#part !== '') this.#added.push(this.#part);
    }
    this.#part = '';
    this.#closeRegion();
  }

  #openRegion() {
    if (this.#from >= 0) return;
    this.#from = this.#line;
    this.#part = this.#column > 0 ? this.#text().slice(0, this.#column) : '';
  }

  #closeRegion() {
    spliceLines(this.#lines, this.#from, this.#line - this.#from, this.#added);
    this.#line = this.#from + this.#added.length;
    this.#from = -1;
    this.#added = [];
  }

  #text() {
    return getLine(this.#lines, this.#line) ?? '';
  }

  #pass(chars, stays) {
    if (stays && this.#from < 0) {
      this.#column += chars;
      return '';
    }
    this.#openRegion();
    const text = this.#text().substr(this.#column, chars);
    this.#column += chars;
    if (stays) this.#part += text;
    return text;
  }

  #passLine(stays) {
    this.#openRegion();
    const text = this.#text().slice(this.#column);
    this.#line += 1;
    this.#column = 0;
    if (stays) {
      this.#added.push(this.#part + text);
      this.#part = '';
    }
    return text;
  }
}
