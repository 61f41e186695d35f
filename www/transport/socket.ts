// The socket: messages as text, in and out. It knows neither the engine nor the page.

import { io } from 'socket.io-client';
import { FRAME, MAX_PACKET_OF_OLDER } from '../../npm/lib/packet';
import * as parser from './parser';
import { WireText } from './parser';

/** What the owner of a connection is told. */
export interface Listener {
  /** The server is there; nothing was sent yet on this connection. */
  opened(): void;
  /** A message of the server, as the text that came over the wire. */
  received(message: string): void;
  /** The connection is lost, or could not be made; it is tried again by itself. */
  lost(): void;
}

/** A connection that comes back by itself until it is closed. */
export interface Connection {
  readonly isOpen: boolean;
  /** How many bytes a message may have. The server ends a connection on which a longer one comes. */
  readonly maxMessage: number;
  /** Sends a message, as text, if the connection is open. */
  send(message: string): void;
  /** Drops the connection and makes a new one. */
  renew(): void;
  close(): void;
}

/** What the two versions of Socket.IO's client have in common. */
interface Socket {
  connected: boolean;
  /** Version 4 keeps there what the server told when it greeted. */
  io?: { engine?: object };
  on(event: 'connect' | 'disconnect', listener: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'connect_error', listener: (error: unknown) => void): unknown;
  emit(event: 'message', message: WireText): unknown;
  connect(): unknown;
  disconnect(): unknown;
}

/** How long packets may be where the server should tell and does not. */
const MAX_PACKET = 1_000_000;

const OPTIONS = {
  path: '/socket.io',
  transports: ['websocket', 'polling'],
  reconnectionDelay: 300,
  reconnectionDelayMax: 5000,
  // A connection that ends before it is greeted is noticed only by this.
  timeout: 5000,
  parser,
};

/**
 * Connects to an Etherpad server, of version 1.8 (Socket.IO 2) or later (Socket.IO 4); which of them is found out.
 *
 * @param server The server's origin; empty for that of the page.
 * @param more What else the address of the connection says.
 */
export function connect(server: string, padId: string, listener: Listener, more: Readonly<Record<string, string>> = {}): Connection {
  return new Reconnecting(server, { ...more, padId }, listener);
}

class Reconnecting implements Connection {
  private socket: Socket | undefined;
  private isClosed = false;
  private wasOpen = false;
  private isOlder = false;

  constructor(
    private readonly server: string,
    private readonly query: Record<string, string>,
    private readonly listener: Listener,
  ) {
    this.use(io(server || undefined, { ...OPTIONS, query, tryAllTransports: true, forceNew: true }), (error) => {
      if (!this.wasOpen && isOlderServer(error)) void this.useOlder();
    });
  }

  get isOpen(): boolean {
    return this.socket?.connected ?? false;
  }

  get maxMessage(): number {
    const told: unknown = Reflect.get(this.socket?.io?.engine ?? {}, '_maxPayload');
    const isTold = typeof told === 'number' && told > FRAME;
    return (isTold ? told : this.isOlder ? MAX_PACKET_OF_OLDER : MAX_PACKET) - FRAME;
  }

  send(message: string): void {
    if (this.isOpen) this.socket?.emit('message', new WireText(message));
  }

  renew(): void {
    if (this.isClosed) return;
    this.socket?.disconnect();
    this.socket?.connect();
  }

  close(): void {
    this.isClosed = true;
    this.socket?.disconnect();
  }

  private use(socket: Socket, failed: (error: unknown) => void): void {
    const isCurrent = (): boolean => this.socket === socket && !this.isClosed;
    this.socket = socket;
    socket.on('connect', () => {
      if (!isCurrent()) return;
      this.wasOpen = true;
      this.listener.opened();
    });
    socket.on('disconnect', () => {
      if (isCurrent()) this.listener.lost();
    });
    socket.on('message', (message) => {
      if (isCurrent() && typeof message === 'string') this.listener.received(message);
    });
    socket.on('connect_error', (error) => {
      if (!isCurrent()) return;
      this.listener.lost();
      failed(error);
    });
  }

  private async useOlder(): Promise<void> {
    this.socket?.disconnect();
    const { default: ioOfVersion2 } = await import('socket.io-client-2');
    if (this.isClosed) return;
    this.isOlder = true;
    const options = { ...OPTIONS, query: this.query, forceNew: true };
    this.use(ioOfVersion2(this.server || location.origin, options), () => {});
  }
}

/** Socket.IO 4's client says so when a server of version 2 greets it. */
function isOlderServer(error: unknown): boolean {
  return error instanceof Error && (error.message.includes('v2.x') || error.message === 'parser error');
}
