// The strip behind the slider: how much was written when and by whom, and how long the text was.

import { amountOf, totals } from './amounts';
import { clockOf, dayOf } from './dates';
import type { Point } from './outline';

/** Half the width of the slider's handle: its middle does not reach the edges. Equal to the one in the style sheet. */
export const HANDLE = 9;

/** A pause that is drawn as one, in milliseconds. */
const LONG_PAUSE = 3_600_000;
const LABEL_ROOM = 96;
const LABEL_HEIGHT = 15;
/** The least height of a bar, so that a little can be told from nothing, in pixels. */
const LEAST = 1.5;

/** Where a revision is on a slider of this width, in pixels. */
export function placeOf(rev: number, head: number, width: number): number {
  return HANDLE + (head === 0 ? 1 : rev / head) * (width - 2 * HANDLE);
}

/** The revision at a place. */
export function revisionAtPlace(x: number, head: number, width: number): number {
  const share = (x - HANDLE) / Math.max(1, width - 2 * HANDLE);
  return Math.round(Math.min(1, Math.max(0, share)) * head);
}

/** What the strip is drawn with. */
export interface Palette {
  paper: string;
  text: string;
  pause: string;
  label: string;
  base: string;
  font: string;
  /** The colour for what somebody wrote: the author's own hue, as dark or light as it takes to stand out from the paper. */
  author: (colour: string) => string;
}

/** The colours that the style sheet has now. A canvas understands neither variables nor colours for two themes, so the page works them out. */
export function paletteOf(canvas: HTMLCanvasElement): Palette {
  const style = getComputedStyle(canvas);
  const worked = new Map<string, string>();
  const workOut = (colour: string): string => {
    canvas.style.color = colour;
    const found = style.color;
    canvas.style.color = '';
    return found;
  };
  return {
    paper: workOut('var(--paper)'),
    text: workOut('var(--strip-text)'),
    pause: workOut('var(--strip-pause)'),
    label: workOut('var(--muted)'),
    base: workOut('var(--warn)'),
    font: `11px ${style.fontFamily}`,
    author(colour) {
      const found = worked.get(colour) ?? workOut(`light-dark(oklch(from ${colour} 0.6 min(c * 1.8, 0.13) h), oklch(from ${colour} 0.74 min(c * 1.8, 0.13) h))`);
      worked.set(colour, found);
      return found;
    },
  };
}

/** What has to be drawn. */
export interface Strip {
  palette: Palette;
  points: readonly Point[];
  head: number;
  /** When the first revision was made, in milliseconds since 1970. */
  began: number | null;
  /** The revision that is compared with. */
  base: number | null;
  colourOf: (author: string) => string;
}

/** A canvas at the size that it has on the page, and where things are on it. */
class Sheet {
  readonly width: number;
  readonly height: number;
  readonly context: CanvasRenderingContext2D | null;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly head: number,
  ) {
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    this.width = width;
    this.height = height;
    this.context = canvas.getContext('2d');
    this.context?.setTransform(scale, 0, 0, scale, 0, 0);
  }

  x(rev: number): number {
    return placeOf(rev, this.head, this.width);
  }

  /** How high a share of all that can be shown is, in pixels. */
  tall(share: number): number {
    return share * (this.height - LABEL_HEIGHT - 4);
  }
}

/** Draws into a canvas; there are never more points than fit. */
export function drawStrip(canvas: HTMLCanvasElement, strip: Strip): void {
  const sheet = new Sheet(canvas, strip.head);
  const { context, width, height } = sheet;
  if (!context || width === 0) return;
  drawWritten(context, sheet, strip);
  drawLength(context, sheet, strip);
  drawTimes(context, sheet, strip);
  if (strip.base !== null) {
    context.fillStyle = strip.palette.base;
    context.fillRect(Math.round(sheet.x(strip.base)) - 1, 0, 2, height);
  }
}

/** How long the text was, as a line over everything, with an edge of paper. */
function drawLength(context: CanvasRenderingContext2D, sheet: Sheet, { points, palette }: Strip): void {
  const longest = Math.max(1, ...points.map(({ length }) => length ?? 0));
  // The line is drawn whole above the lower edge.
  const y = (length: number): number => sheet.height - 1.5 - sheet.tall(length / longest) * 0.97;
  context.beginPath();
  for (const { rev, length } of points) context.lineTo(sheet.x(rev), y(length ?? 0));
  context.lineJoin = 'round';
  context.strokeStyle = palette.paper;
  context.lineWidth = 3.5;
  context.stroke();
  context.strokeStyle = palette.text;
  context.lineWidth = 1.5;
  context.stroke();
}

/**
 * How much was written, as bars in the colours of those who wrote it. They grow with the cube root, for a pasted book must not make everything else
 * invisible. The first revision is often a text that nobody has typed; it does not set the scale.
 */
function drawWritten(context: CanvasRenderingContext2D, sheet: Sheet, { points, palette, colourOf }: Strip): void {
  const most = Math.max(1, ...points.filter(({ rev }, _, { length }) => rev > 0 || length === 1).map(amountOf));
  const order = totals(points).map(({ author }) => author);
  for (const point of points) {
    const amount = amountOf(point);
    if (amount === 0 || !point.written) continue;
    const left = sheet.x(Math.max(0, point.from - 1));
    const wide = Math.max(1, sheet.x(point.rev) - left - (point.rev - point.from > 0 ? 0.5 : 0));
    const tall = Math.max(LEAST, sheet.tall(Math.min(1, Math.cbrt(amount / most))));
    const lengths = new Map(point.written.shares.map(({ author, length }) => [author, length]));
    let bottom = sheet.height;
    for (const author of order) {
      const part = ((lengths.get(author) ?? 0) / amount) * tall;
      if (part === 0) continue;
      context.fillStyle = palette.author(colourOf(author));
      context.fillRect(left, bottom - part, wide, part);
      bottom -= part;
    }
  }
}

/** When it was: the first day, and where somebody went on after a long pause. */
function drawTimes(context: CanvasRenderingContext2D, sheet: Sheet, { points, palette, began }: Strip): void {
  const { width, height } = sheet;
  context.font = palette.font;
  context.textBaseline = 'top';
  let free = 0;
  let day = '';
  const mark = (rev: number, time: number): void => {
    const at = sheet.x(rev);
    context.fillStyle = palette.pause;
    context.fillRect(Math.round(at), LABEL_HEIGHT, 1, height - LABEL_HEIGHT);
    if (at < free) return;
    const today = dayOf(time);
    const label = today === day ? clockOf(time) : today;
    const room = context.measureText(label).width;
    const left = Math.min(at + 3, width - room - 2);
    if (left < free) return;
    day = today;
    context.fillStyle = palette.label;
    context.fillText(label, left, 1);
    free = left + Math.max(room + 12, Math.min(LABEL_ROOM, room + 40));
  };
  let before = began;
  if (began !== null) mark(0, began);
  for (const { from, time } of points) {
    if (time === null) continue;
    if (before === null || time - before >= LONG_PAUSE) mark(Math.max(0, from - 1), time);
    before = time;
  }
}
