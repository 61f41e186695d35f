// Builds the npm package `easysync-wasm` in pkg/, and, unless told `--package`, the pages in dist/ and the server.

import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { root, run } from './run.mjs';
import { needPackages, needRust, needWasm } from './setup.mjs';

const pkg = join(root, 'pkg');

/** The npm package: wasm, its glue, the entries, types. */
export function buildPackage() {
  needRust();
  needPackages();
  needWasm();
  run('engine', ['cargo', 'build', '--lib', '--target', 'wasm32-unknown-unknown', '--profile', 'wasm']);
  const built = join(root, 'target', 'wasm32-unknown-unknown', 'wasm', 'easysync.wasm');
  const marker = join(pkg, 'package.json');
  const sources = [built, ...readdirSync(join(root, 'npm')).map((name) => join(root, 'npm', name))];
  if (existsSync(marker) && sources.every((source) => statSync(source).mtimeMs <= statSync(marker).mtimeMs)) return;
  rmSync(pkg, { recursive: true, force: true });
  run('glue', ['wasm-bindgen', '--target', 'web', '--out-dir', 'pkg', built]);
  const wasm = join(pkg, 'easysync_bg.wasm');
  run('optimiser', ['wasm-opt', '-O3', '--strip-debug', '--strip-producers', wasm, '-o', `${wasm}.opt`]);
  renameSync(`${wasm}.opt`, wasm);
  rmSync(join(pkg, 'easysync_bg.wasm.d.ts'));
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE', 'CHANGELOG.md']) cpSync(join(root, name), join(pkg, name));
  for (const name of readdirSync(join(root, 'npm')).sort()) writeFileSync(join(pkg, name), readFileSync(join(root, 'npm', name)));
  const size = (name) => brotliCompressSync(readFileSync(join(pkg, name))).length;
  console.log(`pkg/: ${size('easysync_bg.wasm')} bytes of wasm and ${size('easysync.js')} of glue, brotli`);
}

/** The pages. */
export function buildPages() {
  run('pages', ['webpack', '--mode', 'production']);
}

/** The pad server. */
export function buildServer() {
  needRust();
  run('server', ['cargo', 'build', '--release', '-p', 'easysync-server']);
}

if (process.argv[1]?.endsWith('build.mjs')) {
  buildPackage();
  if (!process.argv.includes('--package')) {
    buildPages();
    buildServer();
  }
}
