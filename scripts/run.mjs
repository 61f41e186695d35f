// Running commands, and saying which.

import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Where tools go that belong to this project only. */
export const tools = join(root, '.tools');

// Tools of ours come first, then what is installed.
process.env.PATH = [join(tools, 'bin'), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);

const shell = process.platform === 'win32';

/**
 * Runs a command in the repository, its output going where ours goes; ends this process if it fails.
 *
 * @param {string} what What it is for, in a few words.
 * @param {string[]} command
 * @param {{cwd?: string, env?: Record<string, string>, limit?: number, tries?: number}} [options] A command that takes longer than
 *   `limit` milliseconds hangs, and is tried again, so often in all.
 */
export function run(what, command, options = {}) {
  const { cwd = root, env = {}, limit, tries = 1 } = options;
  console.log(`\n== ${what}: ${command.join(' ')}`);
  const began = Date.now();
  const { status, error } = spawnSync(command[0], command.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    timeout: limit,
    shell,
  });
  if (error?.code === 'ETIMEDOUT' && tries > 1) {
    console.log(`== ${what}: hangs`);
    run(what, command, { ...options, tries: tries - 1 });
    return;
  }
  if (error || status !== 0) {
    console.error(`\n${what} failed${error ? `: ${error.message}` : ` (exit ${status})`}`);
    process.exit(1);
  }
  console.log(`== ${what}: done in ${Math.round((Date.now() - began) / 1000)} s`);
}

/** What a command prints, without white space around it; undefined if it is not there or fails. */
export function output(command, ...args) {
  const { status, error, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  return error || status !== 0 ? undefined : stdout.trim();
}

/** Whether a command is there. */
export function has(command, ...args) {
  return output(command, ...args) !== undefined;
}
