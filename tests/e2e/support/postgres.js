// A PostgreSQL with nothing in it.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './server.js';

/** A PostgreSQL that runs until it is closed, or until this process ends. */
export class Postgres {
  #process;

  /** @param {string[]} words What the server is given. */
  static async start(...words) {
    const postgres = new Postgres();
    const child = spawn('sh', [join(root, 'scripts', 'postgres.sh'), ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    postgres.#process = child;
    const lines = createInterface(child.stdout);
    const url = await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', (code) => reject(new Error(`PostgreSQL did not start: code ${code}`)));
    });
    postgres.url = url;
    return postgres;
  }

  /** The folder with its socket. */
  get folder() {
    return decodeURIComponent(/@([^/]*)/.exec(this.url)?.[1] ?? '');
  }

  async close() {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  }
}
