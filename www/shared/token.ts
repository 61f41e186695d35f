import { load, store } from './storage';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Who one is for servers that do not set a cookie for this page: made once, and kept in the browser under this name. */
export function keptToken(name: string): string {
  const known = load(name);
  if (known && /^t\.[\w-]+$/.test(known)) return known;
  const numbers = crypto.getRandomValues(new Uint8Array(20));
  const token = `t.${Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join('')}`;
  store(name, token);
  return token;
}
