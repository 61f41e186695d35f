import { load, store } from './storage';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** So many random letters and digits. */
export function randomText(length: number): string {
  const numbers = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join('');
}

/** Who one is for servers that do not set a cookie for this page: made once, and kept in the browser under this name. */
export function keptToken(name: string): string {
  const known = load(name);
  if (known && /^t\.[\w-]+$/.test(known)) return known;
  const token = `t.${randomText(20)}`;
  store(name, token);
  return token;
}
