// The strip behind the slider: how long the text was, and when it was written.

import { clockOf, dayOf } from './dates';
import type { Point } from './outline';

/** Half the width of the slider's handle: its middle does not reach the edges. Equal to the one in the style sheet. */
export const HANDLE = 9;

/** A pause that is drawn as one, in milliseconds. */
const LONG_PAUSE = 3_600_000;
const LABEL_ROOM = 96;
const LABEL_HEIGHT = 15;

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
  before: string;
  later: string;
  pause: string;
  label: string;
  base: string;
  font: string;
}

/** The colours that the style sheet has now. A canvas understands neither variables nor colours for two themes, so the page works them out. */
export function paletteOf(canvas: HTMLCanvasElement): Palette {
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => {
    canvas.style.color = `var(${name})`;
    return style.color;
  };
  const palette = {
    before: colour('--strip-before'),
    later: colour('--strip-later'),
    pause: colour('--strip-pause'),
    label: colour('--muted'),
    base: colour('--warn'),
    font: `11px ${style.fontFamily}`,
  };
  canvas.style.color = '';
  return palette;
}

/** What has to be drawn. */
export interface Strip {
  palette: Palette;
  points: readonly Point[];
  head: number;
  /** The revision that is shown. */
  rev: number;
  /** The one that it is compared with. */
  base: number | null;
}

/** Draws into a canvas at the size that it has on the page. */
export function drawStrip(canvas: HTMLCanvasElement, { palette, points, head, rev, base }: Strip): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext('2d');
  if (!context || width === 0) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const x = (at: number): number => placeOf(at, head, width);
  const longest = Math.max(1, ...points.map((point) => point.length));
  const y = (length: number): number => height - 2 - (length / longest) * (height - LABEL_HEIGHT - 6);

  const path = (): void => {
    context.beginPath();
    const [first] = points;
    const last = points.at(-1);
    if (!first || !last) return;
    context.moveTo(x(first.rev), height);
    for (const point of points) context.lineTo(x(point.rev), y(point.length));
    context.lineTo(x(last.rev), height);
    context.closePath();
  };
  context.fillStyle = palette.later;
  path();
  context.fill();
  context.save();
  context.beginPath();
  context.rect(0, 0, x(rev), height);
  context.clip();
  context.fillStyle = palette.before;
  path();
  context.fill();
  context.restore();

  context.font = palette.font;
  context.textBaseline = 'top';
  let free = 0;
  let day = '';
  points.forEach((point, index) => {
    if (point.time === null) return;
    const before = points[index - 1];
    const paused = before === undefined || (before.time !== null && point.time - before.time >= LONG_PAUSE);
    if (!paused) return;
    const at = x(before?.rev ?? point.rev);
    context.fillStyle = palette.pause;
    context.fillRect(Math.round(at), LABEL_HEIGHT, 1, height - LABEL_HEIGHT);
    if (at < free) return;
    const today = dayOf(point.time);
    const label = today === day ? clockOf(point.time) : today;
    day = today;
    const room = context.measureText(label).width;
    const left = Math.min(at + 3, width - room - 2);
    if (left < free) return;
    context.fillStyle = palette.label;
    context.fillText(label, left, 1);
    free = left + Math.max(room + 12, Math.min(LABEL_ROOM, room + 40));
  });
  if (base !== null) {
    context.fillStyle = palette.base;
    context.fillRect(Math.round(x(base)) - 1, 0, 2, height);
  }
}
