// What building and testing need, installed if it is missing. Each step says what it does, and is quick when there is
// nothing to do.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { has, output, root, run, tools } from './run.mjs';

const WASM_TARGET = 'wasm32-unknown-unknown';

/** Rust must be there; everything else follows from it. */
export function needRust() {
  if (!has('cargo', '--version')) {
    console.error('Rust is missing. Install it from https://rustup.rs and try again.');
    process.exit(1);
  }
}

/** What the checks of style need. */
export function needLints() {
  for (const [component, command] of [['rustfmt', 'fmt'], ['clippy', 'clippy']]) {
    if (!has('cargo', command, '--version')) run(`installing ${component}`, ['rustup', 'component', 'add', component]);
  }
}

/** The npm packages that the lock file names. */
export function needPackages(folder = root, ...options) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const lock = join(folder, 'package-lock.json');
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    run('installing npm packages', ['npm', 'ci', ...options], { cwd: folder });
  }
}

/** Compiling to WebAssembly, and running tests of it: the target, and the tools that must have the same version as the crate. */
export function needWasm() {
  if (!hasTarget()) {
    run('installing the WebAssembly target', ['rustup', 'target', 'add', WASM_TARGET]);
  }
  const version = lockedVersion('wasm-bindgen');
  if (output('wasm-bindgen', '--version') !== `wasm-bindgen ${version}`) {
    install('wasm-bindgen-cli', version);
  }
}

/** Etherpad's own code, which the tests compare with. */
export function needEtherpad() {
  needPackages(join(root, 'tests', 'etherpad'), '--ignore-scripts');
}

/**
 * A Chromium and its driver; gives back where they are. The variables CHROMIUM and CHROMEDRIVER name others.
 *
 * @returns {{chromium: string, chromedriver: string}}
 */
export function needBrowser() {
  const found = findBrowser() ?? (installPackages('Chromium', 'chromium', 'chromium-driver') ? findBrowser() : undefined);
  if (found) return found;
  console.error(
    'Chromium and ChromeDriver of one version are needed for the tests in a browser. Install them, and name them by CHROMIUM and ' +
      'CHROMEDRIVER if they are not on the PATH.',
  );
  process.exit(1);
}

/**
 * PostgreSQL's programs; gives back the folder that they are in. The variable POSTGRES_BIN names another.
 *
 * @returns {string}
 */
export function needPostgres() {
  const found = findPostgres() ?? (installPackages('PostgreSQL', 'postgresql') ? findPostgres() : undefined);
  if (found) return found;
  console.error('PostgreSQL is needed for the tests of the server. Install it, and name the folder with its programs by POSTGRES_BIN.');
  process.exit(1);
}

function findPostgres() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : [];
  const onPath = output('which', 'initdb');
  const folders = [process.env.POSTGRES_BIN, ...versions.map((version) => join(debian, version, 'bin')), onPath && dirname(onPath)];
  return folders.find((folder) => folder && existsSync(join(folder, 'initdb')));
}

/** Installs packages where apt-get is there and may be used; says whether it did. */
function installPackages(what, ...packages) {
  const isRoot = process.getuid?.() === 0;
  if (!has('apt-get', '--version') || !(isRoot || has('sudo', '-n', 'true'))) return false;
  const command = [...(isRoot ? [] : ['sudo', '-n']), 'apt-get'];
  run('looking for packages', [...command, 'update']);
  run(`installing ${what}`, [...command, 'install', '-y', '--no-install-recommends', ...packages]);
  return true;
}

function findBrowser() {
  const first = (names) => names.find((name) => name && has(name, '--version'));
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  const chromium = first([process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome', mac]);
  const chromedriver = first([process.env.CHROMEDRIVER, 'chromedriver']);
  return chromium && chromedriver ? { chromium: path(chromium), chromedriver: path(chromedriver) } : undefined;
}

/** A command's place: what starts browsers wants a path. */
function path(command) {
  return command.includes('/') ? command : (output('which', command) ?? command);
}

function hasTarget() {
  const folder = output('rustc', '--print', 'target-libdir', '--target', WASM_TARGET);
  return folder !== undefined && existsSync(folder);
}

/** The version of a crate that the lock file names. */
function lockedVersion(crate) {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  const version = new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`).exec(lock)?.[1];
  if (version) return version;
  console.error(`Cargo.lock does not name ${crate}.`);
  process.exit(1);
}

function install(crate, version) {
  // Not --locked: the lock file that comes with wasm-bindgen-cli names a version that is not published. Built quickly rather than
  // well: what these tools do takes a second or two.
  const command = ['cargo', 'install', crate, '--version', version, '--root', tools, '--quiet'];
  const env = { CARGO_PROFILE_RELEASE_OPT_LEVEL: '0', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16', CARGO_PROFILE_RELEASE_LTO: 'off' };
  run(`installing ${crate} ${version}, which takes some minutes`, command, { env });
}
