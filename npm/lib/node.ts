// The entry for Node: pads on servers, read, edited and watched by a program.

import { WebSocket } from 'ws';
import { init as initHistory } from '../history-node.js';
import { init } from '../node.js';
import { open } from './online.js';
import type { ConnectOptions, MakeSocket, OnlinePad } from './online.js';
import { OnlineHistory } from './past.js';
import type { HistoryOptions } from './past.js';

export { PadError } from './errors.js';
export type { PadErrorCode } from './errors.js';
export type { ConnectOptions, ConnectionState, OnlinePad, PadEvents, TextChange } from './online.js';
export type { Person } from './roster.js';
export type { HistoryOptions, OnlineHistory } from './past.js';

/** A WebSocket with headers, which those of browsers and of later versions of Node do not have. */
const makeSocket: MakeSocket = (address, headers) => new WebSocket(address, { headers, maxPayload: 0 });

/**
 * Connects to a pad by the address of its page, and joins it.
 *
 * @throws {PadError} If that is not possible.
 */
export async function connect(address: string | URL, options: ConnectOptions = {}): Promise<OnlinePad> {
  await init();
  return open(address, options, makeSocket);
}

/**
 * Connects to the history of a pad, by the address of the pad's page.
 *
 * @throws {PadError} If that is not possible.
 */
export async function openHistory(address: string | URL, options: HistoryOptions = {}): Promise<OnlineHistory> {
  await initHistory();
  return OnlineHistory.open(address, options, makeSocket);
}
