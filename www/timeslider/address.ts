// Revisions in the page's address: `#12` shows one, `#5..12` the difference between two.

/** What an address asks for. */
export interface Place {
  rev: number;
  base: number | null;
}

/** What the part behind the `#` asks for; `null` if it is nothing of that kind. */
export function readPlace(hash: string): Place | null {
  const [, first, second] = /^#(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(hash) ?? [];
  if (first === undefined) return null;
  return second === undefined ? { rev: Number(first), base: null } : { rev: Number(second), base: Number(first) };
}

/** The part behind the `#` that asks for a place. */
export function writePlace({ rev, base }: Place): string {
  return base === null ? `#${rev}` : `#${base}..${rev}`;
}
