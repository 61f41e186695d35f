// What a pad's page does first: fetch the engine and join the pad. It comes in a file of its own, which is small, so that both are under way
// while the rest of the page is still being loaded.

import { init } from 'easysync-wasm';
import { padName, serverOrigin } from '../shared/page';
import { connect } from '../transport/socket';
import type { Connection, Listener } from '../transport/socket';
import { joinMessage } from './joining';

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
      opened: () => {
        this.connection.send(joinMessage(padName, server));
        this.listener?.opened();
      },
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

  /** Tells `listener` what has happened, and what will. A connection that is told to be open has joined. */
  listen(listener: Listener): void {
    this.listener = listener;
    if (this.connection.isOpen) listener.opened();
    for (const message of this.received.splice(0)) listener.received(message);
  }
}

const name = padName();

/** The engine, on its way. Whoever awaits it hears of a failure. */
export const engine = init();
engine.catch(() => undefined);

/** The connection to the pad that the page's address names, if it names one. */
export const joining = name === null ? null : new Joining(name, serverOrigin());
