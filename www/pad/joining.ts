// How the page of a pad joins it.

import { joinMessage as joinMessageOf } from '../../npm/lib/joining';
import { load } from '../shared/storage';
import { keptToken } from '../shared/token';

/** The first message on each connection. `server` is the origin of the server that has the pad; empty if it is that of the page. */
export function joinMessage(padName: string, server: string): string {
  const person = { name: load('easysync.name') || null, color: load('easysync.color') || null };
  // Where the server's cookie does not reach, and where there is none, the page says who one is.
  return joinMessageOf(padName, person, server === '' ? null : keptToken('easysync.token'));
}
