// What a page loads of each build, compressed.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { BUILDS } from './builds.mjs';
import { root } from './run.mjs';

const pkg = join(root, 'pkg');

/** How large the package in pkg/ is: bytes after brotli, for each build. */
export function sizes() {
  const size = (name) => compressed(readFileSync(join(pkg, name)));
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

/** How many bytes are left of some after brotli. */
export function compressed(bytes) {
  return brotliCompressSync(bytes).length;
}
