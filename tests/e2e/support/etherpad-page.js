// Etherpad's own page of a pad, in Chromium.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is so. */
export async function waitFor(condition, message, time = 10_000) {
  const end = Date.now() + time;
  while (!(await condition())) {
    if (Date.now() > end) assert.fail(await message());
    await sleep(50);
  }
}

/** Etherpad's own page of a pad. */
export class EtherpadPage {
  static async open(browser, address) {
    const self = new EtherpadPage();
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
    self.page = await context.newPage();
    // A server that has just begun packs and shrinks its files first.
    await self.page.goto(address, { timeout: 120_000 });
    self.frame = self.page.frameLocator('iframe[name=ace_outer]').frameLocator('iframe[name=ace_inner]');
    await self.frame.locator('#innerdocbody[contenteditable=true], #innerdocbody.editable').waitFor({ timeout: 60_000 });
    await self.page.locator('#editorloadingbox').waitFor({ state: 'hidden', timeout: 60_000 });
    await self.frame.locator('#innerdocbody').click();
    return self;
  }

  async type(text) {
    await this.page.keyboard.type(text);
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** The lines as they are drawn. */
  async text() {
    const lines = await this.frame.locator('#innerdocbody').evaluate((body) => [...body.children].map((line) => line.textContent));
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** The lines as they are drawn, each with what it looks like. */
  async lines() {
    return this.frame.locator('#innerdocbody').evaluate((body) =>
      [...body.children].map((line) => [line.textContent.replaceAll('\u00a0', ' '), line.innerHTML.replaceAll('&nbsp;', ' ').replace(/ (id|start)="[^"]*"/g, '')]));
  }

  /**
   * The characters of each line as they are drawn, each with the tags and classes that it stands in, but for its author: what undo brings back the page
   * shows under the name of who wrote it, and sends under that of who undid. Spaces are all the same.
   */
  async characters() {
    return this.frame.locator('#innerdocbody').evaluate((body) =>
      [...body.children].map((line) => {
        const found = [];
        const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
          const around = new Set();
          for (let element = texts.currentNode.parentElement; element !== line; element = element.parentElement) {
            if (element.tagName !== 'SPAN') around.add(element.tagName);
            for (const name of element.classList) if (!name.startsWith('author')) around.add(name);
          }
          const looks = [...around].sort().join(' ');
          for (const character of texts.currentNode.data.replaceAll('\u00a0', ' ')) found.push(`${character} ${looks}`);
        }
        return found;
      }));
  }

  async untilText(text, time) {
    await waitFor(async () => (await this.text()).includes(text), async () => `“${text}” did not come to Etherpad’s page: ${await this.text()}`, time);
  }

  async close() {
    await this.page.context().close();
  }
}
