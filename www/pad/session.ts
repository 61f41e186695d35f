// A session at a pad, where socket and engine meet. The editor is told by events, and meets both in main.ts.

import { Pad } from 'easysync-wasm';
import type { EasysyncError, Effect, Patch, SaveState } from 'easysync-wasm';
import { Events } from '../shared/events';
import { Roster, checkedColor, record, text } from '../shared/roster';
import type { Person } from '../shared/roster';
import { load, store } from '../shared/storage';
import type { Connection as Socket } from '../transport/socket';
import type { Joining } from './early';

export type { Person } from '../shared/roster';
export type { SaveState } from 'easysync-wasm';

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
}

/** What `Pad.receive` tells, as bits. */
const TO_SHOW = 1;
const TO_DO = 2;
const FOR_HOST = 4;

/** How long after a commit the next may follow, in milliseconds, if the server does not say otherwise; Etherpad's own client does so. */
const COMMIT_INTERVAL = 500;
/** Requests for revisions go no faster: Etherpad drops a client's messages above ten a second. */
const REQUEST_INTERVAL = 150;
const CLOCK_INTERVAL = 1000;
/** How long what nobody sees may wait with being shown, in milliseconds: a page in the background, a part that is scrolled away. */
const UNSEEN_FLUSH_DELAY = 500;
/** Showing what others do takes at most one part in so many of the time; the rest is for typing and scrolling. */
const FLUSH_SHARE = 8;
/** But it waits no longer than this, in milliseconds. */
const LONGEST_PAUSE = 200;

/** A session at the pad that is being joined. It tells when the document is there. The engine has to be ready. */
export class Session {
  readonly padName: string;
  readonly engine = new Pad();
  private readonly roster = new Roster();
  private readonly events = new Events<SessionEvents>();
  private readonly socket: Socket;
  private readonly clock: ReturnType<typeof setInterval>;
  private state: Connection = 'connecting';
  private lastSave: SaveState = 'reconnecting';
  private idForReaders: string | null = null;
  private commitInterval = COMMIT_INTERVAL;
  private commitTimer: ReturnType<typeof setTimeout> | undefined;
  private lastCommit = Number.NEGATIVE_INFINITY;
  private requests: string[] = [];
  private requestTimer: ReturnType<typeof setTimeout> | undefined;
  private isHeld = false;
  /** When a flush is due: a frame, or a time for what is not seen. */
  private flushDue: 'frame' | 'later' | null = null;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private noFlushBefore = 0;
  private sees: (from: number, to: number) => boolean = () => true;
  private isClosed = false;

  constructor(private readonly joining: Joining) {
    this.padName = joining.padName;
    this.socket = joining.connection;
    this.clock = setInterval(() => this.checkClock(), CLOCK_INTERVAL);
  }

  /** To be called once, when everybody who wants to hear listens: what the server has said already is told at once. */
  begin(): void {
    this.joining.listen({ received: (message) => this.receive(message), lost: () => this.lost() });
  }

  get author(): string {
    return this.engine.author;
  }

  get readOnly(): boolean {
    return this.engine.isReadOnly;
  }

  /** The id under which the pad can only be read. */
  get readOnlyId(): string | null {
    return this.idForReaders;
  }

  get rev(): number {
    return this.engine.rev;
  }

  get saveState(): SaveState {
    return this.engine.saveState;
  }

  get connection(): Connection {
    return this.state;
  }

  people(): Person[] {
    return this.roster.list();
  }

  person(id: string): Person | undefined {
    return this.roster.find(id);
  }

  setName(name: string): void {
    store('easysync.name', name);
    this.roster.change({ name });
    this.tellAboutMe();
  }

  setColor(color: string): void {
    const checked = checkedColor(color, []);
    if (!checked) return;
    store('easysync.color', checked);
    this.roster.change({ color: checked });
    this.tellAboutMe();
  }

  /** Listens; the result ends it. */
  on<K extends keyof SessionEvents>(event: K, listener: SessionEvents[K]): () => void {
    if (event === 'revision') this.engine.tellRevisions(true);
    return this.events.on(event, listener);
  }

  /**
   * To be called when the user has changed something: sees to it that it is committed, and that the editor is told what it
   * does not show yet, at once or right after the present task.
   */
  edited(now = false): void {
    if (now) this.flush();
    else if (this.engine.isBehind) queueMicrotask(() => this.flush());
    this.scheduleCommit();
    this.tellSaveState();
  }

  /** Until `release`, nothing is to be shown: the user is composing a character. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
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

  /** Ends the session. What was not sent is lost. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.close();
    clearInterval(this.clock);
    clearTimeout(this.commitTimer);
    clearTimeout(this.requestTimer);
    clearTimeout(this.flushTimer);
    this.engine.free();
  }

  private lost(): void {
    if (this.isClosed || this.state === 'disconnected') return;
    this.engine.disconnected();
    this.requests = [];
    if (this.state === 'connected') this.setConnection('reconnecting');
    this.tellSaveState();
  }

  private receive(message: string): void {
    let news = TO_DO;
    try {
      news = this.engine.receive(message);
    } catch (error) {
      this.events.emit('trouble', error as EasysyncError);
    }
    if (news & FOR_HOST) this.hear(message);
    if (news & TO_DO) this.doEffects();
    if (news & TO_SHOW) this.scheduleFlush();
    this.tellState();
  }

  /** Reads what concerns more than the document. */
  private hear(message: string): void {
    const { type, data } = record(JSON.parse(message));
    if (type === 'CLIENT_VARS') {
      const vars = record(data);
      this.idForReaders = text(vars.readOnlyId);
      const interval = record(vars.easysync).commitInterval;
      this.commitInterval = typeof interval === 'number' && interval >= 0 ? interval : COMMIT_INTERVAL;
      this.roster.join(data);
      this.tellOlderServers(vars);
      this.events.emit('people');
    } else if (type === 'COLLABROOM') {
      const { type: kind, userInfo } = record(data);
      if (kind === 'USER_NEWINFO') this.roster.arrived(userInfo);
      else if (kind === 'USER_LEAVE') this.roster.left(userInfo);
      else if (typeof kind === 'string') this.events.emit('message', kind, data);
      if (kind === 'USER_NEWINFO' || kind === 'USER_LEAVE') this.events.emit('people');
    }
  }

  /** Servers before 2.0 do not read the name and colour of a join. */
  private tellOlderServers(vars: Record<string, unknown>): void {
    const self = this.roster.find(text(vars.userId) ?? '');
    const name = load('easysync.name') || null;
    const color = load('easysync.color');
    if (!self || ((name ?? self.name) === self.name && (color ?? self.color) === self.color)) return;
    this.roster.change({ name: name ?? self.name ?? '', color: color ?? self.color });
    this.tellAboutMe();
  }

  private tellAboutMe(): void {
    const self = this.roster.find(this.author);
    if (!self) return;
    const userInfo = { userId: self.id, name: self.name, colorId: self.color };
    this.socket.send(JSON.stringify({ type: 'COLLABROOM', component: 'pad', data: { type: 'USERINFO_UPDATE', userInfo } }));
    this.events.emit('people');
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
        this.events.emit('joined');
        break;
      case 'revision':
        this.events.emit('revision', effect);
        break;
      case 'accepted':
        break;
      case 'send':
        this.request(effect.message);
        break;
      case 'resync':
        this.setConnection('reconnecting');
        this.socket.renew();
        break;
      case 'desynchronised':
        this.end('desynchronised');
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
    const state = this.engine.saveState;
    if (state === this.lastSave) return;
    this.lastSave = state;
    this.events.emit('save', state);
  }

  /** Sends requests at the pace that servers bear. */
  private request(message: string): void {
    this.requests.push(message);
    if (this.requestTimer !== undefined) return;
    const next = (): void => {
      const request = this.requests.shift();
      this.requestTimer = request === undefined ? undefined : setTimeout(next, REQUEST_INTERVAL);
      if (request !== undefined) this.socket.send(request);
    };
    next();
  }

  private scheduleCommit(): void {
    if (this.commitTimer !== undefined || !this.engine.hasUncommitted || this.isClosed) return;
    const wait = Math.max(0, this.lastCommit + this.commitInterval - performance.now());
    this.commitTimer = setTimeout(() => {
      this.commitTimer = undefined;
      this.commit();
    }, wait);
  }

  private commit(): void {
    if (!this.socket.isOpen) return;
    try {
      const message = this.engine.commit();
      if (message === undefined) return;
      this.lastCommit = performance.now();
      this.socket.send(message);
    } catch (error) {
      this.events.emit('trouble', error as EasysyncError);
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
    if (!isSeen && this.flushDue === 'later') return;
    this.flushDue = isSeen ? 'frame' : 'later';
    clearTimeout(this.flushTimer);
    const pause = this.noFlushBefore - performance.now();
    if (!isSeen) this.flushTimer = setTimeout(() => this.flush(), UNSEEN_FLUSH_DELAY);
    else if (pause > 0) this.flushTimer = setTimeout(() => requestAnimationFrame(() => this.flush()), pause);
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
    this.noFlushBefore = ended + Math.min(LONGEST_PAUSE, (FLUSH_SHARE - 1) * (ended - began));
  }

  private checkClock(): void {
    if (this.engine.isWaiting && this.engine.expire(performance.now()) & TO_DO) this.doEffects();
    // A commit may not have been made at its time: a message of the server's was lost, or it asked us to slow down.
    this.tellState();
  }
}
