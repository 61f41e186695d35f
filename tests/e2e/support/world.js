// What a test file needs: a server, a browser, and people at pads.

import { launch, openPad } from './browser.js';
import { Client } from './client.js';
import { Server } from './server.js';

/** A server and a browser that end together. */
export class World {
  #names = 0;

  static async open(...serverOptions) {
    const world = new World();
    world.server = await Server.start(...serverOptions);
    world.browser = await launch();
    return world;
  }

  /** A name that no pad has yet. */
  name(what = 'pad') {
    this.#names += 1;
    return `${what}-${this.#names}`;
  }

  /** The page of somebody new at a pad. */
  async pad(name, options) {
    return openPad(this.browser, this.server.address(name), options);
  }

  /** Two people at one pad that has nothing in it yet but what `text` says. */
  async two(what, text = '') {
    const name = this.name(what);
    const one = await this.pad(name);
    await one.clear();
    if (text !== '') await one.paste({ 'text/plain': text });
    await one.untilSaved();
    const two = await this.pad(name);
    return { name, one, two };
  }

  /** A client without a page. */
  async client(name, options) {
    return Client.join(this.server.origin, name, options);
  }

  async close() {
    await this.browser?.close();
    await this.server?.close();
  }
}
