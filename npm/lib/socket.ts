// A connection to a pad server: Socket.IO's protocol over one WebSocket, as much of it as pads need. Messages are text, in and out.
//
// Servers of Socket.IO 2 (Etherpad 1.8) and of Socket.IO 4 (Etherpad 2 and 3) are told apart by how they greet, on the same connection: the older ones say
// at once that one is connected and want to be pinged; the newer ones want to be asked, and ping themselves.

import { CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, decodePacket, messageData } from './packet.js';

/** What is used of a WebSocket, in a browser and in Node. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the owner of a connection is told. */
export interface Listener {
  /** The server is there; nothing was sent yet on this connection. */
  opened(): void;
  /** A message of the server, as the text that came over the wire. */
  received(message: string): void;
  /** The connection is lost, or could not be made; it is tried again by itself. `why` is for people. */
  lost(why: string): void;
}

/** The types of Engine.IO's packets. */
const OPEN = '0';
const CLOSE = '1';
const PING = '2';
const PONG = '3';
const MESSAGE = '4';

/** Before a connection is tried again, in milliseconds: at first, and at most; some more or less, so that not all come back at once. */
const FIRST_DELAY = 300;
const LONGEST_DELAY = 5000;
const SPREAD = 0.5;
/** How long the server may take until it has greeted, in milliseconds. */
const GREETING = 10_000;
/** An older server that greets says in the same moment that one is connected; after so many milliseconds it is none. */
const OLDER = 500;

/** A connection that comes back by itself until it is closed. */
export class Socket {
  private current: WebSocketLike | null = null;
  private isOpen_ = false;
  private isClosed = false;
  /** How often in a row it has failed. */
  private failures = 0;
  private delay: ReturnType<typeof setTimeout> | undefined;
  private greeting: ReturnType<typeof setTimeout> | undefined;
  private older: ReturnType<typeof setTimeout> | undefined;
  /** Sends pings to an older server, or notices that a newer one sends none. */
  private beat: ReturnType<typeof setInterval> | undefined;
  private lastHeard = 0;
  /** Whether the server said that one is connected without having been asked. */
  private isOlder = false;

  constructor(
    private readonly make: () => WebSocketLike,
    private readonly listener: Listener,
  ) {
    this.open();
  }

  get isOpen(): boolean {
    return this.isOpen_;
  }

  /** Sends a message, as text, if the connection is open. */
  send(message: string): void {
    if (this.isOpen_) this.current?.send(`${MESSAGE}${EVENT}${messageData(message)}`);
  }

  /** Drops the connection and makes a new one. */
  renew(): void {
    if (this.isClosed) return;
    this.drop();
    this.retry();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.isOpen_) this.current?.send(MESSAGE + DISCONNECT);
    this.drop();
    clearTimeout(this.delay);
  }

  private open(): void {
    let socket: WebSocketLike;
    try {
      socket = this.make();
    } catch (error) {
      // Not within the constructor: the owner does not know of this connection yet.
      setTimeout(() => this.lose(error instanceof Error ? error.message : String(error)), 0);
      return;
    }
    this.current = socket;
    let why = 'the connection was closed';
    const isCurrent = (): boolean => this.current === socket;
    this.greeting = setTimeout(() => isCurrent() && this.lose('the server did not greet'), GREETING);
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (isCurrent() && typeof data === 'string') this.take(data);
    };
    socket.onerror = (event: unknown) => {
      const { message } = event as { message?: unknown };
      if (typeof message === 'string' && message !== '') why = message;
    };
    socket.onclose = () => {
      if (isCurrent()) this.lose(why);
    };
  }

  private take(data: string): void {
    this.lastHeard = Date.now();
    const rest = data.slice(1);
    switch (data[0]) {
      case OPEN:
        this.greeted(rest);
        break;
      case PING:
        this.current?.send(PONG + rest);
        break;
      case MESSAGE:
        this.takePacket(rest);
        break;
      case CLOSE:
        this.lose('the server closed the connection');
        break;
    }
  }

  private greeted(data: string): void {
    const { pingInterval, pingTimeout, maxPayload } = facts(data);
    const connect = (): void => this.current?.send(`${MESSAGE}${CONNECT}`);
    // Servers before Engine.IO 6 do not tell how long a message may be.
    if (maxPayload !== null) connect();
    else this.older = setTimeout(connect, OLDER);
    const interval = pingInterval ?? 25_000;
    const patience = interval + (pingTimeout ?? 20_000);
    this.beat = setInterval(() => {
      if (Date.now() - this.lastHeard > patience) this.lose('the server does not answer');
      else if (this.isOlder) this.current?.send(PING);
    }, interval);
  }

  private takePacket(encoded: string): void {
    const packet = decodePacket(encoded);
    if (!packet || packet.nsp !== '/') return;
    const { type, data } = packet;
    if (type === CONNECT) {
      if (this.isOpen_) return;
      this.isOlder = data === undefined;
      clearTimeout(this.older);
      clearTimeout(this.greeting);
      this.isOpen_ = true;
      this.listener.opened();
    } else if (type === EVENT && Array.isArray(data) && data[0] === 'message' && typeof data[1] === 'string') {
      // A server that lets one in and ends at once must not be asked again and again.
      this.failures = 0;
      this.listener.received(data[1]);
    } else if (type === DISCONNECT || type === CONNECT_ERROR) {
      const { message } = (data ?? {}) as { message?: unknown };
      this.lose(typeof message === 'string' ? message : 'the server ended the connection');
    }
  }

  /** The connection is gone, or of no use. */
  private lose(why: string): void {
    if (this.isClosed) return;
    this.drop();
    this.retry();
    this.listener.lost(why);
  }

  private drop(): void {
    const socket = this.current;
    this.current = null;
    this.isOpen_ = false;
    clearTimeout(this.greeting);
    clearTimeout(this.older);
    clearInterval(this.beat);
    socket?.close();
  }

  private retry(): void {
    clearTimeout(this.delay);
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.failures);
    this.failures += 1;
    this.delay = setTimeout(() => this.open(), delay * (1 - SPREAD + 2 * SPREAD * Math.random()));
  }
}

/** The numbers in a greeting; `null` for what is not one. */
function facts(data: string): Record<'pingInterval' | 'pingTimeout' | 'maxPayload', number | null> {
  let read: Record<string, unknown> = {};
  try {
    read = JSON.parse(data) as Record<string, unknown>;
  } catch {
    // Then there is nothing in it.
  }
  const number = (name: string): number | null => {
    const value = read?.[name];
    return typeof value === 'number' && value > 0 ? value : null;
  };
  return { pingInterval: number('pingInterval'), pingTimeout: number('pingTimeout'), maxPayload: number('maxPayload') };
}
