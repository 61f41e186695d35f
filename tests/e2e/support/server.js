// A pad server of its own for each test file.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

const PROGRAM = process.env.EASYSYNC_SERVER ?? join(root, 'target', 'release', 'easysync-server');
const START_TIME = 20_000;

/** A running server with a file of pads of its own. */
export class Server {
  #process = null;
  #output = '';

  /** @param {string[]} options What the program is given. */
  constructor(options = []) {
    this.options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'easysync-e2e-'));
    this.port = 0;
  }

  /** Starts one. */
  static async start(...options) {
    const server = new Server(options);
    await server.run();
    return server;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the program: at first on any port, later on the same one. */
  async run() {
    const place = { HOST: '127.0.0.1', PORT: String(this.port), DATA: join(this.folder, 'pads.redb') };
    // Authors made by programs write faster than people.
    const env = { ...process.env, ...place, RUST_LOG: 'warn', MAX_RATE: '0' };
    const child = spawn(PROGRAM, this.options, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    // A test that breaks off leaves none behind.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    child.stderr.on('data', (data) => this.#note(data));
    const address = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server did not start:\n${this.#output}`)), START_TIME);
      const failed = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`the server ended with code ${code}:\n${this.#output}`)));
      let text = '';
      child.stdout.on('data', (data) => {
        text += data;
        const match = /listening on (http:\/\/\S+)/.exec(text);
        if (!match) return;
        clearTimeout(timer);
        resolve(new URL(match[1]));
      });
    });
    this.port = Number(address.port);
  }

  /** Ends the program as an operator would, and waits until it is gone. What it keeps stays. */
  async halt() {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }

  /** Ends the program as a crash would. */
  async kill() {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Forgets all pads. The program must not run. */
  forget() {
    for (const name of readdirSync(this.folder)) rmSync(join(this.folder, name), { recursive: true });
  }

  async close() {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What the program has complained about. */
  get log() {
    return this.#output;
  }

  address(pad) {
    return `${this.origin}/p/${encodeURIComponent(pad)}`;
  }

  /** The pad's text, as anybody can fetch it. */
  async text(pad) {
    return fetchText(`${this.address(pad)}/export/txt`);
  }

  /** The pad with its attributes, from its export. */
  async content(pad) {
    return contentOf(JSON.parse(await fetchText(`${this.address(pad)}/export/etherpad`)));
  }

  #note(data) {
    this.#output = (this.#output + data).slice(-20_000);
  }
}

export async function fetchText(address) {
  // A server may close a connection that was kept, at the very moment when it is used again.
  const response = await fetch(address).catch(() => fetch(address));
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.text();
}

/**
 * The document in a `.etherpad` export.
 *
 * @returns {{rev: number, text: string, runs: [number, string][]}}
 */
export function contentOf(exported) {
  const [, pad] = Object.entries(exported).find(([key]) => /^pad:[^:]*$/.test(key)) ?? [];
  if (!pad) throw new Error('the export has no pad');
  const pool = new Map(Object.entries(pad.pool.numToAttrib).map(([number, attribute]) => [Number(number), attribute]));
  return { rev: pad.head, text: pad.atext.text, runs: runsOf(pad.atext.attribs, pool) };
}

/** Attributes of a document as runs: length, and `key=value` pairs in order of their keys. Empty values say that there is nothing. */
export function runsOf(attribs, pool) {
  const runs = [];
  for (const [, numbers, length] of attribs.matchAll(/((?:\*[0-9a-z]+)*)(?:\|[0-9a-z]+)?\+([0-9a-z]+)/g)) {
    const pairs = [...numbers.matchAll(/\*([0-9a-z]+)/g)].map(([, number]) => {
      const attribute = pool.get(Number.parseInt(number, 36));
      if (!attribute) throw new Error(`the pool has no attribute ${number}`);
      return attribute;
    });
    push(runs, Number.parseInt(length, 36), pairs);
  }
  return runs;
}

function push(runs, length, pairs) {
  const name = pairs
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ');
  const last = runs.at(-1);
  if (last?.[1] === name) last[0] += length;
  else runs.push([length, name]);
}
