// What tests and benches need, installed if it is missing.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { has, root, run } from './run.mjs';

/** Rust must be there; everything else follows from it. */
export function needRust() {
  if (!has('cargo', '--version')) {
    console.error('Rust is missing. Install it from https://rustup.rs and try again.');
    process.exit(1);
  }
  for (const [component, command] of [['rustfmt', 'fmt'], ['clippy', 'clippy']]) {
    if (!has('cargo', command, '--version')) run(`installing ${component}`, ['rustup', 'component', 'add', component]);
  }
}

/** Etherpad's own code, which the tests compare with. Takes some minutes the first time. */
export function needEtherpad() {
  const folder = join(root, 'tests', 'etherpad');
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const lock = join(folder, 'package-lock.json');
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    run('installing Etherpad to compare with', ['npm', 'ci', '--ignore-scripts'], { cwd: folder });
  }
}
