// The npm package as it is published.

import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { root } from './server.js';

/** Runs npm in a folder; gives back what it prints. */
export function npm(folder, ...args) {
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  assert.equal(status, 0, `npm ${args.join(' ')}: ${error ?? ''}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Packs the package into a folder; gives back the path of the file. */
export function pack(folder) {
  const [{ filename }] = JSON.parse(npm(folder, 'pack', join(root, 'pkg'), '--json'));
  return join(folder, filename);
}

/** Installs the packed package in a folder. */
export function install(folder, tarball, ...options) {
  npm(folder, 'install', ...options, '--no-audit', '--no-fund', '--prefer-offline', tarball);
}
