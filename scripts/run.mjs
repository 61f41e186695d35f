// Running commands, and saying which.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a command in the repository, its output going where ours goes; ends this process if it fails.
 *
 * @param {string} what What it is for, in a few words.
 * @param {string[]} command
 * @param {{cwd?: string, env?: Record<string, string>}} [options]
 */
export function run(what, command, { cwd = root, env = {} } = {}) {
  console.log(`\n== ${what}: ${command.join(' ')}`);
  const began = Date.now();
  const { status, error } = spawnSync(command[0], command.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) {
    console.error(`\n${what} failed${error ? `: ${error.message}` : ` (exit ${status})`}`);
    process.exit(1);
  }
  console.log(`== ${what}: done in ${Math.round((Date.now() - began) / 1000)} s`);
}

/** Whether a command is there. */
export function has(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'ignore', shell: process.platform === 'win32' });
  return !error && status === 0;
}
