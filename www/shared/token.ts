import { isToken, newToken } from '../../npm/lib/joining';
import { load, store } from './storage';

export { randomText } from '../../npm/lib/joining';

/** Who one is for servers that do not set a cookie for this page: made once, and kept in the browser under this name. */
export function keptToken(name: string): string {
  const known = load(name);
  if (known && isToken(known)) return known;
  const token = newToken();
  store(name, token);
  return token;
}
