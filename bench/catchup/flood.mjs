// A server that has one pad, and revisions of it that nobody has seen yet: it sends them all at once when it is told to.

import { createServer, request as forward } from 'node:http';
import { WebSocketServer } from 'ws';
import { Client, base36 } from '../../tests/e2e/support/client.js';

const MESSAGE = '42["message",';
const AUTHOR = 'a.another';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** How long the lines become. */
const COLUMNS = 60;
/** The line before which the revisions insert. The page's user writes above it. */
const LINE = 8;
/** Frames that are handed to the network in one go. */
const PIECE = 2000;

/** Stands before a real server, which gives the page, and answers for its pad. */
export class Flood {
  #socket = null;
  #vars = null;
  #rev = 0;
  /** What the page has added above the place. */
  #above = 0;
  #http;
  /** Commits of the page: the server's answers are those of a server that knows all revisions. */
  commits = 0;

  static async before(server, pad) {
    const flood = new Flood();
    const client = await Client.join(server.origin, pad);
    flood.#vars = client.vars;
    client.close();
    flood.#rev = flood.#vars.collab_client_vars.rev;
    flood.place = flood.text.split('\n').slice(0, LINE).join('\n').length + 1;
    await flood.#listen(server);
    flood.pad = pad;
    return flood;
  }

  get address() {
    return `http://127.0.0.1:${this.#http.address().port}/p/${this.pad}`;
  }

  get rev() {
    return this.#rev;
  }

  get text() {
    return this.#vars.collab_client_vars.initialAttributedText.text;
  }

  /** The text when `inserted` stands where the revisions insert. */
  textWith(inserted) {
    return this.text.slice(0, this.place) + inserted + this.text.slice(this.place);
  }

  /** Sends so many revisions: letters before a line that is on the screen, now and then a new line. Gives back what they insert, the last first. */
  async send(count) {
    const inserted = [];
    for (let i = 0; i < count; i += 1) {
      this.#rev += 1;
      const isBreak = i % COLUMNS === COLUMNS - 1;
      const letter = isBreak ? '\n' : LETTERS[i % LETTERS.length];
      const changeset = `Z:${base36(this.length)}>1|${base36(LINE)}=${base36(this.place + this.#above)}*0${isBreak ? '|1' : ''}+1$${letter}`;
      const apool = { numToAttrib: { 0: ['author', AUTHOR] }, attribToNum: { [`author,${AUTHOR}`]: 0 }, nextNum: 1 };
      this.#tell({ type: 'NEW_CHANGES', newRev: this.#rev, changeset, apool, author: AUTHOR, currentTime: 1_700_000_000_000 + i, timeDelta: 1 });
      inserted.push(letter);
      this.length += 1;
      if (i % PIECE === PIECE - 1) await new Promise((resolve) => this.#socket.send('6', resolve));
    }
    return inserted.reverse().join('');
  }

  close() {
    this.#http.closeAllConnections();
    this.#socket?.terminate();
    return new Promise((resolve) => this.#http.close(resolve));
  }

  #tell(data) {
    this.#socket.send(`${MESSAGE}${JSON.stringify({ type: 'COLLABROOM', data })}]`);
  }

  async #listen(server) {
    this.length = this.text.length;
    this.#http = createServer(({ method, url, headers }, response) => {
      forward(`${server.origin}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }).end();
    });
    const sockets = new WebSocketServer({ server: this.#http, perMessageDeflate: false });
    sockets.on('connection', (socket) => {
      this.#socket = socket;
      socket.send(`0${JSON.stringify({ sid: 'flood', upgrades: [], pingInterval: 300_000, pingTimeout: 300_000, maxPayload: 1_000_000 })}`);
      socket.on('message', (data) => this.#take(String(data)));
    });
    await new Promise((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
  }

  #take(frame) {
    if (frame === '40') this.#socket.send('40{"sid":"flood"}');
    if (!frame.startsWith(MESSAGE)) return;
    const message = JSON.parse(frame.slice(MESSAGE.length, -1));
    if (message.type === 'CLIENT_READY') this.#socket.send(`${MESSAGE}${JSON.stringify({ type: 'CLIENT_VARS', data: this.#vars })}]`);
    if (message.data?.type !== 'USER_CHANGES') return;
    // Whatever it was made on, it becomes the newest revision.
    this.commits += 1;
    this.#rev += 1;
    const [, sign, by] = /^Z:[0-9a-z]+([<>])([0-9a-z]+)/.exec(message.data.changeset);
    const grown = (sign === '<' ? -1 : 1) * Number.parseInt(by, 36);
    this.length += grown;
    this.#above += grown;
    this.#tell({ type: 'ACCEPT_COMMIT', newRev: this.#rev });
  }
}
