// What a pad's page does first: fetch the engine and join the pad. It comes in a file of its own, which is small, so that both are under way
// while the rest of the page is still being loaded.

import { init } from 'easysync-wasm';
import { padName, serverOrigin } from '../shared/page';
import { connect } from '../transport/socket';
import type { Connection, Listener as SocketListener } from '../transport/socket';
import { joinMessage } from './joining';

/** What is told of a connection that joins by itself. */
export type Listener = Omit<SocketListener, 'opened'>;

/** A connection that joins its pad by itself, and keeps what the server says until somebody listens. */
export class Joining {
  readonly connection: Connection;
  private listener: Listener | null = null;
  private received: string[] = [];

  constructor(
    readonly padName: string,
    readonly server: string,
  ) {
    this.connection = connect(server, padName, {
      opened: () => this.connection.send(joinMessage(padName, server)),
      received: (message) => {
        if (this.listener) this.listener.received(message);
        else this.received.push(message);
      },
      lost: () => {
        this.received = [];
        this.listener?.lost();
      },
    });
  }

  /** Tells `listener` what has been received, and what will be. */
  listen(listener: Listener): void {
    this.listener = listener;
    for (const message of this.received.splice(0)) listener.received(message);
  }
}

const name = padName();

/** The engine, on its way. Whoever awaits it hears of a failure. */
export const engine = init();
engine.catch(() => undefined);

/** The connection to the pad that the page's address names, if it names one. */
export const joining = name === null ? null : new Joining(name, serverOrigin());
