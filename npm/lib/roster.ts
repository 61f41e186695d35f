// Who writes here: read from the server's messages, checked, and kept.

export interface Person {
  id: string;
  name: string | null;
  /** `#rrggbb`, whatever the server sent. */
  color: string;
  isSelf: boolean;
  isHere: boolean;
}

const NO_COLOR = '#cccccc';

/** People by author id. */
export class Roster {
  private readonly people = new Map<string, Person>();
  private palette: string[] = [];
  private selfId = '';

  /** Oneself first, then who is here, then everyone else who ever wrote here. */
  list(): Person[] {
    const rank = (person: Person): number => (person.isSelf ? 0 : person.isHere ? 1 : 2);
    return [...this.people.values()].sort((a, b) => rank(a) - rank(b));
  }

  find(id: string): Person | undefined {
    return this.people.get(id);
  }

  get self(): Person | undefined {
    return this.people.get(this.selfId);
  }

  /** Reads what a join tells. */
  join(data: unknown): void {
    const vars = record(data);
    this.palette = list(vars.colorPalette).filter((color) => typeof color === 'string');
    this.selfId = text(vars.userId) ?? '';
    for (const person of this.people.values()) person.isHere = false;
    const authors = record(record(vars.collab_client_vars).historicalAuthorData);
    for (const [id, author] of Object.entries(authors)) this.put(id, record(author), false);
    this.put(this.selfId, { name: vars.userName, colorId: vars.userColor }, true);
  }

  /** Reads a `USER_NEWINFO`. */
  arrived(info: unknown): void {
    const user = record(info);
    const id = text(user.userId);
    if (id) this.put(id, user, true);
  }

  /** Reads a `USER_LEAVE`. */
  left(info: unknown): void {
    const person = this.people.get(text(record(info).userId) ?? '');
    if (person && !person.isSelf) person.isHere = false;
  }

  /** Changes oneself. */
  change(change: { name?: string; color?: string }): void {
    const { self } = this;
    if (!self) return;
    if (change.name !== undefined) self.name = change.name || null;
    if (change.color !== undefined) self.color = checkedColor(change.color, []) ?? self.color;
  }

  /** What a server has to be told that has not read the name and colour of a join; `null` if it has. */
  missing(wanted: { name: string | null; color: string | null }): { name: string; color: string } | null {
    const { self } = this;
    if (!self) return null;
    const { name, color } = { name: wanted.name ?? self.name, color: wanted.color ?? self.color };
    return name === self.name && color === self.color ? null : { name: name ?? '', color };
  }

  private put(id: string, info: Record<string, unknown>, isHere: boolean): void {
    const known = this.people.get(id);
    this.people.set(id, {
      id,
      name: text(info.name) ?? (info.name === undefined ? (known?.name ?? null) : null),
      color: checkedColor(info.colorId, this.palette) ?? known?.color ?? NO_COLOR,
      isSelf: id === this.selfId,
      isHere: isHere || (known?.isHere ?? false),
    });
  }
}

/** A colour is a number of the palette, or `#rgb` or `#rrggbb`; anything else is none. */
export function checkedColor(color: unknown, palette: string[]): string | undefined {
  const named = typeof color === 'number' ? palette[color] : color;
  if (typeof named !== 'string') return undefined;
  if (/^#[0-9a-f]{6}$/i.test(named)) return named.toLowerCase();
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(named);
  return short ? `#${short.slice(1).map((digit) => digit + digit).join('')}`.toLowerCase() : undefined;
}

/** The fields of an object; none for anything else. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A string that is not empty. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
