// What a page loads of each build, compressed: npm run size

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { BUILDS } from './builds.mjs';
import { root } from './run.mjs';

const pkg = join(root, 'pkg');

/** Prints how large the package in pkg/ is: bytes after brotli, for each build. */
export function printSizes() {
  const size = (name) => brotliCompressSync(readFileSync(join(pkg, name))).length;
  const total = (names) => names.reduce((sum, name) => sum + size(name), 0);
  const snippets = readdirSync(join(pkg, 'snippets'), { recursive: true }).filter((name) => name.endsWith('.js'));
  for (const { name, entry } of BUILDS) {
    const wasm = size(`easysync_${name}_bg.wasm`);
    const glue = total([`easysync_${name}.js`, ...snippets.map((path) => join('snippets', path))]);
    const rest = total([`${entry}.js`, 'engine.js']);
    console.log(`pkg/, ${name}: ${wasm} bytes of wasm, ${glue} of glue, ${rest} of entry: ${wasm + glue + rest} in all, brotli`);
  }
}

if (process.argv[1]?.endsWith('size.mjs')) printSizes();
