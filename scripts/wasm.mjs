// What is in a wasm: as much of its binary format as is needed to tell.

/** Before the first section. */
const HEADER = 8;
/** Numbers of sections. */
const [CUSTOM, IMPORTS, EXPORTS, CODE, DATA] = [0, 2, 7, 10, 11];

/**
 * What is in a wasm, the largest first: bytes before compression of the code of each module of the engine and of each crate, and of the data.
 *
 * @param {Uint8Array} wasm With the names of its functions.
 * @returns {[string, number][]}
 */
export function contents(wasm) {
  const reader = new Reader(wasm);
  const sizes = [];
  const names = new Map();
  const groups = new Map();
  const add = (group, bytes) => groups.set(group, (groups.get(group) ?? 0) + bytes);
  let imported = 0;
  for (const { id, end } of reader.sections()) {
    if (id === IMPORTS) imported = reader.importedFunctions();
    if (id === CODE) for (let count = reader.number(); count > 0; count -= 1) sizes.push(reader.skipBlock());
    if (id === DATA) add('data: texts and tables', end - reader.at);
    if (id === CUSTOM && reader.text() === 'name') reader.functionNames(end, names);
  }
  sizes.forEach((size, index) => add(groupOf(names.get(imported + index) ?? ''), size));
  return [...groups].sort((a, b) => b[1] - a[1]);
}

/**
 * A wasm that exports less. What only these exports use can then be taken out by an optimiser.
 *
 * @param {Uint8Array} wasm
 * @param {(name: string) => boolean} isLeftOut
 */
export function withoutExports(wasm, isLeftOut) {
  const reader = new Reader(wasm);
  for (const { id, begin, end } of reader.sections()) {
    if (id !== EXPORTS) continue;
    const kept = [];
    for (let count = reader.number(); count > 0; count -= 1) {
      const start = reader.at;
      const name = reader.text();
      reader.at += 1;
      reader.number();
      if (!isLeftOut(name)) kept.push(wasm.subarray(start, reader.at));
    }
    const content = Buffer.concat([number(kept.length), ...kept]);
    return Buffer.concat([wasm.subarray(0, begin), Buffer.from([EXPORTS]), number(content.length), content, wasm.subarray(end)]);
  }
  return wasm;
}

/** A number as the format writes it: seven bits in each byte, the lowest first. */
function number(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  /** Where each section begins and ends, and its number; what reads stands behind its head then. */
  *sections() {
    this.at = HEADER;
    while (this.at < this.bytes.length) {
      const begin = this.at;
      const id = this.byte();
      const end = this.number() + this.at;
      yield { id, begin, end };
      this.at = end;
    }
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  text() {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  /** Steps over a body with its length in front; how many bytes that is. */
  skipBlock() {
    const begin = this.at;
    const length = this.number();
    this.at += length;
    return this.at - begin;
  }

  importedFunctions() {
    let functions = 0;
    for (let count = this.number(); count > 0; count -= 1) {
      this.text();
      this.text();
      const kind = this.byte();
      if (kind === 0) {
        functions += 1;
        this.number();
      } else if (kind === 3) {
        this.at += 2;
      } else {
        if (kind === 1) this.at += 1;
        const hasMost = this.byte() & 1;
        this.number();
        if (hasMost) this.number();
      }
    }
    return functions;
  }

  functionNames(end, names) {
    while (this.at < end) {
      const kind = this.byte();
      const next = this.number() + this.at;
      if (kind === 1) for (let count = this.number(); count > 0; count -= 1) names.set(this.number(), this.text());
      this.at = next;
    }
  }
}

/** What a function belongs to: a module of the engine, or a crate. */
function groupOf(name) {
  const module = /\beasysync::(\w+)/.exec(name);
  if (module) return `easysync::${module[1]}`;
  const crate = /\b(core|alloc|std|dlmalloc|hashbrown|serde_core|serde_wasm_bindgen|wasm_bindgen|js_sys|smallvec|triomphe)\b/.exec(name);
  return crate ? crate[1] : 'exports and the rest';
}
