// A pad on a server, without a page around it: where socket and engine meet.

import { Pad, isTrap } from '../index.js';
import type { Effect, FormatName, Patch, SaveState, Unplaced } from '../index.js';
import { parseAddress, socketAddress } from './address.js';
import type { PadAddress } from './address.js';
import { PadError } from './errors.js';
import { Events } from './events.js';
import { isToken, joinMessage, newToken } from './joining.js';
import { Pacer } from './pacer.js';
import { Room } from './room.js';
import { checkedColor } from './roster.js';
import type { Person } from './roster.js';
import { Socket } from './socket.js';
import type { WebSocketLike } from './socket.js';

/** How to connect. */
export interface ConnectOptions {
  /** What others see. */
  name?: string;
  /** `#rrggbb`; without it the server chooses one. */
  color?: string;
  /** Says who one is: whoever gives the same token again is the same author. `t.` and letters or digits; a new one by default. */
  token?: string;
  /** What an earlier session has left: `unsaved` of a pad or of an error. */
  restore?: string;
  /** Ends the pad, or the attempt to have it. */
  signal?: AbortSignal;
  /** How long to try until one has joined, in milliseconds; 15,000 by default. */
  timeout?: number;
  /** What else the request for the connection says; in Node only. A name and password in the address are sent without it. */
  headers?: Readonly<Record<string, string>>;
}

/** Text in place of a range; positions are UTF-16 code units of `text`. */
export interface TextChange {
  from: number;
  /** Where the range ends; `from` if it is left out. */
  to?: number;
  insert?: string;
}

export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** What can be listened to. */
export interface PadEvents {
  /** The text is another one than before, by what others did, by undo, or by a format. */
  change: (patch: Patch) => void;
  /** The text is another one as a whole: it has to be read anew. */
  reset: () => void;
  /** Each revision of others, one by one and in order. */
  revision: (revision: { rev: number; author: string | null; time: number | null }) => void;
  /** Somebody came, left, or changed a name or colour. */
  people: () => void;
  save: (state: SaveState) => void;
  connection: (state: ConnectionState) => void;
  /** A message that has nothing to do with the text: its type and its data. */
  message: (type: string, data: unknown) => void;
  /** What was given as `restore` cannot be put back. */
  unplaced: (unplaced: Unplaced) => void;
  /** Something that went wrong and was dealt with. */
  trouble: (error: Error) => void;
  /** The pad was ended by the server, or by `signal`: nothing comes any more. Not told for `close`. */
  end: (error: PadError) => void;
}

/** Makes the WebSocket to an address. */
export type MakeSocket = (address: string, headers: Readonly<Record<string, string>>) => WebSocketLike;

/** What `Pad.receive` tells, as bits. */
const TO_SHOW = 1;
const TO_DO = 2;
const FOR_HOST = 4;
const TO_APPLY = 8;

const JOIN_TIMEOUT = 15_000;
const CLOCK_INTERVAL = 1000;
/** So many revisions are applied before others have their turn; a few milliseconds. */
const AT_ONCE = 1000;

/**
 * Connects to a pad. The engine has to be ready.
 *
 * @throws {PadError}
 */
export function open(address: string | URL, options: ConnectOptions, make: MakeSocket): Promise<OnlinePad> {
  return new Promise((resolve, reject) => {
    const pad = parseAddress(address);
    const { signal, timeout = JOIN_TIMEOUT, token, color } = options;
    if (signal?.aborted) throw aborted();
    if (token !== undefined && !isToken(token)) throw new PadError('denied', 'a token is “t.” and letters or digits');
    if (color !== undefined && !checkedColor(color, [])) throw new PadError('denied', 'a colour is #rrggbb');
    const online = new OnlinePad(pad, options, make);
    const settle = (): void => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
    const stops = [
      online.on('connection', (state) => {
        if (state !== 'connected') return;
        settle();
        resolve(online);
      }),
      online.on('end', (error) => {
        settle();
        reject(error);
      }),
    ];
    const timer = setTimeout(() => online.giveUp(), timeout);
  });
}

function aborted(): PadError {
  return new PadError('aborted', 'the signal was aborted');
}

/** A pad that one has joined. It reconnects by itself; what was edited meanwhile is sent then, once. */
export class OnlinePad {
  /** Its name on the server, or its id for readers. */
  readonly name: string;
  private readonly events = new Events<PadEvents>();
  private readonly room = new Room({
    wanted: () => this.person,
    tell: (data) => this.tell(data),
    people: () => this.events.emit('people'),
    message: (type, data) => this.events.emit('message', type, data),
  });
  private readonly token: string;
  private readonly current = new Pad();
  private readonly pacer: Pacer;
  private readonly socket: Socket;
  private readonly clock: ReturnType<typeof setInterval>;
  private readonly stopSignal: () => void;
  private commitTimer: ReturnType<typeof setTimeout> | undefined;
  private lastCommit = Number.NEGATIVE_INFINITY;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private isProceeding = false;
  private isHeld = false;
  private hasJoined = false;
  private wasOpen = false;
  private lastTrouble = '';
  private state: ConnectionState = 'connecting';
  private lastSave: SaveState = 'reconnecting';
  private kept: { version: number; text: string | null } = { version: 0, text: null };
  private ended: PadError | null = null;
  private waiting: { resolve: () => void; reject: (error: PadError) => void }[] = [];

  constructor(address: PadAddress, private readonly options: ConnectOptions, make: MakeSocket) {
    this.name = address.name;
    this.token = options.token ?? newToken();
    this.current.setSlice(AT_ONCE);
    this.pacer = new Pacer((message) => this.socket.send(message));
    const { signal, headers } = options;
    const abort = (): void => this.end(aborted());
    signal?.addEventListener('abort', abort);
    this.stopSignal = () => signal?.removeEventListener('abort', abort);
    if (options.restore !== undefined) this.current.restore(options.restore);
    this.clock = setInterval(() => this.checkClock(), CLOCK_INTERVAL);
    const to = socketAddress(address);
    this.socket = new Socket(() => make(to, { ...address.headers, ...headers }), {
      opened: () => {
        this.wasOpen = true;
        this.current.connected();
        this.current.setCommitLimit(this.socket.maxMessage);
        this.socket.send(joinMessage(this.name, this.person, this.token));
      },
      received: (message) => this.attempt(() => this.take(message)),
      lost: (why) => this.lost(why),
    });
  }

  /** The engine, for all that is not offered here. Whoever changes something by it calls `changed` afterwards. */
  get engine(): Pad {
    if (this.ended) throw this.ended;
    return this.current;
  }

  /** The text, with its final newline. A line of a list begins with a `*` that stands for its marker. */
  get text(): string {
    const { engine } = this;
    return engine.text(0, engine.length);
  }

  /** The text as people see it, as Etherpad exports it. */
  exportText(): string {
    return this.engine.exportText();
  }

  /** The last revision of the server that is in the document. */
  get rev(): number {
    return this.engine.rev;
  }

  /** Who one is on this server. */
  get author(): string {
    return this.engine.author;
  }

  get isReadOnly(): boolean {
    return this.engine.isReadOnly;
  }

  get connection(): ConnectionState {
    return this.state;
  }

  /** Whether the server has everything. */
  get saveState(): SaveState {
    return this.ended ? (this.kept.text === null ? 'saved' : 'notSaved') : this.current.saveState;
  }

  /** What the server has not acknowledged, to be given to `connect` as `restore` later on; `null` if there is nothing. */
  get unsaved(): string | null {
    return this.kept.text;
  }

  /** Everybody who is here or has written here, oneself first. */
  people(): Person[] {
    return this.room.people();
  }

  /** Listens; the result ends it. */
  on<K extends keyof PadEvents>(event: K, listener: PadEvents[K]): () => void {
    if (event === 'revision' && !this.ended) this.current.tellRevisions(true);
    return this.events.on(event, listener);
  }

  /**
   * Puts text in the place of ranges, ascending. It gets the formats named, or without names those of the text around it. The server gets it with the next
   * commit.
   *
   * @throws {PadError | EasysyncError} Nothing has changed then.
   */
  edit(changes: TextChange | readonly TextChange[], formats?: FormatName[]): void {
    const list = Array.isArray(changes) ? (changes as readonly TextChange[]) : [changes as TextChange];
    const numbers = list.flatMap(({ from, to = from, insert = '' }) => [from, to, insert.length]);
    this.splice(Uint32Array.from(numbers), list.map(({ insert = '' }) => insert).join(''), formats);
  }

  /** The same in numbers, as in a `Patch`: from, to and length for each change, and all inserts one after the other. */
  splice(changes: Uint32Array, inserted: string, formats?: FormatName[]): void {
    this.needWritable();
    this.attempt(() => this.current.edit(changes, inserted, formats));
    this.changed();
  }

  /** Puts text at the end, before the final newline. */
  append(inserted: string, formats?: FormatName[]): void {
    const end = Math.max(0, this.engine.length - 1);
    this.edit({ from: end, insert: inserted }, formats);
  }

  /** Takes back the last step of one's own, leaving alone what others did since; false if there is none. */
  undo(): boolean {
    return this.step(() => this.current.undo());
  }

  /** Brings back what the last `undo` took; false if there is nothing. */
  redo(): boolean {
    return this.step(() => this.current.redo());
  }

  /** The engine was told to change something: has it shown, and sent. */
  changed(): void {
    this.keep();
    this.scheduleFlush();
    this.scheduleCommit();
    this.tellState();
  }

  /** Until `release`, no change is told: somebody composes a character, for instance. Nothing else stands still. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    this.flush();
  }

  /** Tells at once what is to be told, instead of right after the present task. */
  flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (this.isHeld || this.ended) return;
    const patch = this.attempt(() => this.current.flush());
    if (patch) this.events.emit('change', patch);
  }

  /** Sends a message to all who are at the pad; what servers relay differs. */
  tell(data: Readonly<Record<string, unknown>>): void {
    if (!this.ended) this.pacer.push(JSON.stringify({ type: 'COLLABROOM', component: 'pad', data }));
  }

  /** Gives up one of `unplaced`. */
  discard(unplaced: Unplaced): void {
    this.engine.discard(unplaced.id);
    this.changed();
  }

  /**
   * Resolves when the server has acknowledged everything.
   *
   * @throws {PadError} If it never will: the session has ended, or what was given as `restore` cannot be put back. `unsaved` has what is missing.
   */
  saved(): Promise<void> {
    if (this.ended) return this.kept.text === null ? Promise.resolve() : Promise.reject(this.ended);
    const state = this.current.saveState;
    if (state === 'saved') return Promise.resolve();
    if (state === 'notSaved') return Promise.reject(this.notSaved());
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /**
   * Waits until the server has everything, and leaves.
   *
   * @throws {PadError} If something is not saved. Then one has left all the same.
   */
  async close(): Promise<void> {
    await this.saved();
    this.end(new PadError('closed', 'the pad was closed'), false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Does not wait any longer for the server: ends the pad as one that gets no answer. */
  giveUp(): void {
    if (this.hasJoined) this.end(new PadError('no-answer', `the server of the pad “${this.name}” does not answer`));
    else if (this.wasOpen) this.end(new PadError('no-answer', `the pad “${this.name}” was not joined: the server does not answer`));
    else this.end(new PadError('unreachable', `the pad “${this.name}” was not joined: ${this.lastTrouble || 'no server answers'}`));
  }

  private get person(): { name: string | null; color: string | null } {
    return { name: this.options.name ?? null, color: checkedColor(this.options.color, []) ?? null };
  }

  private notSaved(): PadError {
    return new PadError('not-saved', 'what an earlier session has left cannot be put back', this.kept.text);
  }

  private needWritable(): void {
    if (this.engine.isReadOnly) throw new PadError('read-only', 'this pad can only be read');
  }

  private step(take: () => boolean): boolean {
    this.needWritable();
    const isDone = this.attempt(take) ?? false;
    this.changed();
    return isDone;
  }

  /** Does something with the engine. What it refuses is thrown on; if that was its end, so is the pad's. */
  private attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!isTrap(error)) throw error;
      const { message } = error as Error;
      this.end(new PadError('engine', `the engine has come to its end: ${message}`, this.kept.text));
      return undefined;
    }
  }

  private take(message: string): void {
    let news = TO_DO;
    try {
      news = this.current.receive(message);
    } catch (error) {
      this.trouble(error);
    }
    if (news & FOR_HOST) this.room.hear(message);
    this.heed(news);
  }

  /** What a message had wrong in it: the engine has seen to it that what is missing is asked for. */
  private trouble(error: unknown): void {
    if (isTrap(error)) throw error;
    this.events.emit('trouble', error as Error);
  }

  private heed(news: number): void {
    if (this.ended) return;
    if (news & TO_DO) this.doEffects();
    if (this.ended) return;
    if (news & TO_SHOW) this.scheduleFlush();
    if (news & TO_APPLY) this.proceed();
    this.keep();
    this.tellState();
  }

  /** Goes on with what waits, after others had their turn. */
  private proceed(): void {
    if (this.isProceeding) return;
    this.isProceeding = true;
    setTimeout(() => {
      this.isProceeding = false;
      if (this.ended) return;
      this.attempt(() => {
        let news = TO_DO;
        try {
          news = this.current.proceed(AT_ONCE);
        } catch (error) {
          this.trouble(error);
        }
        if (news & FOR_HOST) for (const message of this.current.takeMessages()) this.room.hear(message);
        this.heed(news);
      });
    }, 0);
  }

  private lost(why: string): void {
    this.lastTrouble = why;
    if (this.ended) return;
    this.current.disconnected();
    this.pacer.clear();
    if (this.state === 'connected') this.setConnection('reconnecting');
    this.tellState();
  }

  private keep(): void {
    if (this.ended) return;
    const version = this.current.unsavedVersion;
    if (version !== this.kept.version) this.kept = { version, text: this.current.unsaved() ?? null };
  }

  private doEffects(): void {
    for (const effect of this.current.takeEffects()) {
      if (this.ended) return;
      this.doEffect(effect);
    }
  }

  private doEffect(effect: Effect): void {
    switch (effect.type) {
      case 'joined':
        // What waited to be told is part of the text now.
        if (this.hasJoined) this.events.emit('reset');
        this.hasJoined = true;
        break;
      case 'revision':
        this.events.emit('revision', { rev: effect.rev, author: effect.author, time: effect.time });
        break;
      case 'send':
        this.pacer.push(effect.message);
        break;
      case 'resync':
        this.setConnection('reconnecting');
        this.pacer.clear();
        this.socket.renew();
        break;
      case 'unplaced':
        this.events.emit('unplaced', effect);
        break;
      case 'desynchronised':
        this.end(new PadError('desynchronised', 'the pad on the server is not the one that was edited here', this.current.unsaved() ?? null));
        break;
      case 'disconnected':
        this.end(refusal(effect.reason, this.current.unsaved() ?? null));
        break;
    }
  }

  private tellState(): void {
    if (this.ended) return;
    if (this.current.isLive) {
      if (this.state !== 'connected') this.flush();
      this.setConnection('connected');
      this.scheduleCommit();
    }
    const state = this.saveState;
    if (state === 'saved') for (const { resolve } of this.waiting.splice(0)) resolve();
    if (state === 'notSaved') for (const { reject } of this.waiting.splice(0)) reject(this.notSaved());
    if (state === this.lastSave) return;
    this.lastSave = state;
    this.events.emit('save', state);
  }

  private setConnection(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    this.events.emit('connection', state);
  }

  private scheduleFlush(): void {
    if (this.flushTimer !== undefined || this.isHeld || this.ended || !this.current.isBehind) return;
    this.flushTimer = setTimeout(() => this.flush(), 0);
  }

  private scheduleCommit(): void {
    if (this.commitTimer !== undefined || this.ended || !this.current.hasUncommitted) return;
    const wait = Math.max(0, this.lastCommit + this.room.commitInterval - Date.now());
    this.commitTimer = setTimeout(() => {
      this.commitTimer = undefined;
      if (!this.ended && this.socket.isOpen) this.attempt(() => this.commit());
    }, wait);
  }

  private commit(): void {
    const message = this.current.commit();
    if (message === undefined) return;
    this.lastCommit = Date.now();
    this.keep();
    this.socket.send(message);
  }

  private checkClock(): void {
    this.attempt(() => {
      if (this.current.isWaiting) this.heed(this.current.expire(Date.now()));
      this.tellState();
    });
  }

  private end(error: PadError, isTold = true): void {
    if (this.ended) return;
    this.ended = new PadError(error.code, error.message, error.unsaved ?? this.kept.text, error.reason);
    this.kept = { version: this.kept.version, text: this.ended.unsaved };
    this.stopSignal();
    this.pacer.close();
    this.socket.close();
    clearInterval(this.clock);
    clearTimeout(this.commitTimer);
    clearTimeout(this.flushTimer);
    if (error.code !== 'engine') this.current.free();
    this.state = 'closed';
    for (const { reject } of this.waiting.splice(0)) reject(this.ended);
    if (!isTold) return;
    this.events.emit('connection', 'closed');
    this.events.emit('end', this.ended);
  }
}

/** Why the server ended the session, for people. */
function refusal(reason: string, unsaved: string | null): PadError {
  if (reason === 'denied') return new PadError('denied', 'the server does not let one in', unsaved, reason);
  const known: Readonly<Record<string, string>> = {
    userdup: 'the same author has opened the pad elsewhere',
    deleted: 'the pad was deleted',
    badChangeset: 'the server refuses what was sent',
    corruptPad: 'the pad is broken on the server',
  };
  return new PadError('disconnected', `the server ended the session: ${known[reason] ?? reason}`, unsaved, reason);
}
