// What the server tells a page through its address and its head.

function meta(name: string): string {
  const content = document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? '';
  // A server that fills nothing in leaves the placeholder.
  return /^%[A-Z]+%$/.test(content) ? '' : content;
}

/** The nonce of this page's content security policy, or nothing. */
export function cspNonce(): string {
  return meta('csp-nonce');
}

/** The origin of the server that has the pads, or nothing if it is the page's own. */
export function serverOrigin(): string {
  return meta('easysync-server');
}

/** The name of the pad in the page's address, `/p/NAME`, with whatever stands before it. */
export function padName(): string | null {
  const name = /\/p\/([^/]+)/.exec(location.pathname)?.[1];
  if (name === undefined) return null;
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

/** The address of the page that shows histories from files, from that of the start page. */
export function historyAddress(): string {
  return location.pathname.replace(/[^/]*$/, 'history');
}

/** The address of a pad's page, relative to where this page is served. */
export function padAddress(name: string, rest = ''): string {
  const before = /^(.*)\/p\/[^/]+/.exec(location.pathname)?.[1] ?? location.pathname.replace(/\/[^/]*$/, '');
  return `${before}/p/${encodeURIComponent(name)}${rest}`;
}
