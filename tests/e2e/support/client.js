// A client without a page: it speaks the protocol itself, and can send what no page would.

import { setTimeout as sleep } from 'node:timers/promises';
import { io } from 'socket.io-client';

/** A socket that has joined a pad. */
export class Client {
  /** Messages that came, the newest last. */
  messages = [];
  /** Why the server has ended the session. */
  refusal = null;
  #waiting = new Set();
  /** What commits without an answer add to the length. */
  #submitted = [];

  constructor(socket) {
    this.socket = socket;
    socket.on('message', (message) => this.#take(message));
  }

  /**
   * Connects and joins.
   *
   * @param {string} origin
   * @param {string} pad
   * @param {{name?: string | null, color?: string | null}} [person]
   */
  static async join(origin, pad, { name = null, color = null, capabilities } = {}) {
    const response = await fetch(`${origin}/p/${encodeURIComponent(pad)}`);
    const token = /token=([^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1];
    if (!token) throw new Error('the server gave no token');
    const socket = io(origin, {
      transports: ['websocket'],
      forceNew: true,
      query: { padId: pad },
      extraHeaders: { cookie: `token=${token}` },
    });
    const client = new Client(socket);
    const vars = client.next((message) => message.type === 'CLIENT_VARS');
    socket.on('connect', () => {
      const userInfo = { name, colorId: color };
      const extra = capabilities === undefined ? {} : { easysync: { capabilities } };
      client.send({ component: 'pad', type: 'CLIENT_READY', padId: pad, userInfo, ...extra });
    });
    client.vars = (await vars).data;
    client.author = client.vars.userId;
    const { initialAttributedText, rev } = client.vars.collab_client_vars;
    client.length = initialAttributedText.text.length;
    client.text = initialAttributedText.text;
    client.rev = rev;
    return client;
  }

  send(message) {
    this.socket.emit('message', message);
  }

  /** Sends something that concerns the room. */
  tell(data) {
    this.send({ type: 'COLLABROOM', component: 'pad', data });
  }

  /** Resolves with the next message, or one that has come already, that `wanted` likes. */
  async next(wanted, time = 10_000) {
    const found = this.messages.findIndex((message) => wanted(message));
    if (found >= 0) return this.messages.splice(found, 1)[0];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the message did not come')), time);
      this.#waiting.add({ wanted, done: (message) => (clearTimeout(timer), resolve(message)) });
    });
  }

  /**
   * Commits a changeset made on the newest revision, and waits until the server has it.
   *
   * @param {string} changeset Its attribute numbers are those of `attributes`.
   * @param {[string, string][]} attributes
   */
  async commit(changeset, attributes = []) {
    const answer = this.next((message) => message.disconnect || message.data?.type === 'ACCEPT_COMMIT', 60_000);
    this.submit(changeset, attributes);
    const message = await answer;
    if (message.disconnect) throw new Error(`refused: ${message.disconnect}`);
  }

  /** Sends a changeset and does not wait. */
  submit(changeset, attributes = [], baseRev = this.rev) {
    this.#submitted.push(lengthChange(changeset));
    const numToAttrib = Object.fromEntries(attributes.map((attribute, number) => [number, attribute]));
    this.tell({ type: 'USER_CHANGES', baseRev, changeset, apool: { numToAttrib, nextNum: attributes.length } });
  }

  /** Puts text, with attributes besides the author, at the beginning of a pad that nobody else writes in. */
  async prepend(text, attributes = []) {
    const all = [['author', this.author], ...attributes];
    const numbers = all.map((_, number) => `*${base36(number)}`).join('');
    const changeset = `Z:${base36(this.length)}>${base36(text.length)}${insertOps(text, numbers)}$${text}`;
    await this.commit(changeset, all);
  }

  /** Waits until a revision has come. */
  async until(rev, time = 60_000) {
    const end = Date.now() + time;
    while (this.rev < rev) {
      if (Date.now() > end) throw new Error(`revision ${rev} did not come`);
      await sleep(2);
    }
  }

  /** Waits until the server has answered every commit. */
  async settled(time = 60_000) {
    const end = Date.now() + time;
    while (this.#submitted.length > 0) {
      if (Date.now() > end || this.refusal) throw new Error(this.refusal ?? 'the server does not answer');
      await sleep(1);
    }
  }

  close() {
    this.socket.disconnect();
  }

  #take(message) {
    if (message?.data?.type === 'NEW_CHANGES') {
      this.rev = message.data.newRev;
      this.length += lengthChange(message.data.changeset);
    }
    if (message?.data?.type === 'NEW_CHANGES_BATCH') {
      for (const change of message.data.changes) {
        this.rev = change.newRev;
        this.length += lengthChange(change.changeset);
      }
    }
    if (message?.data?.type === 'ACCEPT_COMMIT') {
      this.rev = message.data.newRev;
      this.length += this.#submitted.shift() ?? 0;
    }
    if (message?.disconnect) this.refusal = `refused: ${message.disconnect}`;
    for (const waiting of this.#waiting) {
      if (!waiting.wanted(message)) continue;
      this.#waiting.delete(waiting);
      waiting.done(message);
      return;
    }
    this.messages.push(message);
    // Long sessions would keep everything.
    if (this.messages.length > 1000) this.messages.shift();
  }
}

export function base36(number) {
  return number.toString(36);
}

/** Operations that insert a text: whole lines first, then the rest. */
export function insertOps(text, attributes = '') {
  const lines = text.split('\n').length - 1;
  const whole = text.lastIndexOf('\n') + 1;
  const rest = text.length - whole;
  return (lines > 0 ? `${attributes}|${base36(lines)}+${base36(whole)}` : '') + (rest > 0 ? `${attributes}+${base36(rest)}` : '');
}

/** Operations that keep a text. */
export function keepOps(text) {
  const lines = text.split('\n').length - 1;
  const whole = text.lastIndexOf('\n') + 1;
  const rest = text.length - whole;
  return (lines > 0 ? `|${base36(lines)}=${base36(whole)}` : '') + (rest > 0 ? `=${base36(rest)}` : '');
}

function lengthChange(changeset) {
  const [, sign, by] = /^Z:[0-9a-z]+([<>])([0-9a-z]+)/.exec(changeset) ?? [];
  return (sign === '<' ? -1 : 1) * Number.parseInt(by ?? '0', 36);
}
