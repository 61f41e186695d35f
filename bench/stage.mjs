// What the benches of the pages have in common: everything built, a server and a browser, and what is to be told of the machine.

import { cpus } from 'node:os';
import { buildPackage, buildPages, buildServer } from '../scripts/build.mjs';
import { output } from '../scripts/run.mjs';
import { needBrowser, needPackages } from '../scripts/setup.mjs';
import { launch } from '../tests/e2e/support/browser.js';
import { Server } from '../tests/e2e/support/server.js';

/** Builds what is not built, and starts a server of ours and a browser. */
export async function openStage() {
  const { chromium } = needBrowser();
  process.env.CHROMIUM ??= chromium;
  needPackages();
  buildPackage();
  buildPages();
  if (!process.env.EASYSYNC_SERVER) buildServer();
  const server = await Server.start();
  const browser = await launch();
  return {
    server,
    browser,
    /** In words, for people. */
    described: `Chromium ${browser.version()}, ${cpus().length} cores (${model() ?? 'unknown'})`,
    /** In fields, for files. */
    facts: { ...facts(), chromium: browser.version() },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** When, of what and where something was measured. */
export function facts() {
  return {
    date: new Date().toISOString(),
    commit: output('git', 'rev-parse', '--short', 'HEAD') ?? null,
    machine: { cores: cpus().length, model: model() },
  };
}

function model() {
  return cpus()[0]?.model.trim() ?? null;
}

/** An option that has to be a whole number above 0; ends the process if it is not. */
export function positive(name, text) {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  console.error(`--${name} wants whole numbers above 0, not ${text}`);
  process.exit(2);
}
