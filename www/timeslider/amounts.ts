// How much was written, in words and as one sum.

import type { AuthorShare } from 'easysync-wasm/history';
import { writerName } from './blame';
import { clockOf, dayOf, grouped } from './dates';
import type { History } from './history';
import type { Point } from './outline';

/** More authors than this are told by their number. */
const MOST_NAMES = 3;

/** How much was inserted at a point. */
export function amountOf({ written }: Point): number {
  return written === null ? 0 : written.shares.reduce((sum, share) => sum + share.length, 0);
}

/** Who wrote how much at all points together, the most first. */
export function totals(points: readonly Point[]): AuthorShare[] {
  const lengths = new Map<string, number>();
  for (const { written } of points) {
    for (const { author, length } of written?.shares ?? []) lengths.set(author, (lengths.get(author) ?? 0) + length);
  }
  return [...lengths].map(([author, length]) => ({ author, length })).sort((a, b) => b.length - a.length);
}

/** Authors as people list them. */
function names(history: History, shares: readonly AuthorShare[]): string {
  const some = shares.slice(0, MOST_NAMES).map(({ author }) => writerName(history, author || null));
  const more = shares.length - some.length;
  return more > 0 ? `${some.join(', ')} and ${grouped(more)} more` : some.join(', ');
}

/** What was written at a point, for people. */
export function describeAmount(history: History, point: Point): string {
  const { written } = point;
  if (!written) return '';
  const amount = amountOf(point);
  const removed = written.removed > 0 ? `${grouped(written.removed)} removed` : '';
  const inserted = amount > 0 ? `${grouped(amount)} written by ${names(history, written.shares)}` : '';
  return [inserted, removed].filter((part) => part !== '').join(', ') || 'no text written';
}

/** What the strip shows, for those who do not see it. */
export function describeAll(history: History, points: readonly Point[]): string {
  const shares = totals(points);
  const all = shares.reduce((sum, share) => sum + share.length, 0);
  const [first, last] = [points[0], points.at(-1)];
  if (all === 0 || !first || !last) return 'How much was written when: not known yet';
  const busiest = points.reduce((most, point) => (amountOf(point) > amountOf(most) ? point : most));
  const parts = [`${grouped(all)} characters written by ${names(history, shares)}`];
  if (first.time !== null && last.time !== null) parts.push(`from ${dayOf(first.time)} to ${dayOf(last.time)}`);
  const when = busiest.time === null ? '' : `, ${dayOf(busiest.time)}, ${clockOf(busiest.time)}`;
  parts.push(`the most up to revision ${grouped(busiest.rev)}${when}`);
  return `How much was written when: ${parts.join('; ')}`;
}
