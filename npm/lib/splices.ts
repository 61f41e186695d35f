// Changes of a text, as a patch has them: read, carried out, and moved past each other.

/** What changed in a text: three numbers for each change, ascending, and all inserts one after the other. A `Patch` is one. */
export interface Changes {
  readonly changes: Uint32Array;
  readonly text: string;
}

/** One change: text in place of a range of the text before. */
export interface Splice {
  from: number;
  to: number;
  insert: string;
}

/** The changes one by one. */
export function splices({ changes, text }: Changes): Splice[] {
  const list: Splice[] = [];
  let taken = 0;
  for (let i = 0; i + 2 < changes.length; i += 3) {
    const [from = 0, to = 0, length = 0] = changes.subarray(i, i + 3);
    list.push({ from, to, insert: text.slice(taken, taken + length) });
    taken += length;
  }
  return list;
}

/** Changes in the numbers of a patch. */
export function changesOf(list: readonly Splice[]): Changes {
  return { changes: Uint32Array.from(list.flatMap(({ from, to, insert }) => [from, to, insert.length])), text: list.map(({ insert }) => insert).join('') };
}

/** A text with changes made in it. */
export function applied(before: string, changes: Changes): string {
  let after = '';
  let at = 0;
  for (const { from, to, insert } of splices(changes)) {
    after += before.slice(at, from) + insert;
    at = to;
  }
  return after + before.slice(at);
}

/**
 * Two changes of one text, made at the same time, past each other: `mine` as it is to be made after `theirs`, and `theirs` after `mine`. Both orders lead to
 * the same text. What is inserted at one place stands in the order mine, theirs; what one removes and the other writes in stays.
 */
export function passed<T extends Changes & { readonly formatted?: Uint32Array }>(mine: Changes, theirs: T): [mine: Changes, theirs: T] {
  const [left, right] = [new Steps(splices(mine)), new Steps(splices(theirs))];
  const [moved, rest] = [new Output(), new Output()];
  while (!left.isDone || !right.isDone) {
    if (left.insert !== '') {
      rest.keep(left.insert.length);
      moved.insert(left.takeInsert());
    } else if (right.insert !== '') {
      moved.keep(right.insert.length);
      rest.insert(right.takeInsert());
    } else {
      const length = Math.min(left.length, right.length);
      const [isRemovedLeft, isRemovedRight] = [left.isRemoval, right.isRemoval];
      left.take(length);
      right.take(length);
      if (!isRemovedRight) moved.take(length, isRemovedLeft);
      if (!isRemovedLeft) rest.take(length, isRemovedRight);
    }
  }
  const after = changesOf(moved.list);
  const formatted = theirs.formatted ? { formatted: followRanges(theirs.formatted, moved.list) } : {};
  return [after, { ...theirs, ...changesOf(rest.list), ...formatted }];
}

/** Changes as steps over the text before: what is inserted here, then how much is removed, or kept. */
class Steps {
  insert = '';
  length = 0;
  isRemoval = false;
  private next = 0;
  private at = 0;

  constructor(private readonly list: readonly Splice[]) {
    this.move();
  }

  /** Whether nothing but text that is kept is left. */
  get isDone(): boolean {
    return this.insert === '' && this.length === Number.POSITIVE_INFINITY;
  }

  takeInsert(): string {
    const { insert } = this;
    this.insert = '';
    if (this.length === 0) this.move();
    return insert;
  }

  take(length: number): void {
    this.length -= length;
    if (this.length === 0) this.move();
  }

  private move(): void {
    const splice = this.list[this.next];
    if (!splice || splice.from > this.at) {
      this.length = (splice?.from ?? Number.POSITIVE_INFINITY) - this.at;
      this.isRemoval = false;
      this.at = splice?.from ?? this.at;
      return;
    }
    this.next += 1;
    this.at = splice.to;
    this.insert = splice.insert;
    this.length = splice.to - splice.from;
    this.isRemoval = true;
    if (this.insert === '' && this.length === 0) this.move();
  }
}

/** Steps as changes again. */
class Output {
  readonly list: Splice[] = [];
  private at = 0;

  keep(length: number): void {
    this.at += length;
  }

  insert(text: string): void {
    this.splice().insert += text;
  }

  take(length: number, isRemoval: boolean): void {
    if (isRemoval) this.splice().to += length;
    this.at += length;
  }

  /** The one that ends here. */
  private splice(): Splice {
    const last = this.list.at(-1);
    if (last && last.to === this.at) return last;
    const fresh = { from: this.at, to: this.at, insert: '' };
    this.list.push(fresh);
    return fresh;
  }
}

/** Ranges of a text after changes were made in it, in pairs of numbers. */
function followRanges(ranges: Uint32Array, list: readonly Splice[]): Uint32Array {
  return ranges.map((position, index) => {
    let shift = 0;
    for (const { from, to, insert } of list) {
      if (position < from || (position === from && index % 2 === 1)) break;
      if (position < to) return from + shift + (index % 2 === 0 ? insert.length : 0);
      shift += insert.length - (to - from);
    }
    return position + shift;
  });
}
