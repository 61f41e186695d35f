// How one joins a pad.

/** Who joins. What is `null` is the server's to choose. */
export interface Person {
  readonly name: string | null;
  /** `#rrggbb` */
  readonly color: string | null;
}

/**
 * The first message on each connection.
 *
 * @param token Says who one is, where no cookie does: by the same token one is the same author again.
 */
export function joinMessage(padName: string, { name, color }: Person, token: string | null): string {
  return ready(padName, { userInfo: { name, colorId: color } }, token);
}

/** The first message of somebody who only looks at the history. */
export function readerMessage(padName: string, token: string | null): string {
  return ready(padName, { data: {} }, token);
}

function ready(padName: string, more: Readonly<Record<string, unknown>>, token: string | null): string {
  // Servers before 2.0 want all of these.
  const legacy = token === null ? {} : { token, sessionID: null, protocolVersion: 2 };
  return JSON.stringify({ component: 'pad', type: 'CLIENT_READY', padId: padName, ...more, easysync: { capabilities: 1 }, ...legacy });
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** So many random letters and digits. */
export function randomText(length: number): string {
  const numbers = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join('');
}

/** A token that nobody else has. */
export function newToken(): string {
  return `t.${randomText(20)}`;
}

export function isToken(text: string): boolean {
  return /^t\.[\w-]+$/.test(text);
}
