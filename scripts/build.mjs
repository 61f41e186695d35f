// Builds the npm package `easysync-wasm` in pkg/, and, unless told `--package`, the pages in dist/, the plugin for Etherpad, and the server.

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
export function compile({ name, features, level }) {
  const folder = join(root, 'target', 'builds', name);
  // That it is to be a module of its own is said here. In the manifest, beside the library, it would keep cargo from optimising across crates, and
  // make every other build link a module too.
  const command = ['cargo', 'rustc', '--lib', '--crate-type', 'cdylib', '--target', 'wasm32-unknown-unknown', '--profile', 'wasm'];
  run(`engine for ${name}`, [...command, '--no-default-features', '--features', features.join(), '--target-dir', folder], {
    env: { CARGO_PROFILE_WASM_OPT_LEVEL: level },
  });
  return join(folder, 'wasm32-unknown-unknown', 'wasm', 'easysync.wasm');
}

function glue({ name, level }, compiled) {
  const out = `easysync_${name}`;
  bind(compiled, pkg, out);
  const wasm = join(pkg, `${out}_bg.wasm`);
  cpSync(wasm, named(name));
  optimise(wasm, level, '--strip-debug', '--strip-producers');
  rmSync(join(pkg, `${out}_bg.wasm.d.ts`));
  const script = join(pkg, `${out}.js`);
  // What its comments say is in the types.
  run(`smaller glue for ${name}`, ['terser', script, '--module', '--compress', 'passes=2', '--mangle', '--output', script]);
}

/** Makes `OUT_bg.wasm` and its glue of what the compiler made. */
export function bind(compiled, folder, out) {
  // The function that it adds makes a new instance after a trap; what it costs is a comparison for each call.
  const options = ['--target', 'web', '--experimental-reset-state-function', '--out-dir', folder, '--out-name', out];
  run(`glue for ${out}`, ['wasm-bindgen', ...options, compiled]);
}

/** The wasm of a build before it is optimised, with the names of its functions. */
export function named(name) {
  return join(root, 'target', 'builds', name, 'named.wasm');
}

/** Optimises a wasm in its place. */
export function optimise(wasm, level, ...options) {
  run('optimiser', ['wasm-opt', `-O${level}`, ...options, wasm, '-o', `${wasm}.opt`]);
  renameSync(`${wasm}.opt`, wasm);
}

/** What the Etherpad plugin serves: the engine as one file. */
export function buildPlugin() {
  const folder = join('integrations', 'ep_easysync');
  const sources = [join(folder, 'bundle'), join(folder, 'webpack.config.mjs'), 'pkg'].map((name) => join(root, name));
  if (isNewer(join(root, folder, 'static', 'js', 'easysync.js'), sources)) return;
  run('plugin for Etherpad', ['webpack', '--config', join(folder, 'webpack.config.mjs')]);
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
    buildPlugin();
    buildServer();
  }
}
