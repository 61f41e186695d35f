// Dates for people, and the revision that was there at a time.

import type { History } from './history';

export { grouped } from '../shared/numbers';

const long = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** A time to the second. */
export function longDate(time: number): string {
  return long.format(time);
}

export function dayOf(time: number): string {
  return day.format(time);
}

export function clockOf(time: number): string {
  return clock.format(time);
}

/** A time as a field for local dates and times has it. */
export function fieldValue(time: number): string {
  const date = new Date(time);
  const local = new Date(time - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/**
 * The last revision that was made at or before a time, or the first one. What is not known of a pad on a server is fetched on the way, so the page may
 * show other revisions meanwhile. Resolves to `null` if it cannot be found out.
 */
export async function revisionAt(history: History, time: number): Promise<number | null> {
  let [low, high] = [0, history.head];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    let made = history.facts(middle).time;
    if (made === null) {
      if (!(await history.reach(middle))) return null;
      made = history.facts(middle).time;
      if (made === null) return null;
    }
    if (made <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
