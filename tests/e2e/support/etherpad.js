// A real Etherpad, as npm has it.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf, fetchText, root } from './server.js';

const PACKAGES = join(root, 'tests', 'etherpad', 'node_modules');
const START_TIME = 180_000;

/** An Etherpad 1.8.14 with nothing in it. */
export class Etherpad {
  #output = '';
  #options;

  /** Starts one, with plugins in folders of their names, and settings besides the usual ones. */
  static async start({ plugins = [], settings = {} } = {}) {
    const etherpad = new Etherpad();
    etherpad.#options = { plugins, settings };
    etherpad.folder = mkdtempSync(join(tmpdir(), 'easysync-etherpad-'));
    etherpad.port = await freePort();
    try {
      etherpad.#prepare();
      await etherpad.#run();
    } catch (error) {
      await etherpad.close();
      throw error;
    }
    return etherpad;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  address(pad) {
    return `${this.origin}/p/${pad}`;
  }

  async text(pad) {
    return fetchText(`${this.address(pad)}/export/txt`);
  }

  async content(pad) {
    return contentOf(JSON.parse(await fetchText(`${this.address(pad)}/export/etherpad`)));
  }

  /** A call of its programming interface, with what it answers. */
  async call(name, parameters) {
    const apikey = readFileSync(join(this.folder, 'APIKEY.txt'), 'utf8').trim();
    const body = new URLSearchParams({ apikey, ...parameters });
    const { code, message, data } = await (await fetch(`${this.origin}/api/1.2.15/${name}`, { method: 'POST', body })).json();
    if (code !== 0) throw new Error(`${name}: ${message}`);
    return data;
  }

  /** Ends it as an operator would, when everything is written. */
  async halt() {
    await this.#end('SIGTERM');
  }

  async close() {
    await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal) {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Lays out the folders as Etherpad wants them: it finds its root only if its own folder is called `src`. */
  #prepare() {
    if (!existsSync(join(PACKAGES, 'ep_etherpad-lite'))) throw new Error('Etherpad is not installed: run `npm ci --ignore-scripts` in tests/etherpad');
    const { folder } = this;
    cpSync(join(PACKAGES, 'ep_etherpad-lite'), join(folder, 'src'), { recursive: true });
    mkdirSync(join(folder, 'var'));
    // Its server looks for what it serves of its packages in a folder within its own.
    mkdirSync(join(folder, 'src', 'node_modules'));
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(PACKAGES)) {
      if (name.startsWith('.') || name === 'ep_etherpad-lite') continue;
      symlinkSync(join(PACKAGES, name), join(folder, 'src', 'node_modules', name), 'dir');
    }
    symlinkSync(join('..', 'src'), join(folder, 'node_modules', 'ep_etherpad-lite'), 'dir');
    const dependencies = { 'ep_etherpad-lite': '1.8.14' };
    for (const plugin of this.#options.plugins) {
      dependencies[basename(plugin)] = '*';
      cpSync(plugin, join(folder, 'node_modules', basename(plugin)), { recursive: true });
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'pads', private: true, dependencies }));
    const many = { duration: 1, points: 100_000 };
    const settings = {
      title: 'Etherpad',
      ip: '127.0.0.1',
      port: this.port,
      dbType: 'dirty',
      dbSettings: { filename: 'var/dirty.db' },
      defaultPadText: 'Shared.',
      suppressErrorsInPadText: true,
      commitRateLimiting: many,
      importExportRateLimiting: { windowMs: 1000, max: 100_000 },
      loglevel: 'WARN',
      ...this.#options.settings,
    };
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  }

  async #run() {
    const env = { ...process.env, NODE_ENV: 'production' };
    const child = spawn(process.execPath, ['src/node/server.js'], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        this.#output = (this.#output + data).slice(-20_000);
      });
    }
    const end = Date.now() + START_TIME;
    while (Date.now() < end && child.exitCode === null) {
      await sleep(250);
      const answer = await fetch(`${this.origin}/`).catch(() => null);
      if (answer?.ok) return;
    }
    throw new Error(`Etherpad did not start:\n${this.#output}`);
  }
}

/** A port that nobody listens on at the moment. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
