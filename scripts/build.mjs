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
  if (isNewer(join(pkg, 'package.json'), [built, join(root, 'npm'), join(root, 'CHANGELOG.md')])) return;
  rmSync(pkg, { recursive: true, force: true });
  // The function that it adds makes a new instance after a trap; what it costs is a comparison for each call.
  run('glue', ['wasm-bindgen', '--target', 'web', '--experimental-reset-state-function', '--out-dir', 'pkg', built]);
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
  const sources = ['www', 'pkg', 'webpack.config.js', 'package-lock.json'].map((name) => join(root, name));
  // webpack leaves files alone that come out as they were, so their times tell nothing.
  const stamp = join(root, 'dist', '.built');
  if (isNewer(stamp, sources)) return;
  run('pages', ['webpack', '--mode', 'production']);
  writeFileSync(stamp, '');
}

/** The pad server; gives back where it is. */
export function buildServer() {
  needRust();
  run('server', ['cargo', 'build', '--release', '-p', 'easysync-server']);
  return serverProgram('release');
}

/** The program that makes load; gives back where it is. */
export function buildLoadtest() {
  run('load generator', ['cargo', 'build', '--release', '-p', 'easysync-loadtest']);
  return program('release', 'easysync-loadtest');
}

/** Where cargo puts the pad server. */
export function serverProgram(profile) {
  return program(profile, 'easysync-server');
}

function program(profile, name) {
  return join(root, 'target', profile, process.platform === 'win32' ? `${name}.exe` : name);
}

/** Whether a file is there and newer than all sources, which may be folders. */
function isNewer(file, sources) {
  if (!existsSync(file)) return false;
  const made = statSync(file).mtimeMs;
  const isOld = (path) => {
    const stat = statSync(path);
    return stat.isDirectory() ? readdirSync(path).every((name) => isOld(join(path, name))) : stat.mtimeMs <= made;
  };
  return sources.every(isOld);
}

if (process.argv[1]?.endsWith('build.mjs')) {
  buildPackage();
  if (!process.argv.includes('--package')) {
    buildPages();
    buildServer();
  }
}
