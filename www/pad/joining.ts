// How one joins a pad.

import { load } from '../shared/storage';
import { keptToken } from '../shared/token';

/** The first message on each connection. `server` is the origin of the server that has the pad; empty if it is that of the page. */
export function joinMessage(padName: string, server: string): string {
  return JSON.stringify({
    component: 'pad',
    type: 'CLIENT_READY',
    padId: padName,
    userInfo: { name: load('easysync.name') || null, colorId: load('easysync.color') || null },
    easysync: { capabilities: 1 },
    // Where the server's cookie does not reach, and where there is none, the page says who one is.
    ...(server !== '' ? { token: keptToken('easysync.token'), sessionID: null, protocolVersion: 2 } : {}),
  });
}
