// The history on the page: the engine, and the server behind it if there is one. The parts of the page are told by events.

import { Inbox, Slider } from 'easysync-wasm/history';
import type { EasysyncError, Patch, Progress, RevisionFacts, SavedRevision, SliderEffect } from 'easysync-wasm/history';
import { Events } from '../../npm/lib/events';
import { readerMessage } from '../../npm/lib/joining';
import { Roster, checkedColor, record, text } from '../../npm/lib/roster';
import { keptToken } from '../shared/token';
import { connect } from '../transport/socket';
import type { Connection as Socket } from '../transport/socket';
import { Letters } from './letters';

export type Connection = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'none';

/** What can be listened to. */
export interface HistoryEvents {
  /** The pad is there, for the first time or as another one under the same name. */
  joined: () => void;
  /** Another revision is shown. The patch leads from the one before; at first from an empty text. */
  shown: (rev: number, patch: Patch) => void;
  /** There are new revisions. */
  head: (rev: number) => void;
  saved: () => void;
  people: () => void;
  /** A revision cannot be had; what is shown stays. */
  failed: (rev: number, error: Error) => void;
  /** Something came from the server, so that more may be known. */
  arrived: () => void;
  /** The reason is that of a final disconnect, as the server gave it. */
  connection: (state: Connection, reason: string | null) => void;
  /** Something that went wrong. */
  trouble: (error: Error) => void;
  /** How far the taking in of new revisions is. */
  progress: (progress: Progress) => void;
}

/** Somebody who wrote here. */
export interface Writer {
  name: string | null;
  /** `#rrggbb` */
  color: string;
}

/** How often the engine looks at the clock, in milliseconds: it sends up to eight requests a second. */
const CLOCK_INTERVAL = 60;
const NO_COLOR = '#cccccc';

/** A history, of a pad on a server or of a file. */
export class History {
  private readonly events = new Events<HistoryEvents>();
  private readonly roster = new Roster();
  private readonly clock: ReturnType<typeof setInterval> | undefined;
  private readonly socket: Socket | undefined;
  private readonly inbox: Inbox | undefined;
  private state: Connection;
  private wanted: number | null = null;
  private isClosed = false;
  /** Whether something was sought that no frame has shown yet: more has to wait for the frame after that one. */
  private isPaced = false;

  private constructor(
    readonly name: string,
    readonly slider: Slider,
    private readonly server: string | null,
  ) {
    if (server === null) {
      this.state = 'none';
      return;
    }
    this.state = 'connecting';
    // Without `embed`, Etherpad takes this page for the pad in a second window, and disconnects the first.
    const query = { embed: '1' };
    const inbox = this.makeInbox();
    this.inbox = inbox;
    this.socket = connect(server, name, { opened: () => this.join(), received: (message) => inbox.push(message), lost: () => this.lost() }, query);
    this.clock = setInterval(() => this.checkClock(), CLOCK_INTERVAL);
  }

  /** The history of a pad on a server; `server` is its origin, empty for that of the page. The engine must be loaded. */
  static ofPad(name: string, server: string): History {
    return new History(name, new Slider(), server);
  }

  /** A history that is all there. */
  static ofFile(name: string, slider: Slider): History {
    return new History(name, slider, null);
  }

  get isFile(): boolean {
    return this.server === null;
  }

  get connection(): Connection {
    return this.state;
  }

  /** The newest revision; 0 before there is one. */
  get head(): number {
    return this.slider.head ?? 0;
  }

  /** The revision that is shown; `null` before the first. */
  get rev(): number | null {
    return this.slider.shownRev ?? null;
  }

  /** The revision that is to be shown: the one that was sought last. */
  get target(): number | null {
    return this.wanted ?? this.slider.targetRev ?? this.rev;
  }

  /** Whether a revision is to be shown that is not there yet. */
  get isWaiting(): boolean {
    return this.wanted !== null || this.slider.targetRev !== undefined;
  }

  get savedRevisions(): SavedRevision[] {
    return this.slider.savedRevisions().sort((a, b) => a.rev - b.rev);
  }

  facts(rev: number): RevisionFacts {
    return this.slider.revision(rev);
  }

  writer(id: string): Writer {
    const person = this.roster.find(id);
    return { name: person?.name ?? null, color: person?.color ?? NO_COLOR };
  }

  /**
   * Shows a revision at once, or as soon as it is there. Of several wishes between two frames the first is shown at once, and the last one in the next
   * frame.
   */
  seek(rev: number): void {
    if (this.slider.head === undefined) return;
    this.wanted = Math.min(Math.max(0, Math.floor(rev)), this.head);
    if (this.isPaced) return;
    this.isPaced = true;
    this.seekWanted();
    // The next frame is the one that shows this; what is sought in it would be in its place.
    requestAnimationFrame(() => this.keepPace());
  }

  /** The same; resolves to whether the revision was shown, which it is not if another one is sought or it cannot be had. */
  reach(rev: number): Promise<boolean> {
    return new Promise((resolve) => {
      const ends = [
        this.on('shown', (shown) => end(shown === rev)),
        this.on('failed', (failed) => failed === rev && end(false)),
        this.on('joined', () => end(false)),
      ];
      const end = (done: boolean): void => {
        for (const stop of ends) stop();
        resolve(done);
      };
      this.seek(rev);
    });
  }

  /** Goes to another revision and back unseen, if all are at hand: the browser compiles what that takes, and the first wish need not wait for it. */
  rehearse(): void {
    const { rev, slider } = this;
    if (!this.isFile || rev === null || this.isWaiting) return;
    for (const way of [Math.floor(rev / 2), rev]) slider.seek(way, performance.now());
  }

  /** Listens; the result ends it. */
  on<K extends keyof HistoryEvents>(event: K, listener: HistoryEvents[K]): () => void {
    return this.events.on(event, listener);
  }

  /** The engine may have something to do: to be called after `slider` was asked for what may need the server. */
  settle(): void {
    for (const effect of this.slider.takeEffects()) this.doEffect(effect);
  }

  /** Ends it; nothing of it may be used afterwards. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events.clear();
    this.inbox?.close();
    this.socket?.close();
    clearInterval(this.clock);
    this.slider.free();
  }

  private keepPace(): void {
    requestAnimationFrame(() => {
      this.isPaced = this.wanted !== null;
      if (!this.isPaced) return;
      this.keepPace();
      this.seekWanted();
    });
  }

  private seekWanted(): void {
    const rev = this.wanted;
    this.wanted = null;
    if (rev === null || this.isClosed) return;
    try {
      const patch = this.slider.seek(rev, performance.now());
      if (patch) this.events.emit('shown', rev, patch);
      else this.settle();
    } catch (error) {
      this.events.emit('failed', rev, error as EasysyncError);
    }
  }

  private join(): void {
    // A token of its own: with that of the pad's page, older servers would end the session there.
    this.socket?.send(readerMessage(this.name, this.server === '' ? null : keptToken('easysync.reader')));
  }

  private makeInbox(): Inbox {
    return new Inbox({
      pad: new Letters(
        () => this.head,
        (message) => this.take(message),
      ),
      changed: () => undefined,
      settled: () => {
        this.settle();
        if (!this.isClosed) this.events.emit('arrived');
      },
      report: (progress) => this.events.emit('progress', progress),
      failed: (error) => this.events.emit('trouble', error),
      overflowed: () => this.socket?.renew(),
    });
  }

  private take(message: string): void {
    try {
      this.slider.receive(message, performance.now());
      this.hear(message);
    } catch (error) {
      this.inbox?.end('failed', error as EasysyncError);
      this.events.emit('trouble', error as EasysyncError);
    }
  }

  /** Stops taking in what is new; what is there stays. */
  cancelCatchUp(): void {
    this.inbox?.cancel();
  }

  resumeCatchUp(): void {
    void this.inbox?.catchUp();
  }

  /** Reads who is who. */
  private hear(message: string): void {
    if (!/^\{"(?:type|data)"/.test(message) || !/"(?:CLIENT_VARS|USER_NEWINFO)"/.test(message.slice(0, 200) + message.slice(-200))) return;
    const { type, data } = record(JSON.parse(message));
    if (type === 'CLIENT_VARS') {
      this.roster.join(data);
      this.setConnection('connected');
    }
    if (record(data).type === 'USER_NEWINFO') this.roster.arrived(record(data).userInfo);
    this.events.emit('people');
  }

  private lost(): void {
    if (this.isClosed || this.state === 'disconnected') return;
    this.slider.disconnected();
    this.inbox?.end('interrupted');
    if (this.state === 'connected') this.setConnection('reconnecting');
  }

  private doEffect(effect: SliderEffect): void {
    switch (effect.type) {
      case 'joined':
        this.events.emit('joined');
        break;
      case 'head':
        this.events.emit('head', effect.rev);
        break;
      case 'send':
        this.socket?.send(effect.message);
        break;
      case 'shown':
        this.events.emit('shown', effect.rev, effect.patch);
        break;
      case 'saved':
        this.events.emit('saved');
        break;
      case 'failed':
        this.events.emit('failed', effect.rev, new Error(effect.message));
        break;
      case 'disconnected':
        this.socket?.close();
        this.setConnection('disconnected', effect.reason);
        break;
    }
  }

  private setConnection(state: Connection, reason: string | null = null): void {
    if (this.state === state || this.state === 'disconnected') return;
    this.state = state;
    this.events.emit('connection', state, reason);
  }

  private checkClock(): void {
    if (!this.slider.isWaiting) return;
    this.slider.expire(performance.now());
    this.settle();
  }

  /** Takes the authors that a file names. */
  takeAuthors(): void {
    const authors = this.slider.authors();
    for (const { id, name, color } of authors) {
      const named = /^\d+$/.test(color) ? paletteColor(Number(color)) : color;
      this.roster.arrived({ userId: id, name: text(name), colorId: checkedColor(named, []) ?? NO_COLOR });
    }
    this.events.emit('people');
  }
}

/** A colour for a number of a palette that is not at hand: neighbours are far apart. */
function paletteColor(number: number): string {
  const hue = (number * 137.508) % 360;
  const part = (offset: number): string => {
    const k = (offset + hue / 30) % 12;
    const share = 0.72 - 0.28 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * share)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}
