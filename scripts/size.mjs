// What a page loads of each build, compressed; and, on the command line, what is in its wasm: npm run size

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { BUILDS } from './builds.mjs';
import { root } from './run.mjs';

const pkg = join(root, 'pkg');

/** How large the package in pkg/ is: bytes after brotli, for each build. */
function sizes() {
  const size = (name) => brotliCompressSync(readFileSync(join(pkg, name))).length;
  const total = (names) => names.reduce((sum, name) => sum + size(name), 0);
  const snippets = readdirSync(join(pkg, 'snippets'), { recursive: true }).filter((name) => name.endsWith('.js'));
  return BUILDS.map(({ name, entry }) => ({
    name,
    wasm: size(`easysync_${name}_bg.wasm`),
    glue: total([`easysync_${name}.js`, ...snippets.map((path) => join('snippets', path))]),
    entry: total([`${entry}.js`, 'engine.js']),
  }));
}

/** Prints that. */
export function printSizes() {
  for (const { name, wasm, glue, entry } of sizes()) {
    console.log(`pkg/, ${name}: ${wasm} bytes of wasm, ${glue} of glue, ${entry} of entry: ${wasm + glue + entry} in all, brotli`);
  }
}

/**
 * What is in a wasm, the largest first: bytes before compression of the code of each module of the engine and of each crate, and of the data.
 *
 * @param {Uint8Array} wasm With the names of its functions.
 * @returns {[string, number][]}
 */
export function contents(wasm) {
  const reader = new Reader(wasm);
  reader.at = 8;
  const sizes = [];
  const names = new Map();
  const groups = new Map();
  const add = (group, bytes) => groups.set(group, (groups.get(group) ?? 0) + bytes);
  let imported = 0;
  while (reader.at < wasm.length) {
    const id = reader.byte();
    const end = reader.number() + reader.at;
    if (id === 2) imported = reader.importedFunctions();
    if (id === 10) for (let count = reader.number(); count > 0; count -= 1) sizes.push(reader.skipBlock());
    if (id === 11) add('data: texts and tables', end - reader.at);
    if (id === 0 && reader.text() === 'name') reader.functionNames(end, names);
    reader.at = end;
  }
  sizes.forEach((size, index) => add(groupOf(names.get(imported + index) ?? ''), size));
  return [...groups].sort((a, b) => b[1] - a[1]);
}

/** The parts of WebAssembly's binary format that are needed here. */
class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
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

/** What is in the wasm of each build, as a document. */
function report(optimise, named) {
  const folder = mkdtempSync(join(tmpdir(), 'easysync-size-'));
  const lines = ['# What a page loads', '', 'Made by `npm run size -- --write`. After brotli, in bytes:', ''];
  lines.push('| build | wasm | glue | entry | in all |', '|---|---|---|---|---|');
  lines.push(...sizes().map(({ name, wasm, glue, entry }) => `| \`${name}\` | ${wasm} | ${glue} | ${entry} | ${wasm + glue + entry} |`));
  for (const { name, level } of BUILDS) {
    const wasm = join(folder, `${name}.wasm`);
    cpSync(named(name), wasm);
    optimise(wasm, level, '-g');
    const parts = contents(readFileSync(wasm));
    const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    lines.push('', `What the wasm of \`${name}\` consists of, before compression; parts below half a percent are left out:`, '');
    lines.push('| | bytes | % |', '|---|---|---|');
    const row = ([part, bytes]) => `| ${part} | ${bytes} | ${((100 * bytes) / total).toFixed(1)} |`;
    lines.push(...parts.filter(([, bytes]) => bytes * 200 >= total).map(row));
  }
  rmSync(folder, { recursive: true });
  return `${lines.join('\n')}\n`;
}

// Not awaited here: what is imported imports this file.
if (process.argv[1]?.endsWith('size.mjs')) {
  void import('./build.mjs').then(({ buildPackage, named, optimise }) => {
    buildPackage();
    const text = report(optimise, named);
    console.log(text);
    if (process.argv.includes('--write')) writeFileSync(join(root, 'docs', 'size.md'), text);
  });
}
