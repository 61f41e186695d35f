// The history of a pad on a server, without a page around it.

import { Slider } from '../history.js';
import type { Patch, RevisionFacts, SliderEffect } from '../history.js';
import { parseAddress, socketAddress } from './address.js';
import { PadError } from './errors.js';
import { isToken, newToken, readerMessage } from './joining.js';
import type { ConnectOptions, MakeSocket } from './online.js';
import { Roster, record } from './roster.js';
import type { Person } from './roster.js';
import { Socket } from './socket.js';

/** How often the engine looks at the clock, in milliseconds: it sends up to eight requests a second. */
const CLOCK_INTERVAL = 60;
const JOIN_TIMEOUT = 15_000;

/** How to connect to a history; as for a pad. */
export type HistoryOptions = Pick<ConnectOptions, 'token' | 'signal' | 'timeout' | 'headers'>;

/** What a history waits for. */
interface Wish {
  rev: number;
  resolve: (patch: Patch) => void;
  reject: (error: PadError) => void;
}

/** All revisions of a pad, fetched as they are wanted. */
export class OnlineHistory {
  readonly name: string;
  private readonly slider = new Slider();
  private readonly roster = new Roster();
  private readonly socket: Socket;
  private readonly clock: ReturnType<typeof setInterval>;
  private readonly stopSignal: () => void;
  private wish: Wish | null = null;
  private lastTrouble = 'no server answers';
  private ended: PadError | null = null;
  private settle: (error: PadError | null) => void = () => undefined;

  private constructor(address: string | URL, options: HistoryOptions, make: MakeSocket) {
    const pad = parseAddress(address);
    this.name = pad.name;
    const { signal, token = newToken(), headers } = options;
    if (!isToken(token)) throw new PadError('denied', 'a token is “t.” and letters or digits');
    const abort = (): void => this.end(new PadError('aborted', 'the signal was aborted'));
    signal?.addEventListener('abort', abort);
    this.stopSignal = () => signal?.removeEventListener('abort', abort);
    // Without `embed`, Etherpad takes this for the pad in a second window.
    const to = socketAddress(pad, { embed: '1' });
    this.socket = new Socket(() => make(to, { ...pad.headers, ...headers }), {
      opened: () => this.socket.send(readerMessage(this.name, token)),
      received: (message) => this.take(message),
      lost: (why) => {
        this.lastTrouble = why;
        this.slider.disconnected();
      },
    });
    this.clock = setInterval(() => {
      if (!this.slider.isWaiting) return;
      this.slider.expire(Date.now());
      this.doEffects();
    }, CLOCK_INTERVAL);
  }

  /** Connects to the history of a pad. The engine has to be ready. */
  static async open(address: string | URL, options: HistoryOptions, make: MakeSocket): Promise<OnlineHistory> {
    if (options.signal?.aborted) throw new PadError('aborted', 'the signal was aborted');
    const history = new OnlineHistory(address, options, make);
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => history.end(new PadError('unreachable', `the pad “${history.name}” was not joined: ${history.lastTrouble}`));
      const timer = setTimeout(giveUp, options.timeout ?? JOIN_TIMEOUT);
      history.settle = (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
    });
    return history;
  }

  /** The engine, for all that is not offered here. */
  get engine(): Slider {
    if (this.ended) throw this.ended;
    return this.slider;
  }

  /** The newest revision. */
  get head(): number {
    return this.engine.head ?? 0;
  }

  /** The revision that is shown; `null` before the first. */
  get rev(): number | null {
    return this.engine.shownRev ?? null;
  }

  /** The text of the revision that is shown, with its final newline. */
  get text(): string {
    return this.engine.text(0, this.engine.length);
  }

  /** The same as people see it, as Etherpad exports it. */
  exportText(): string {
    return this.engine.exportText();
  }

  /** Who made a revision, and when, as far as that is known yet. */
  revision(rev: number): RevisionFacts {
    return this.engine.revision(rev);
  }

  /** Somebody who has written here. */
  author(id: string): Person | undefined {
    return this.roster.find(id);
  }

  /**
   * Shows a revision. Resolves to the patch from what was shown before, at first from an empty text. A wish that still waits is given up for the new one.
   *
   * @throws {PadError} `no-revision` if it cannot be had, `aborted` if another one was sought meanwhile. What is shown stays.
   */
  seek(rev: number): Promise<Patch> {
    if (this.ended) return Promise.reject(this.ended);
    this.wish?.reject(new PadError('aborted', `revision ${rev} was sought instead`));
    this.wish = null;
    return new Promise((resolve, reject) => {
      const patch = this.slider.seek(rev, Date.now());
      if (patch) {
        resolve(patch);
        return;
      }
      this.wish = { rev, resolve, reject };
      this.doEffects();
    });
  }

  close(): void {
    this.end(new PadError('closed', 'the history was closed'));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private take(message: string): void {
    try {
      this.slider.receive(message, Date.now());
    } catch (error) {
      // What is missing is asked for again by itself; only a seek can tell that it is not to be had.
      this.lastTrouble = (error as Error).message;
    }
    this.hear(message);
    this.doEffects();
  }

  /** Reads who is who. */
  private hear(message: string): void {
    if (!/"(?:CLIENT_VARS|USER_NEWINFO)"/.test(message.slice(0, 200) + message.slice(-200))) return;
    const { type, data } = record(JSON.parse(message));
    if (type === 'CLIENT_VARS') this.roster.join(data);
    else if (record(data).type === 'USER_NEWINFO') this.roster.arrived(record(data).userInfo);
  }

  private doEffects(): void {
    for (const effect of this.slider.takeEffects()) {
      if (this.ended) return;
      this.doEffect(effect);
    }
  }

  private doEffect(effect: SliderEffect): void {
    switch (effect.type) {
      case 'joined':
        this.settle(null);
        break;
      case 'send':
        this.socket.send(effect.message);
        break;
      case 'shown':
        if (this.wish?.rev === effect.rev) {
          const { resolve } = this.wish;
          this.wish = null;
          resolve(effect.patch);
        }
        break;
      case 'failed':
        if (this.wish?.rev === effect.rev) {
          const { reject } = this.wish;
          this.wish = null;
          reject(new PadError('no-revision', effect.message));
        }
        break;
      case 'disconnected':
        this.end(new PadError(effect.reason === 'denied' ? 'denied' : 'disconnected', `the server ended the session: ${effect.reason}`, null, effect.reason));
        break;
    }
  }

  private end(error: PadError): void {
    if (this.ended) return;
    this.ended = error;
    this.stopSignal();
    clearInterval(this.clock);
    this.socket.close();
    this.slider.free();
    this.wish?.reject(error);
    this.wish = null;
    this.settle(error);
  }
}
