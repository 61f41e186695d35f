// A session at a pad, where socket and engine meet. The editor is told by events, and meets both in main.ts.

import { AT_ONCE, Inbox, breathe, isTrap, Pad, restart } from 'easysync-wasm';
import type { Effect, Patch, Progress, SaveState as EngineState, Unplaced } from 'easysync-wasm';
import type { ShowTime } from '../editor/host';
import { Events } from '../../npm/lib/events';
import { Pacer } from '../../npm/lib/pacer';
import { Room } from '../../npm/lib/room';
import { checkedColor } from '../../npm/lib/roster';
import type { Person } from '../../npm/lib/roster';
import { load, store } from '../shared/storage';
import type { Connection as Socket } from '../transport/socket';
import type { Joining } from './early';
import { joinMessage } from './joining';
import { Keeper } from './keeper';
import { Logbook } from './logbook';

export type { Person } from '../../npm/lib/roster';

/** `stored`: what the server has not acknowledged is kept in this browser. */
export type SaveState = EngineState | 'stored';

export type Connection = 'connecting' | 'connected' | 'reconnecting' | 'disconnected';

/** What can be listened to. */
export interface SessionEvents {
  /** The document is there, or is another one: the editor loads it as a whole. */
  joined: () => void;
  /** Something to be shown. */
  patch: (patch: Patch) => void;
  people: () => void;
  save: (state: SaveState) => void;
  /** The reason is that of a final disconnect, as the server gave it. */
  connection: (state: Connection, reason: string | null) => void;
  /** Each revision of others, one by one and in order, whatever message it came in. */
  revision: (revision: { rev: number; author: string | null; time: number | null }) => void;
  /** A message that has nothing to do with the document: its type and its data. */
  message: (type: string, data: unknown) => void;
  /** Something that went wrong. */
  trouble: (error: Error) => void;
  /** How far the catching up is. */
  progress: (progress: Progress) => void;
  /** The engine had come to its end, and another one is in its place; `joined` follows. With it comes how things stood before. */
  restarted: (error: Error, facts: Facts) => void;
  /** Text of an earlier visit cannot be put back. */
  unplaced: (unplaced: Unplaced) => void;
}

/** How things stand, in numbers and words that tell nothing of the text. What an engine that has come to its end does not tell is `null`. */
export interface Facts {
  rev: number | null;
  length: number | null;
  save: SaveState | null;
  counts: unknown;
  connection: Connection;
}

/** What `Pad.receive` tells, as bits. */
const TO_SHOW = 1;
const TO_DO = 2;

const CLOCK_INTERVAL = 1000;
/** How long what nobody sees may wait with being shown, in milliseconds: a page in the background, a part that is scrolled away. */
const UNSEEN_FLUSH_DELAY = 500;
/** Showing what others do takes at most one part in so many of the time; the rest is for typing and scrolling. */
const FLUSH_SHARE = 8;
/** But it waits no longer than this, in milliseconds. */
const LONGEST_PAUSE = 200;
/** While more is waiting to be done, what is done is shown no more often than this, in milliseconds: most of it would be gone in the next moment. */
const PAUSE_BEHIND = 300;
/** After so many seconds, and then every so many, what pages have left that are gone is looked for. */
const FIRST_CLAIMS: readonly number[] = [1, 3, 8];
const CLAIM_INTERVAL = 30;
/** An engine that comes to its end more often than so many times in so many milliseconds is not started again. */
const MAX_RESTARTS = 3;
const RESTART_WINDOW = 60_000;

/** A session at the pad that is being joined. It tells when the document is there. The engine has to be ready. */
export class Session {
  readonly padName: string;
  readonly log = new Logbook();
  private current = new Pad();
  private readonly room = new Room({
    wanted: () => ({ name: load('easysync.name') || null, color: load('easysync.color') }),
    tell: (data) => this.tell(data),
    people: () => this.events.emit('people'),
    message: (type, data) => this.events.emit('message', type, data),
  });
  private readonly events = new Events<SessionEvents>();
  private readonly socket: Socket;
  private readonly inbox: Inbox;
  private readonly keeper: Keeper;
  private readonly clock: ReturnType<typeof setInterval>;
  private state: Connection = 'connecting';
  private lastSave: SaveState = 'reconnecting';
  private commitTimer: ReturnType<typeof setTimeout> | undefined;
  private lastCommit = Number.NEGATIVE_INFINITY;
  /** Requests for revisions; none go out while the catching up is stopped. */
  private readonly requests = new Pacer((message) => this.send(message), () => this.inbox.isPaused);
  private isHeld = false;
  /** Stops the catching up. */
  private stop = new AbortController();
  /** Whether the messages of this slice brought something to show. */
  private isToShow = false;
  /** How many connections there have been. */
  private connections = 0;
  /** What the engine last gave to be kept: all that is left of it if it comes to its end. */
  private unsaved: { version: number; text: string | null } = { version: 0, text: null };
  private tellsRevisions = false;
  private seconds = 0;
  private restarts: number[] = [];
  private hasJustRestarted = false;
  /** Whether the editor waits for an engine that has its text again. */
  private isAway = false;
  private isGivenUp = false;
  /** When a flush is due: with the next frame, after a pause, or at a time for what is not seen. */
  private flushDue: 'frame' | 'pause' | 'later' | null = null;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  /** When the last flush ended, and how long it took. */
  private flushed = { at: Number.NEGATIVE_INFINITY, took: 0 };
  private sees: (from: number, to: number) => boolean = () => true;
  private isClosed = false;

  constructor(private readonly joining: Joining) {
    this.padName = joining.padName;
    this.socket = joining.connection;
    this.prepare();
    this.inbox = this.makeInbox();
    this.keeper = new Keeper(`${joining.server} ${joining.padName}`, () => this.tellSaveState());
    this.clock = setInterval(() => this.checkClock(), CLOCK_INTERVAL);
    document.addEventListener('visibilitychange', this.hidden);
    void this.claim();
  }

  /** The engine. It is another one after a `restarted`. */
  get engine(): Pad {
    return this.current;
  }

  /** To be called once, when everybody who wants to hear listens: what the server has said already is told at once. */
  begin(): void {
    this.joining.listen({
      opened: () => this.opened(),
      received: (message) => {
        this.log.note('in', message);
        this.inbox.push(message);
      },
      lost: () => this.lost(),
    });
  }

  get author(): string {
    return this.engine.author;
  }

  get readOnly(): boolean {
    return this.engine.isReadOnly;
  }

  /** The id under which the pad can only be read. */
  get readOnlyId(): string | null {
    return this.room.idForReaders;
  }

  /** Whether the server passes on what is told by `tell`; whether others do is not known. */
  get relays(): boolean {
    return this.room.relays;
  }

  /** Sends a message to the pad's room that has nothing to do with the text. */
  tell(data: Readonly<Record<string, unknown>>): void {
    this.send(JSON.stringify({ type: 'COLLABROOM', component: 'pad', data }));
  }

  get rev(): number {
    return this.engine.rev;
  }

  /** Whether the user's work is safe: what is acknowledged and what is stored decide, and nothing else. */
  get saveState(): SaveState {
    const { engine, keeper } = this;
    const state = engine.saveState;
    if (this.unsaved.text === null) return state;
    if (this.state === 'disconnected') return 'notSaved';
    if (state === 'saving' && this.state === 'connected' && !this.inbox.isPaused) return state;
    return keeper.state === 'failed' ? 'notSaved' : keeper.state === 'stored' ? 'stored' : 'saving';
  }

  /** Whether something would be lost if the page ended now. */
  get wouldLose(): boolean {
    return this.unsaved.text !== null && this.keeper.state !== 'stored';
  }

  get connection(): Connection {
    return this.state;
  }

  /** Whether there is no engine any more that has the text. */
  get hasNoText(): boolean {
    return this.isAway || this.isGivenUp;
  }

  facts(): Facts {
    const ask = <T>(read: () => T): T | null => {
      try {
        return read();
      } catch {
        return null;
      }
    };
    const { engine } = this;
    return { rev: ask(() => engine.rev), length: ask(() => engine.length), save: ask(() => this.saveState), counts: ask(() => engine.counts()), connection: this.state };
  }

  people(): Person[] {
    return this.room.people();
  }

  person(id: string): Person | undefined {
    return this.room.person(id);
  }

  setName(name: string): void {
    store('easysync.name', name);
    this.room.change({ name });
  }

  setColor(color: string): void {
    const checked = checkedColor(color, []);
    if (!checked) return;
    store('easysync.color', checked);
    this.room.change({ color: checked });
  }

  /** Listens; the result ends it. */
  on<K extends keyof SessionEvents>(event: K, listener: SessionEvents[K]): () => void {
    if (event === 'revision') {
      this.tellsRevisions = true;
      this.engine.tellRevisions(true);
    }
    return this.events.on(event, listener);
  }

  /**
   * To be called when the user has changed something: sees to it that it is committed, and that the editor is told in time what it
   * does not show yet. What others have written can wait, so that a key is not as slow as all of that.
   */
  edited(show: ShowTime): void {
    this.inbox.typed();
    this.keep();
    if (show === 'now') this.flush();
    else if (show === 'soon') queueMicrotask(() => this.flush());
    else if (this.engine.isBehind) this.scheduleFlush();
    this.scheduleCommit();
    this.tellSaveState();
  }

  /** Until `release`, nothing is to be shown: the user is composing a character. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = this.isAway;
    this.flush();
  }

  /** Tells the session how to find out whether a part of the shown text can be seen. */
  lookAt(sees: (from: number, to: number) => boolean): void {
    this.sees = sees;
  }

  /** Shows at once what has waited because it could not be seen. */
  catchUp(): void {
    if (this.flushDue === 'later') this.flush();
  }

  /** How many revisions and messages have come and wait to be taken. */
  get waiting(): number {
    return this.engine.waiting;
  }

  /** Stops catching up; what is there stays, and can be edited. */
  cancelCatchUp(): void {
    this.stop.abort();
    if (this.engine.isBehind) this.scheduleFlush();
    this.tellSaveState();
  }

  /** Goes on catching up after it was stopped, or tries it again after it failed; `slice` is how long it may keep the page busy, in milliseconds. */
  resumeCatchUp(slice?: number): void {
    if (!this.inbox.isPaused) {
      if (!this.engine.isLive) this.socket.renew();
      return;
    }
    this.stop = new AbortController();
    void this.inbox.catchUp({ signal: this.stop.signal, slice });
    this.requests.go();
    this.tellSaveState();
  }

  /** The user has no more use for text that could not be put back. */
  discard(id: number): void {
    this.engine.discard(id);
    this.keep();
    this.tellSaveState();
  }

  /** The user has no more use for anything that the server does not have. The session must have ended. */
  async discardUnsaved(): Promise<void> {
    this.keeper.keep(null);
    await this.keeper.settled();
  }

  /**
   * Something went wrong within a call of the engine, or around it. Says whether that was the end of the engine; then another one is made, which joins afresh
   * and gets back what the server has not acknowledged.
   */
  failed(error: unknown): boolean {
    if (!isTrap(error)) {
      this.events.emit('trouble', error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    // Whatever else fails within the same task fails of the same cause.
    if (this.isClosed || this.state === 'disconnected' || this.hasJustRestarted) return true;
    this.hasJustRestarted = true;
    setTimeout(() => {
      this.hasJustRestarted = false;
    }, 0);
    this.restart(error as Error);
    return true;
  }

  /** Ends the session. What was not sent stays in the browser's storage. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    document.removeEventListener('visibilitychange', this.hidden);
    this.inbox.close();
    this.keeper.close();
    this.requests.close();
    this.socket.close();
    clearInterval(this.clock);
    clearTimeout(this.commitTimer);
    clearTimeout(this.flushTimer);
    this.engine.free();
  }

  /** What nobody looks at any more may be closed in the next moment. */
  private readonly hidden = (): void => {
    if (!document.hidden || this.commitTimer === undefined) return;
    clearTimeout(this.commitTimer);
    this.commitTimer = undefined;
    void this.commit();
  };

  private makeInbox(): Inbox {
    const engine = (): Pad => this.engine;
    const inbox = new Inbox({
      get pad() {
        return engine();
      },
      heard: (message) => this.room.hear(message),
      changed: (news) => this.heed(news),
      settled: () => this.settle(),
      report: (progress) => this.events.emit('progress', progress),
      failed: (error) => this.failed(error),
    });
    void inbox.catchUp({ signal: this.stop.signal });
    return inbox;
  }

  private opened(): void {
    this.connections += 1;
    this.engine.connected();
    this.engine.setCommitLimit(this.socket.maxMessage);
    this.log.note('out', joinMessage(this.padName, this.joining.server));
  }

  private send(message: string): void {
    this.log.note('out', message);
    this.socket.send(message);
  }

  private lost(): void {
    if (this.isClosed || this.state === 'disconnected') return;
    this.engine.disconnected();
    this.requests.clear();
    this.inbox.end('interrupted');
    if (this.state === 'connected') this.setConnection('reconnecting');
    this.tellSaveState();
  }

  /** Sees to what the engine tells. */
  private heed(news: number): void {
    if (news & TO_DO) this.doEffects();
    if (news & TO_SHOW) this.isToShow = true;
  }

  /** Some messages have been taken: shows what they brought, and tells how things are. */
  private settle(): void {
    if (this.isAway) this.comeBack();
    if (this.isToShow) this.scheduleFlush();
    this.isToShow = false;
    this.keep();
    this.tellState();
  }

  /** Has what is not acknowledged kept, if that has changed. */
  private keep(): void {
    const { engine } = this;
    const version = engine.unsavedVersion;
    if (version === this.unsaved.version) return;
    this.unsaved = { version, text: engine.unsaved() ?? null };
    this.keeper.keep(this.unsaved.text);
  }

  private prepare(): void {
    this.current.setSlice(AT_ONCE);
    this.current.tellRevisions(this.tellsRevisions);
  }

  /** Brings back what pages have left that are gone. */
  private async claim(): Promise<void> {
    try {
      for (const { id, text } of await this.keeper.claim()) {
        this.heed(this.engine.restore(text));
        this.keeper.merge(id);
      }
    } catch (error) {
      // Without a database there is nothing to bring back, and the save state tells that nothing is kept.
      if (!(error instanceof DOMException)) this.failed(error);
    }
    if (!this.isClosed) this.settle();
  }

  /** The engine that was made after a trap has everything again: the editor may have it. */
  private comeBack(): void {
    const { engine } = this;
    if (engine.author === '' || engine.isRestoring) return;
    this.isAway = false;
    this.isHeld = false;
    // The editor loads the whole text.
    engine.flush();
    this.events.emit('joined');
  }

  private restart(error: Error): void {
    const now = performance.now();
    this.restarts = [...this.restarts.filter((time) => now - time < RESTART_WINDOW), now];
    const facts = this.facts();
    const { text } = this.unsaved;
    this.inbox.clear();
    this.requests.clear();
    try {
      restart();
      this.current = new Pad();
      if (this.restarts.length > MAX_RESTARTS) throw error;
      this.prepare();
      if (text !== null) this.heed(this.current.restore(text));
    } catch {
      this.isGivenUp = true;
      this.end('engine');
      return;
    }
    this.unsaved = { version: -1, text };
    this.isAway = true;
    this.isHeld = true;
    this.events.emit('restarted', error, facts);
    this.setConnection('reconnecting');
    this.socket.renew();
  }

  private doEffects(): void {
    for (const effect of this.engine.takeEffects()) this.doEffect(effect);
  }

  /** Sees to what the last message may have brought about: that one is up to date, may commit, or has been heard. */
  private tellState(): void {
    if (this.isClosed) return;
    if (this.engine.isLive) {
      this.setConnection('connected');
      this.scheduleCommit();
    }
    this.tellSaveState();
  }

  private doEffect(effect: Effect): void {
    switch (effect.type) {
      case 'joined':
        if (!this.isAway) this.events.emit('joined');
        break;
      case 'revision':
        this.events.emit('revision', effect);
        break;
      case 'accepted':
        break;
      case 'send':
        this.requests.push(effect.message);
        break;
      case 'resync':
        this.setConnection('reconnecting');
        this.socket.renew();
        break;
      case 'desynchronised':
        this.end('desynchronised');
        break;
      case 'unplaced':
        this.events.emit('unplaced', effect);
        break;
      case 'disconnected':
        this.end(effect.reason);
        break;
    }
  }

  private end(reason: string): void {
    this.socket.close();
    this.setConnection('disconnected', reason);
  }

  private setConnection(state: Connection, reason: string | null = null): void {
    if (this.state === state || this.state === 'disconnected') return;
    this.state = state;
    this.events.emit('connection', state, reason);
  }

  private tellSaveState(): void {
    const state = this.saveState;
    if (state === this.lastSave) return;
    this.lastSave = state;
    this.events.emit('save', state);
  }

  private scheduleCommit(): void {
    if (this.commitTimer !== undefined || !this.engine.hasUncommitted || this.isClosed) return;
    const wait = Math.max(0, this.lastCommit + this.room.commitInterval - performance.now());
    this.commitTimer = setTimeout(() => {
      this.commitTimer = undefined;
      void this.commit();
    }, wait);
  }

  /** Sends a commit, once it is on the disk: if this page ends before the answer comes, the next one must know that it was sent. */
  private async commit(): Promise<void> {
    if (!this.socket.isOpen || this.isClosed) return;
    const { connections } = this;
    try {
      const message = this.engine.commit();
      if (message === undefined) return;
      this.lastCommit = performance.now();
      this.keep();
      await this.keeper.settled();
      if (connections === this.connections && !this.isClosed) this.send(message);
    } catch (error) {
      this.failed(error);
    }
  }

  /**
   * Flushes with the next frame if the change can be seen. Drawing is what costs most of a change; so what cannot be seen waits a little for
   * more of its kind, and if a flush took long, there is a pause before the next.
   */
  private scheduleFlush(): void {
    if (this.flushDue === 'frame' || this.isHeld) return;
    const [from, to] = this.engine.behindAt();
    if (from === undefined || to === undefined) return;
    const isSeen = !document.hidden && this.sees(from, to);
    if (!isSeen && this.flushDue !== null) return;
    clearTimeout(this.flushTimer);
    const pause = this.pauseBeforeFlush();
    if (!isSeen) {
      this.flushDue = 'later';
      this.flushTimer = setTimeout(() => this.flush(), UNSEEN_FLUSH_DELAY);
    } else if (pause > 0) {
      this.flushDue = 'pause';
      this.flushTimer = setTimeout(() => this.flushWithFrame(), pause);
    } else {
      this.flushWithFrame();
    }
  }

  /** How long the next flush has to wait. It has not to when the last of what waited is done. */
  private pauseBeforeFlush(): number {
    const share = Math.min(LONGEST_PAUSE, (FLUSH_SHARE - 1) * this.flushed.took);
    const pause = this.engine.waiting > 0 && !this.inbox.isPaused ? Math.max(PAUSE_BEHIND, share) : share;
    return this.flushed.at + pause - performance.now();
  }

  /** Where very much has come, changing the editor and drawing it are too much for one task. */
  private flushWithFrame(): void {
    this.flushDue = 'frame';
    if (this.inbox.isCatchingUp) void breathe().then(() => this.flush());
    else requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    if (this.isHeld || this.isClosed) return;
    this.flushDue = null;
    clearTimeout(this.flushTimer);
    const began = performance.now();
    const patch = this.engine.flush();
    if (!patch) return;
    this.events.emit('patch', patch);
    const ended = performance.now();
    this.flushed = { at: ended, took: ended - began };
  }

  private checkClock(): void {
    // What was stopped by the user is not late.
    if (!this.inbox.isPaused && this.engine.isWaiting && this.engine.expire(performance.now()) & TO_DO) this.doEffects();
    this.seconds += 1;
    if (FIRST_CLAIMS.includes(this.seconds) || this.seconds % CLAIM_INTERVAL === 0) void this.claim();
    // A commit may not have been made at its time: a message of the server's was lost, or it asked us to slow down.
    this.tellState();
  }
}
