// A pad in a <textarea>: what the user types goes to the pad, what others do comes in without moving the caret.

import type { Patch } from '../index.js';
import { changesOf, splices } from './splices.js';
import type { Splice } from './splices.js';

/** What is used of a pad; the one that `connect` gives is one. */
export interface TextPad {
  /** The text, with its final newline, which the field does not show. */
  readonly text: string;
  readonly isReadOnly: boolean;
  splice(changes: Uint32Array, inserted: string): void;
  undo(): boolean;
  redo(): boolean;
  flush(): void;
  hold(): void;
  release(): void;
  on(event: 'change', listener: (patch: Patch) => void): () => void;
  on(event: 'reset' | 'end', listener: () => void): () => void;
}

/** A field that shows a pad. */
export interface Binding {
  /** Lets go of the field. The pad stays open. */
  destroy(): void;
}

/** Fields make "\n" of every "\r"; this stands in its place, one unit for one. */
const RETURN = '\u240d';

function shownText(text: string): string {
  return text.slice(0, -1).replaceAll('\r', RETURN);
}

/**
 * Shows a pad in a text field, until `destroy`. The selection stays at the text that it was at; while a character is composed nothing comes in; undo and redo
 * take back one's own steps and nobody else's. What the pad refuses, for it has ended, is passed to `failed`, and the field shows what the pad has.
 */
export function bindTextarea(field: HTMLTextAreaElement, pad: TextPad, failed: (error: Error) => void = reportError): Binding {
  const bound = new Bound(field, pad, failed);
  return { destroy: () => bound.destroy() };
}

class Bound {
  /** What the field showed when it was last looked at. */
  private shown: string;
  private isComposing = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stops: (() => void)[] = [];
  private readonly wasReadOnly: boolean;

  constructor(
    private readonly field: HTMLTextAreaElement,
    private readonly pad: TextPad,
    private readonly failed: (error: Error) => void,
  ) {
    pad.flush();
    this.shown = shownText(pad.text);
    field.value = this.shown;
    this.wasReadOnly = field.readOnly;
    field.readOnly = pad.isReadOnly;
    this.stops.push(
      pad.on('change', (patch) => this.show(splices(patch))),
      pad.on('reset', () => this.load()),
      pad.on('end', () => {
        field.readOnly = true;
      }),
    );
    const listen = <K extends keyof HTMLElementEventMap>(name: K, listener: (event: HTMLElementEventMap[K]) => void): void => {
      field.addEventListener(name, listener);
      this.stops.push(() => field.removeEventListener(name, listener));
    };
    listen('input', () => this.read());
    listen('beforeinput', (event) => this.beforeInput(event));
    listen('keydown', (event) => this.keyDown(event));
    listen('compositionstart', () => this.compose());
    listen('compositionend', () => this.composed());
    // Some keyboards leave a composition without an end when the focus goes.
    listen('blur', () => this.composed());
  }

  destroy(): void {
    clearTimeout(this.timer);
    for (const stop of this.stops.splice(0)) stop();
    if (this.isComposing) this.pad.release();
    this.field.readOnly = this.wasReadOnly;
  }

  /** The user has changed something. */
  private read(): void {
    const { value, selectionEnd } = this.field;
    const change = difference(this.shown, value, selectionEnd);
    if (!change) return;
    const { changes, text } = changesOf([change]);
    try {
      this.pad.splice(changes, text);
      this.shown = value;
    } catch (error) {
      this.failed(error as Error);
      this.write(difference(value, this.shown, null));
    }
  }

  private beforeInput(event: InputEvent): void {
    if (event.inputType === 'historyUndo' || event.inputType === 'historyRedo') this.step(event, event.inputType === 'historyUndo');
  }

  private keyDown(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (ctrlKey === metaKey || altKey) return;
    const name = key.toLowerCase();
    // The field's own history knows nothing of what came in, so its keys are taken even if there is nothing to take back.
    if (name === 'z' || (name === 'y' && !shiftKey)) this.step(event, name === 'z' && !shiftKey);
  }

  private step(event: Event, isBack: boolean): void {
    event.preventDefault();
    if (this.field.readOnly || this.isComposing) return;
    try {
      this.pad.flush();
      const stop = this.pad.on('change', (patch) => this.putCaret(patch));
      if (isBack) this.pad.undo();
      else this.pad.redo();
      this.pad.flush();
      stop();
    } catch (error) {
      this.failed(error as Error);
    }
  }

  /** Puts the caret where a step of the user's own ended. The change itself is shown already. */
  private putCaret(patch: Patch): void {
    let [shift, end] = [0, 0];
    for (const { from, to, insert } of splices(patch)) {
      end = from + shift + insert.length;
      shift += insert.length - (to - from);
    }
    if (patch.changes.length > 0) this.field.setSelectionRange(end, end);
  }

  private compose(): void {
    clearTimeout(this.timer);
    if (this.isComposing) return;
    this.isComposing = true;
    this.pad.hold();
  }

  private composed(): void {
    clearTimeout(this.timer);
    // Browsers differ in whether the last change is told before or after this event.
    this.timer = setTimeout(() => {
      if (!this.isComposing) return;
      this.isComposing = false;
      this.read();
      this.pad.release();
    }, 0);
  }

  /** The pad has another text as a whole. */
  private load(): void {
    const change = difference(this.shown, shownText(this.pad.text), null);
    this.write(change);
    if (change) this.shown = this.field.value;
  }

  private show(list: Splice[]): void {
    const { field } = this;
    let { selectionStart, selectionEnd } = field;
    const { selectionDirection, scrollTop } = field;
    // From the last to the first, so that the positions hold.
    for (const { from, to, insert } of list.reverse()) {
      [selectionStart, selectionEnd] = mapSelection(selectionStart, selectionEnd, from, to, insert.length);
      field.setRangeText(insert.replaceAll('\r', RETURN), from, to, 'preserve');
    }
    if (field.selectionStart !== selectionStart || field.selectionEnd !== selectionEnd) {
      field.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
    }
    field.scrollTop = scrollTop;
    this.shown = field.value;
  }

  private write(change: Splice | null): void {
    if (change) this.show([change]);
  }
}

/** A caret stays before what is inserted at its place; a selection does not grow by it. */
function mapSelection(start: number, end: number, from: number, to: number, length: number): [number, number] {
  const shift = length - (to - from);
  const map = (at: number, stays: boolean): number => {
    if (at < from || (at === from && stays)) return at;
    return at >= to ? at + shift : stays ? from : from + length;
  };
  if (start === end) {
    const at = map(start, true);
    return [at, at];
  }
  const first = map(start, false);
  return [first, Math.max(first, map(end, true))];
}

/**
 * One change from the first to the last unit that differs; `null` if none does. Where several places would do, for the same letter stands there twice, it
 * ends at `caret`. Halves of a pair of surrogates are not taken apart.
 */
export function difference(before: string, after: string, caret: number | null): Splice | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  const same = (end: number): boolean => before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end);
  const least = caret === null ? 0 : Math.min(shorter, after.length - caret);
  let end = 0;
  while (end < least && same(end)) end += 1;
  let start = 0;
  while (start < shorter - end && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  while (end < shorter - start && same(end)) end += 1;
  const splits = (text: string, at: number): boolean => isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));
  if (start > 0 && (splits(before, start) || splits(after, start))) start -= 1;
  if (end > 0 && (splits(before, before.length - end) || splits(after, after.length - end))) end -= 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
