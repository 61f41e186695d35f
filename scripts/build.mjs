// Builds the npm package `easysync-wasm` in pkg/, and, unless told `--package`, the pages in dist/ and the server.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILDS } from './builds.mjs';
import { root, run } from './run.mjs';
import { needPackages, needRust, needWasm } from './setup.mjs';
import { printSizes } from './size.mjs';

const pkg = join(root, 'pkg');

/** The npm package: for each build wasm, its glue, its types; and the entries. */
export function buildPackage() {
  needRust();
  needPackages();
  needWasm();
  const compiled = BUILDS.map(compile);
  const sources = ['npm', 'CHANGELOG.md', 'scripts/build.mjs', 'scripts/builds.mjs'].map((name) => join(root, name));
  if (isNewer(join(pkg, 'package.json'), [...compiled, ...sources])) return;
  rmSync(pkg, { recursive: true, force: true });
  mkdirSync(pkg);
  BUILDS.forEach((build, index) => glue(build, compiled[index]));
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE', 'CHANGELOG.md']) cpSync(join(root, name), join(pkg, name));
  for (const name of readdirSync(join(root, 'npm')).sort()) {
    if (/\.(?:js|d\.ts|md)$|^package\.json$/.test(name)) writeFileSync(join(pkg, name), readFileSync(join(root, 'npm', name)));
  }
  run('client', ['tsc', '-p', 'npm']);
  printSizes();
}

/** A build of the engine; gives back where it is. Each has a folder of its own, since cargo gives all builds of a crate one name. */
function compile({ name, features }) {
  const folder = join(root, 'target', 'builds', name);
  const command = ['cargo', 'build', '--lib', '--target', 'wasm32-unknown-unknown', '--profile', 'wasm'];
  run(`engine for ${name}`, [...command, '--no-default-features', '--features', features.join(), '--target-dir', folder]);
  return join(folder, 'wasm32-unknown-unknown', 'wasm', 'easysync.wasm');
}

function glue({ name }, compiled) {
  const out = `easysync_${name}`;
  // The function that it adds makes a new instance after a trap; what it costs is a comparison for each call.
  const options = ['--target', 'web', '--experimental-reset-state-function', '--out-dir', 'pkg', '--out-name', out];
  run(`glue for ${name}`, ['wasm-bindgen', ...options, compiled]);
  const wasm = join(pkg, `${out}_bg.wasm`);
  run(`optimiser for ${name}`, ['wasm-opt', '-O3', '--strip-debug', '--strip-producers', wasm, '-o', `${wasm}.opt`]);
  renameSync(`${wasm}.opt`, wasm);
  rmSync(join(pkg, `${out}_bg.wasm.d.ts`));
}

/** The pages. */
export function buildPages() {
  const sources = ['www', 'npm', 'pkg', 'webpack.config.js', 'package-lock.json'].map((name) => join(root, name));
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
