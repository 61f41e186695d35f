// The slider itself, with the strip behind it and the marked revisions on it.

import { h } from '../shared/dom';
import { onceAfterFrame } from './slices';
import { describeAll, describeAmount } from './amounts';
import { clockOf, dayOf, grouped } from './dates';
import type { History } from './history';
import { Outline } from './outline';
import { drawStrip, paletteOf, placeOf, revisionAtPlace } from './strip';
import type { Palette } from './strip';

/** More marks than this would only hide each other. */
const MOST_MARKS = 200;

/** The slider. */
export class Track {
  readonly element: HTMLElement;
  private readonly range = h('input', { type: 'range', class: 'track-range', min: '0', max: '0', step: '1', 'aria-label': 'Revision', 'data-testid': 'slider' });
  private readonly canvas = h('canvas', { class: 'track-strip', role: 'img', 'data-testid': 'strip' });
  /** Lies over what comes after the revision that is shown. It moves without anything being drawn anew. */
  private readonly later = h('div', { class: 'track-later' });
  private readonly marks = h('div', { class: 'track-marks' });
  private readonly hint = h('div', { class: 'track-hint', hidden: true, 'aria-hidden': 'true' });
  private history: History | null = null;
  private outline: Outline | null = null;
  private base: number | null = null;
  private palette: Palette | null = null;
  private readonly drawSoon = onceAfterFrame(() => this.draw());

  /** `chosen` is called when the user takes another revision. */
  constructor(private readonly chosen: (rev: number) => void) {
    const box = h('div', { class: 'track-box' }, this.canvas, this.later, this.range, this.hint);
    this.element = h('div', { class: 'track' }, this.marks, box);
    this.range.addEventListener('input', () => this.chosen(Number(this.range.value)));
    this.range.addEventListener('keydown', (event) => {
      const far = event.key === 'PageUp' ? 1 : event.key === 'PageDown' ? -1 : 0;
      if (far === 0) return;
      event.preventDefault();
      this.chosen(Number(this.range.value) + far * Math.max(10, Math.round(Number(this.range.max) / 20)));
    });
    box.addEventListener('pointermove', (event) => {
      // Who drags sees the revision itself.
      if (event.buttons !== 0) this.hint.hidden = true;
      else if (event.pointerType === 'mouse') this.showHint(event.clientX);
    });
    box.addEventListener('pointerleave', () => {
      this.hint.hidden = true;
    });
    new ResizeObserver(() => {
      this.drawMarks();
      this.drawSoon();
    }).observe(box);
    const recolour = (): void => {
      this.palette = null;
      this.drawSoon();
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
    new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  /** Takes another history. */
  use(history: History): void {
    this.outline?.close();
    this.history = history;
    this.outline = new Outline(history, this.drawSoon);
    history.on('saved', () => this.drawMarks());
    history.on('people', this.drawSoon);
    this.refresh();
  }

  /** The newest revision, or everything, may be another. */
  refresh(): void {
    if (!this.history) return;
    this.range.max = String(this.history.head);
    this.range.disabled = this.history.rev === null && this.history.target === null;
    this.drawMarks();
    this.outline?.start();
    this.fade();
    this.drawSoon();
  }

  /** Puts the handle where the revision is. */
  show(rev: number): void {
    this.range.value = String(rev);
    this.fade();
  }

  /** Sets what a screen reader says of the revision. */
  describe(text: string): void {
    this.range.setAttribute('aria-valuetext', text);
  }

  setBase(base: number | null): void {
    this.base = base;
    this.drawSoon();
  }

  focus(): void {
    this.range.focus({ preventScroll: true });
  }

  private draw(): void {
    const { history } = this;
    if (!history) return;
    this.palette ??= paletteOf(this.canvas);
    const { palette, base } = this;
    const points = this.outline?.points ?? [];
    const began = points[0]?.from === 0 ? history.facts(0).time : null;
    drawStrip(this.canvas, { palette, points, head: history.head, began, base, colourOf: (author) => history.writer(author).color });
    this.canvas.setAttribute('aria-label', describeAll(history, points));
  }

  private fade(): void {
    const { value, max } = this.range;
    this.later.style.transform = `scaleX(${Number(max) === 0 ? 0 : 1 - Number(value) / Number(max)})`;
  }

  private drawMarks(): void {
    if (!this.history) return;
    const { head, savedRevisions } = this.history;
    const width = this.range.clientWidth;
    const marks = savedRevisions.filter(({ rev }) => rev <= head).slice(-MOST_MARKS);
    const buttons = marks.map(({ rev, label, time }) => {
      const what = label || `Revision ${grouped(rev)}`;
      const title = time === null ? what : `${what}, marked ${dayOf(time)}, ${clockOf(time)}`;
      const mark = h('button', { type: 'button', class: 'mark', title, 'aria-label': title, 'data-testid': 'mark', 'data-rev': String(rev) }, '★');
      mark.style.left = `${placeOf(rev, head, width)}px`;
      mark.addEventListener('click', () => this.chosen(rev));
      return mark;
    });
    this.marks.replaceChildren(...buttons);
    this.marks.hidden = buttons.length === 0;
  }

  private showHint(clientX: number): void {
    if (!this.history || this.history.rev === null) return;
    const box = this.range.getBoundingClientRect();
    const rev = revisionAtPlace(clientX - box.left, this.history.head, box.width);
    const { time } = this.history.facts(rev);
    const point = this.outline?.at(rev);
    const lines = [time === null ? grouped(rev) : `${grouped(rev)} · ${dayOf(time)}, ${clockOf(time)}`, point ? describeAmount(this.history, point) : ''];
    this.hint.textContent = lines.filter((line) => line !== '').join('\n');
    this.hint.hidden = false;
    const half = this.hint.offsetWidth / 2;
    this.hint.style.left = `${Math.min(Math.max(clientX - box.left, half), box.width - half)}px`;
  }
}
