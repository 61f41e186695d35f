// A bad network, real to the page: a proxy between it and the server that cuts, delays, reorders, doubles and drops what goes over the web socket.

import { createServer, request as forward } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

/** The frames that carry messages of the pad. All others hold a connection together, and pass as they are. */
const MESSAGE = '42["message",';

/** The message in a frame, or `null`. */
export function messageOf(frame) {
  return frame.startsWith(MESSAGE) ? JSON.parse(frame.slice(MESSAGE.length, -1)) : null;
}

/** A network between pages and a server. */
export class Network {
  /** What has been done to frames. */
  counts = { passed: 0, delayed: 0, doubled: 0, dropped: 0, reordered: 0, cuts: 0, refused: 0 };
  /** Whether web sockets are let through at all. */
  allowsSockets = true;
  /** Says of each message whether it is let through; gets it parsed, and whether it goes to the page. */
  lets = null;
  #isDown = false;
  #pairs = new Set();
  #faults = null;
  #http;

  /** @param {import('./server.js').Server} server It may end and come back. */
  static async before(server) {
    const network = new Network();
    network.server = server;
    await network.#listen();
    return network;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  address(pad) {
    return `${this.origin}/p/${encodeURIComponent(pad)}`;
  }

  /**
   * From now on frames meet with faults; without any, no more. Only on the way to the page do they come twice or in another order, as from servers that
   * send the same revision twice: a server cannot tell a commit that came twice from two, once it has moved it past others.
   *
   * @param {{random: import('./random.js').Random, delay?: number, reorder?: number, double?: number, drop?: number, longest?: number} | null} faults
   *   The probabilities of each, and how long a delay may be, in milliseconds.
   */
  setFaults(faults) {
    this.#faults = faults;
  }

  /** Ends all connections at once. */
  cut() {
    for (const pair of [...this.#pairs]) {
      this.counts.cuts += 1;
      pair.end();
    }
  }

  /** The network is gone, or there again. */
  setDown(isDown) {
    this.#isDown = isDown;
    if (isDown) {
      this.cut();
      this.#http.closeAllConnections();
    }
  }

  async close() {
    this.setDown(true);
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #listen() {
    this.#http = createServer((request, response) => this.#request(request, response));
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.#isDown) {
        socket.destroy();
      } else if (!this.allowsSockets) {
        this.counts.refused += 1;
        socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      } else {
        sockets.handleUpgrade(request, socket, head, (toPage) => this.#pair(request, toPage));
      }
    });
    await new Promise((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    this.port = this.#http.address().port;
  }

  #request(request, response) {
    if (this.#isDown) {
      response.destroy();
      return;
    }
    const { method, url, headers } = request;
    const upstream = forward(`${this.server.origin}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  #pair(request, toPage) {
    const { cookie } = request.headers;
    const toServer = new WebSocket(`${this.server.origin.replace('http', 'ws')}${request.url}`, { headers: cookie ? { cookie } : {}, perMessageDeflate: false });
    const pair = {
      end: () => {
        this.#pairs.delete(pair);
        toPage.terminate();
        toServer.terminate();
      },
    };
    this.#pairs.add(pair);
    const early = [];
    const send = (socket, frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
      else if (socket.readyState === WebSocket.CONNECTING) early.push(frame);
    };
    const toServerAt = this.#way(false, (frame) => send(toServer, frame));
    const toPageAt = this.#way(true, (frame) => send(toPage, frame));
    toServer.on('open', () => {
      for (const frame of early.splice(0)) toServer.send(frame);
    });
    toPage.on('message', (data) => toServerAt(String(data)));
    toServer.on('message', (data) => toPageAt(String(data)));
    for (const socket of [toPage, toServer]) {
      socket.on('close', pair.end);
      socket.on('error', pair.end);
    }
  }

  /** One direction of a connection. */
  #way(isToPage, pass) {
    let held = null;
    /** Until when everything is held back. */
    let free = 0;
    const release = () => {
      const frame = held;
      held = null;
      if (frame !== null) pass(frame);
    };
    return (frame) => {
      const faults = this.#faults;
      if (this.lets && frame.startsWith(MESSAGE) && !this.lets(messageOf(frame), isToPage)) {
        this.counts.dropped += 1;
        return;
      }
      if (!faults || !frame.startsWith(MESSAGE)) {
        pass(frame);
        return;
      }
      const { random, delay = 0, drop = 0, longest = 1000 } = faults;
      const { reorder = 0, double = 0 } = isToPage ? faults : {};
      let dice = random.number();
      const is = (probability) => {
        dice -= probability;
        return dice < 0;
      };
      if (is(drop)) {
        this.counts.dropped += 1;
      } else if (is(double)) {
        this.counts.doubled += 1;
        pass(frame);
        setTimeout(() => pass(frame), random.below(longest));
      } else if (is(delay)) {
        this.counts.delayed += 1;
        const until = Date.now() + random.below(longest);
        if (!isToPage) free = Math.max(free, until);
        setTimeout(() => pass(frame), Math.max(free, until) - Date.now());
      } else if (is(reorder)) {
        // It goes after the next one, or after a while if there is none.
        this.counts.reordered += 1;
        release();
        held = frame;
        setTimeout(() => held === frame && release(), longest);
      } else if (free > Date.now()) {
        // Nothing overtakes what was delayed on this way.
        this.counts.delayed += 1;
        setTimeout(() => pass(frame), free - Date.now());
      } else {
        this.counts.passed += 1;
        pass(frame);
        release();
      }
    };
  }
}
