// What stands before the items of a list.

const BULLETS = ['•', '◦', '▪'];

/** The bullet of a level, counted from 1. */
export function bulletLabel(level: number): string {
  return BULLETS[(level - 1) % BULLETS.length] ?? '';
}

/** The number as it is written at a level: 1. a. i. and again. */
export function numberLabel(number: number, level: number): string {
  const style = (level - 1) % 3;
  if (style === 1 && number > 0) return `${letters(number)}.`;
  if (style === 2 && number > 0 && number < 4000) return `${roman(number)}.`;
  return `${number}.`;
}

function letters(number: number): string {
  let rest = number;
  let label = '';
  while (rest > 0) {
    rest -= 1;
    label = String.fromCharCode(97 + (rest % 26)) + label;
    rest = Math.floor(rest / 26);
  }
  return label;
}

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
];

function roman(number: number): string {
  let rest = number;
  let label = '';
  for (const [value, sign] of ROMAN) {
    while (rest >= value) {
      label += sign;
      rest -= value;
    }
  }
  return label;
}
