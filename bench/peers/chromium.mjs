// Subjects in Chromium, each in a page of its own.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../../scripts/run.mjs';
import { needBrowser } from '../../scripts/setup.mjs';
import { launch } from '../../tests/e2e/support/browser.js';
import { traceOf } from './traces.mjs';

const ORIGIN = 'http://peers.localhost';

/** Starts a browser that can start pages for subjects. */
export async function openChromium() {
  process.env.CHROMIUM ??= needBrowser().chromium;
  const script = await bundle();
  const browser = await launch(['--js-flags=--expose-gc --max-old-space-size=6000']);
  return {
    version: browser.version(),
    start: (subject) => startPage(browser, script, subject),
    close: () => browser.close(),
  };
}

/** Packages as their authors mean them for a browser without a bundler's help with WebAssembly. */
const ENTRIES = {
  name: 'entries',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /pkg\/node\.js$/ }, () => ({ path: join(root, 'pkg', 'index.js') }));
    onResolve({ filter: /^(loro-crdt|@automerge\/automerge)$/ }, ({ path, kind, resolveDir }) =>
      path === 'loro-crdt' ? resolve('loro-crdt/base64', { kind, resolveDir }) : { path: join(root, 'bench', 'node_modules', path, 'dist', 'mjs', 'entrypoints', 'fullfat_base64.js') },
    );
  },
};

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.mjs', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    minify: true,
    define: { global: 'globalThis' },
    plugins: [ENTRIES],
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

async function startPage(browser, script, subject) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    if (pathname === '/page.js') return route.fulfill({ contentType: 'text/javascript', body: script });
    if (pathname === '/trace') return route.fulfill({ json: traceOf(JSON.parse(decodeURIComponent(search.slice(1)))) });
    if (pathname.endsWith('.wasm')) return route.fulfill({ contentType: 'application/wasm', body: await readFile(join(root, 'pkg', basename(pathname))) });
    return route.fulfill({ contentType: 'text/html', body: '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>' });
  });
  page.on('pageerror', (error) => console.error(`${subject}: ${error.message}`));
  await page.goto(`${ORIGIN}/`);
  await page.waitForFunction(() => window.peers !== undefined);
  const call = (name) => (what) => page.evaluate(([method, argument]) => window.peers[method](argument), [name, what]);
  await call('start')(subject);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  return {
    prepare: call('prepare'),
    run: call('run'),
    open: call('open'),
    play: call('play'),
    /** Milliseconds for which the main thread has been busy. */
    async busy() {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
    },
    close: () => context.close(),
  };
}
