// How strongly a colour may lie behind text, so that the text stays readable whatever colour somebody has chosen.

type Rgb = readonly [number, number, number];

/** The parts of `#rgb` or `#rrggbb`, 0 to 255; `null` for anything else. */
export function parseColour(text: string): Rgb | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text)?.[1];
  if (hex === undefined) return null;
  const part = (index: number): number => {
    const digits = hex.length === 3 ? (hex[index] ?? '').repeat(2) : hex.slice(2 * index, 2 * index + 2);
    return Number.parseInt(digits, 16);
  };
  return [part(0), part(1), part(2)];
}

/** Relative luminance as the Web Content Accessibility Guidelines define it, 0 to 1. */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** Contrast of two colours, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function mix(colour: Rgb, paper: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2): number => Math.round(paper[index] + (colour[index] - paper[index]) * share);
  return [part(0), part(1), part(2)];
}

/** What a theme draws text with. */
export interface Inks {
  ink: Rgb;
  paper: Rgb;
  /** The most that a colour may have of the mixture. */
  most: number;
  /** The contrast that has to remain; well above what the guidelines ask for, since a page full of strong colours is tiring. */
  least: number;
}

export const LIGHT: Inks = { ink: [28, 33, 40], paper: [255, 255, 255], most: 0.6, least: 11.5 };
export const DARK: Inks = { ink: [227, 230, 234], paper: [24, 27, 31], most: 0.45, least: 8 };

/** A colour, mixed with the paper as far as its text needs it, as `rgb(r g b)`. */
export function behindText(colour: Rgb, { ink, paper, most, least }: Inks): string {
  let share = most;
  while (share > 0.1 && contrast(mix(colour, paper, share), ink) < least) share -= 0.05;
  return `rgb(${mix(colour, paper, share).join(' ')})`;
}
