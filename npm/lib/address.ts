// The address of a pad, and what is reached through it.

import { PadError } from './errors.js';

/** A pad on a server. */
export interface PadAddress {
  /** Where the server is: origin and path, without a slash at the end. */
  readonly server: string;
  /** The pad's name there, or its id for readers. */
  readonly name: string;
  /** What the connection is made with: headers for the name and password that the address had. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads the address of a pad's page, `https://HOST/p/NAME`, with whatever path stands before `/p/` and comes after the name.
 *
 * @throws {PadError} `bad-address`
 */
export function parseAddress(address: string | URL): PadAddress {
  let url: URL;
  let name: string;
  try {
    url = new URL(address);
    name = decodeURIComponent(/\/p\/([^/]+)/.exec(url.pathname)?.[1] ?? '');
  } catch {
    throw new PadError('bad-address', `“${String(address)}” is not an address`);
  }
  if (!/^https?:$/.test(url.protocol) || name === '') {
    throw new PadError('bad-address', `“${String(address)}” is not the address of a pad: it has to look like https://example.org/p/NAME`);
  }
  const before = url.pathname.slice(0, url.pathname.indexOf('/p/'));
  const headers: Record<string, string> = {};
  if (url.username !== '') {
    const bytes = new TextEncoder().encode(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
    headers.authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  }
  return { server: url.origin + before, name, headers };
}

/** Where the server's socket for a pad is. `more` is what else the address says. */
export function socketAddress(pad: PadAddress, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ ...more, padId: pad.name, EIO: '4', transport: 'websocket' });
  return `${pad.server.replace(/^http/, 'ws')}/socket.io/?${query.toString()}`;
}
