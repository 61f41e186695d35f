// The entry for browsers: pads on servers, with the browser's own WebSocket.

import { init } from '../index.js';
import { open } from './online.js';
import type { ConnectOptions, OnlinePad } from './online.js';

export { PadError } from './errors.js';
export type { PadErrorCode } from './errors.js';
export type { ConnectOptions, ConnectionState, OnlinePad, PadEvents, TextChange } from './online.js';
export type { Person } from './roster.js';

/**
 * Connects to a pad by the address of its page, and joins it.
 *
 * @throws {PadError} If that is not possible.
 */
export async function connect(address: string | URL, options: ConnectOptions = {}): Promise<OnlinePad> {
  await init();
  return open(address, options, (to) => new WebSocket(to));
}
