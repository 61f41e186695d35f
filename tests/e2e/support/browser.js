// The system's Chromium, and people in it: each has a browser context, so a cookie and settings of their own.

import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { Pad } from './pad.js';

const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Starts Chromium: the one that CHROMIUM names, or `chromium` on the PATH. */
export async function launch(more = []) {
  const name = process.env.CHROMIUM ?? 'chromium';
  const executablePath = name.includes('/') ? name : execFileSync('which', [name], { encoding: 'utf8' }).trim();
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

/**
 * Opens a pad as somebody new.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @param {{context?: import('playwright-core').BrowserContextOptions, prepare?: (page: import('playwright-core').Page) => Promise<unknown>, isReady?: boolean}} [options]
 *   `prepare` is called before the page is loaded.
 */
export async function openPad(browser, address, { context: contextOptions = {}, prepare = async () => {}, isReady = true } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...contextOptions });
  const page = await context.newPage();
  const pad = new Pad(page);
  await page.addInitScript(() => {
    window.__violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  await prepare(page);
  await page.goto(address);
  if (isReady) await pad.ready();
  return pad;
}
