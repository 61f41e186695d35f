// Where others have their carets, and telling them where one's own is.
//
// Told by messages that servers pass on to all who are at the pad (`CLIENT_MESSAGE`), with a type of payload of our own: whoever does not know it lets it
// pass. Only servers that say that they know us are sent any: older ones write a line into their log for each.

import type { Editor } from '../editor';
import { record } from '../../npm/lib/roster';
import { onSettings, settings } from '../shared/settings';
import type { Session } from './session';

const TYPE = 'easysync.caret';
/** One's own caret is told no more often than this, in milliseconds; and again after this time, for those who have not heard. */
const TELL_INTERVAL = 500;
const REPEAT_INTERVAL = 15_000;
/** Whoever has not told for so long is not shown any more, in milliseconds. */
const SILENCE = 40_000;
/** Carets of others are drawn no more often than this, in milliseconds. */
const DRAW_INTERVAL = 100;

/** A position, as a message may have it. */
function position(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : null;
}

/** Shows the carets of others in an editor, and tells one's own. */
export class Presence {
  private readonly heard = new Map<string, number>();
  private tellTimer: ReturnType<typeof setTimeout> | undefined;
  private drawTimer: ReturnType<typeof setTimeout> | undefined;
  private lastTold = Number.NEGATIVE_INFINITY;
  private told = '';
  private drawn = '';

  constructor(
    private readonly session: Session,
    private readonly editor: Editor,
  ) {
    session.on('message', (type, data) => {
      if (type === 'CLIENT_MESSAGE') this.take(record(record(data).payload));
    });
    session.on('joined', () => this.begin());
    session.on('patch', () => this.draw());
    session.on('people', () => this.peopleChanged());
    onSettings(() => this.begin());
    setInterval(() => this.checkClock(), REPEAT_INTERVAL / 3);
    addEventListener('pagehide', () => this.leave());
  }

  /** The selection, or the text, is another one. */
  moved(): void {
    if (!this.isOn || this.tellTimer !== undefined) return;
    const wait = Math.max(0, this.lastTold + TELL_INTERVAL - performance.now());
    this.tellTimer = setTimeout(() => {
      this.tellTimer = undefined;
      this.tell(false);
    }, wait);
  }

  private get isOn(): boolean {
    return settings().carets && this.session.relays && !this.session.hasNoText;
  }

  private begin(): void {
    if (this.session.hasNoText || this.session.connection === 'disconnected') return;
    this.session.engine.trackCarets(this.isOn);
    this.heard.clear();
    if (!this.isOn) this.leave();
    else this.tell(true);
    this.draw();
  }

  private tell(isRepeated: boolean): void {
    if (!this.isOn || this.session.readOnly) return;
    const { anchor, head } = this.editor.view.state.selection.main;
    const [rev, from, to] = this.session.engine.caretToTell(anchor, head);
    // What others do moves one's caret along at their place as well.
    const told = `${anchor} ${head}`;
    if (rev === undefined || (told === this.told && !isRepeated)) return;
    this.told = told;
    this.lastTold = performance.now();
    this.send({ rev, anchor: from, head: to });
  }

  private leave(): void {
    if (this.told === '') return;
    this.told = '';
    this.send({ gone: true });
  }

  private send(what: Readonly<Record<string, unknown>>): void {
    this.session.tell({ type: 'CLIENT_MESSAGE', payload: { type: TYPE, author: this.session.author, ...what } });
  }

  private take(payload: Record<string, unknown>): void {
    const { type, author, gone } = payload;
    if (type !== TYPE || typeof author !== 'string' || !this.isOn) return;
    // Only of those who are here: a message can say anything.
    const person = this.session.person(author);
    if (!person?.isHere || person.isSelf) return;
    const [rev, anchor, head] = [position(payload.rev), position(payload.anchor), position(payload.head)];
    const { engine } = this.session;
    if (gone === true) this.forget(author);
    else if (rev !== null && anchor !== null && head !== null && engine.placeCaret(author, rev, anchor, head)) this.heard.set(author, performance.now());
    this.draw();
  }

  private forget(author: string): void {
    this.heard.delete(author);
    this.session.engine.removeCaret(author);
  }

  private peopleChanged(): void {
    if (this.session.hasNoText) return;
    for (const author of [...this.heard.keys()]) {
      if (!this.session.person(author)?.isHere) this.forget(author);
    }
    this.draw();
    // Somebody who has just come has not heard.
    this.told = '';
    this.moved();
  }

  private checkClock(): void {
    if (!this.isOn) return;
    const now = performance.now();
    for (const [author, time] of [...this.heard]) {
      if (now - time > SILENCE) this.forget(author);
    }
    this.draw();
    if (now - this.lastTold > REPEAT_INTERVAL && !document.hidden) this.tell(true);
  }

  private draw(): void {
    if (this.drawTimer !== undefined || (this.heard.size === 0 && this.drawn === '')) return;
    this.drawTimer = setTimeout(() => {
      this.drawTimer = undefined;
      this.drawNow();
    }, DRAW_INTERVAL);
  }

  private drawNow(): void {
    const { session, editor } = this;
    // What changes around a composition breaks it; without a text, positions mean nothing.
    if (session.hasNoText || editor.view.composing) return;
    const list = (this.isOn ? session.engine.carets() : []).flatMap(({ author, anchor, head }) => {
      const person = session.person(author);
      return person ? [{ author, anchor, head, name: person.name ?? 'Unnamed', color: person.color }] : [];
    });
    const drawn = list.length === 0 ? '' : JSON.stringify(list);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    editor.showCarets(list);
  }
}
