// The page on a phone, and what it looks like.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { converge } from './support/pad.js';
import { World } from './support/world.js';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** @type {World} */
let world;
before(async () => {
  mkdirSync(RESULTS, { recursive: true });
  world = await World.open();
});
after(() => world?.close());

const HTML =
  '<h1>Meeting notes</h1><p>With <b>bold</b>, <i>italic</i>, <u>underlined</u> and <s>struck</s> words, and a long line that has to be wrapped somewhere on a narrow screen: ' +
  `${'word '.repeat(30)}</p><ul><li>milk</li><li>bread<ul><li>dark</li></ul></li></ul><ol><li>first</li><li>second</li></ol><p>https://example.org/${'very-long-'.repeat(12)}</p>`;

async function filled(name, options) {
  const pad = await world.pad(name, options);
  await pad.clear();
  await pad.paste({ 'text/html': HTML, 'text/plain': 'x' });
  await pad.untilSaved();
  return pad;
}

/** How far the page itself can be scrolled sideways. */
async function overflow(pad) {
  return pad.page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const scroller = document.querySelector('.cm-scroller');
    return { page: scrollWidth - clientWidth, text: scroller.scrollWidth - scroller.clientWidth, visible: innerWidth - visualViewport.width };
  });
}

test('on a phone nothing scrolls sideways, every tool can be reached, and typing works', async () => {
  const name = world.name('phone');
  const pad = await filled(name, { context: PHONE });
  const { page } = pad;
  assert.deepEqual(await overflow(pad), { page: 0, text: 0, visible: 0 });
  const tools = await page.locator('.tools button, .tools select, .bar-actions > button, .bar-actions > a, .bar-actions .menu > button').all();
  assert.ok(tools.length > 15, `there are only ${tools.length} tools`);
  for (const tool of tools) {
    const label = await tool.getAttribute('aria-label').then(async (text) => text ?? tool.getAttribute('title'));
    if (!(await tool.isVisible())) {
      // What a narrow screen leaves out must be there on a wide one, and is never a way to format.
      assert.equal(await tool.evaluate((element) => element.closest('.tools') !== null), false, `${label} is gone`);
      continue;
    }
    await tool.scrollIntoViewIfNeeded();
    const box = await tool.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390, `${label} is outside of the screen: ${JSON.stringify(box)}`);
    assert.ok(box.width >= 32 && box.height >= 32, `${label} is too small for a finger: ${box.width} x ${box.height}`);
    const isHit = await tool.evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      return element === hit || element.contains(hit);
    });
    assert.ok(isHit, `${label} is covered by something`);
  }
  await page.screenshot({ path: join(RESULTS, 'phone.png') });

  await pad.tool('bold').scrollIntoViewIfNeeded();
  await page.locator('.cm-line').nth(1).tap();
  await pad.press('Control+End', 'Enter');
  await pad.tool('bold').tap();
  assert.equal(await page.evaluate(() => document.activeElement === window.easysync.view.contentDOM), true, 'a tool took the keyboard away');
  await pad.type('typed on a phone');
  const { text, runs } = await converge(world.server, name, [pad]);
  assert.match(text, /typed on a phone\n$/);
  assert.match(runs.at(-2)[1], /bold=true/);
  assert.deepEqual(await overflow(pad), { page: 0, text: 0, visible: 0 });
  // The caret is where one sees it.
  const isSeen = await page.evaluate(() => {
    const { view } = window.easysync;
    const { top, bottom } = view.coordsAtPos(view.state.selection.main.head);
    return top >= document.getElementById('bar').getBoundingClientRect().bottom && bottom <= visualViewport.height;
  });
  assert.ok(isSeen, 'the caret is outside of what is seen');

  for (const id of ['people', 'settings', 'share', 'exchange']) {
    await pad.tool(id).scrollIntoViewIfNeeded();
    await pad.tool(id).tap();
    const panel = page.locator('.panel:not([hidden])');
    await panel.waitFor();
    await panel.evaluate((element) => Promise.all(element.getAnimations().map((animation) => animation.finished)));
    const box = await panel.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y >= 0 && box.y + box.height <= 844, `the panel ${id} is outside: ${JSON.stringify(box)}`);
    if (id === 'settings') await page.screenshot({ path: join(RESULTS, 'phone-settings.png') });
    await pad.press('Escape');
    await panel.waitFor({ state: 'hidden' });
  }
  await pad.assertNoProblems();
  await pad.close();
});

test('turned to the side it works as well', async () => {
  const pad = await filled(world.name('phone'), { context: { ...PHONE, viewport: { width: 844, height: 390 } } });
  assert.deepEqual(await overflow(pad), { page: 0, text: 0, visible: 0 });
  const height = await pad.page.evaluate(() => document.querySelector('.cm-scroller').clientHeight);
  assert.ok(height > 200, `only ${height} pixels are left for the text`);
  await pad.page.screenshot({ path: join(RESULTS, 'phone-landscape.png') });
  await pad.close();
});

test('on a desk, light and dark', async () => {
  for (const scheme of ['light', 'dark']) {
    const pad = await filled(world.name('desk'), { context: { colorScheme: scheme } });
    assert.deepEqual(await overflow(pad), { page: 0, text: 0, visible: 0 });
    await pad.page.screenshot({ path: join(RESULTS, `desk-${scheme}.png`) });
    const [paper, ink] = await pad.page.evaluate(() => {
      const light = (colour) => {
        const context = document.createElement('canvas').getContext('2d');
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
      };
      let element = document.querySelector('.cm-scroller');
      while (/^rgba\(0, 0, 0, 0\)$/.test(getComputedStyle(element).backgroundColor) && element.parentElement) element = element.parentElement;
      return [light(getComputedStyle(element).backgroundColor), light(getComputedStyle(document.querySelector('.cm-content')).color)];
    });
    assert.ok(scheme === 'light' ? paper > 0.8 && ink < 0.3 : paper < 0.25 && ink > 0.6, `in ${scheme} the paper is ${paper} and the ink ${ink}`);
    // The same address, seen with the other choice made in the settings.
    await pad.tool('settings').click();
    await pad.tool('setting-theme').selectOption(scheme === 'light' ? 'dark' : 'light');
    const chosen = await pad.page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    assert.match(chosen, scheme === 'light' ? /dark/ : /light/);
    await pad.assertNoProblems();
    await pad.close();
  }
});
