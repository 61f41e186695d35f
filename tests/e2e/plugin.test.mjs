// Etherpad's own editor and timeslider on the engine: a real Etherpad with the plugin ep_easysync.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { launch } from './support/browser.js';
import { base36, insertOps, keepOps } from './support/client.js';
import { EtherpadPage, waitFor } from './support/etherpad-page.js';
import { Etherpad } from './support/etherpad.js';
import { seeded } from './support/random.js';
import { fetchText, root } from './support/server.js';

const PLUGIN = join(root, 'integrations', 'ep_easysync');
const TYPING_TIME = 60_000;
const LARGE = 100_000;
const CHANGES = 60;

describe('Etherpad 1.8.14 with ep_easysync', () => {
  /** @type {Etherpad} */
  let etherpad;
  /** @type {Etherpad} */
  let stock;
  let browser;
  before(async () => {
    browser = await launch();
    etherpad = await Etherpad.start({ plugins: [PLUGIN], settings: { ep_easysync: { server: true } } });
  });
  after(async () => {
    await browser?.close();
    await stock?.close();
    await etherpad?.close();
  });

  test('two people type for a minute, one of them gets batches, and all agree', { timeout: 300_000 }, async (t) => {
    const random = seeded(t);
    const one = await EtherpadPage.open(browser, etherpad.address('minute'));
    const two = await EtherpadPage.open(browser, etherpad.address('minute'));
    for (const page of [one, two]) {
      watch(page);
      assert.equal(await hasEngine(page), true, 'the editor of this page is on the engine');
    }
    await holdBack(two);
    await one.press('Control+End');
    await one.type(' begun by one');
    await two.untilText('begun by one');

    const end = Date.now() + TYPING_TIME;
    const write = async (page, words) => {
      const dice = random.fork();
      while (Date.now() < end) {
        await page.press(dice.pick(['Control+Home', 'Control+End', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'End']));
        await page.type(dice.pick(words));
        if (dice.chance(0.3)) await page.press(dice.pick(['Enter', 'Backspace', 'Backspace', 'Delete', 'Control+b', 'Control+z', 'Control+Shift+L']));
        await sleep(dice.below(150));
      }
    };
    await Promise.all([write(one, ['one ', 'tree \u{1f600} ', 'x']), write(two, ['two ', 'river \u{1f389} ', 'né '])]);

    let kept;
    let difference;
    const same = async () => {
      kept = await etherpad.content('minute');
      const revs = await Promise.all([revOf(one), revOf(two)]);
      const drawn = await Promise.all([one.characters(), two.characters()]);
      difference = firstDifference(...drawn);
      return revs.every((rev) => rev === kept.rev) && difference === null && (await one.text()) === plainText(kept);
    };
    const disagreement = async () =>
      `the pages do not agree, at ${await revOf(one)}, ${await revOf(two)} and ${kept.rev}, ${JSON.stringify(difference)}:\none    ${JSON.stringify(await one.text())}\ntwo    ${JSON.stringify(await two.text())}\nserver ${JSON.stringify(plainText(kept))}`;
    await waitFor(same, disagreement, 60_000);
    assert.ok(kept.rev > 60, `${kept.rev} revisions`);
    assert.match(kept.text, /one /);
    assert.match(kept.text, /two /);

    // Each revision of somebody else was told once, in order, also those of batches.
    const { told, batches, batched, own } = await two.page.evaluate(() => window.heard);
    assert.ok(batches > 5 && batched >= 2 * batches, `${batches} batches with ${batched} changes`);
    const revs = [...told, ...own].sort((a, b) => a - b);
    assert.deepEqual(revs, Array.from({ length: revs.length }, (_, index) => kept.rev - revs.length + 1 + index));
    assert.deepEqual(told, [...told].sort((a, b) => a - b));
    for (const page of [one, two]) assert.deepEqual(page.problems, []);
    t.diagnostic(`${kept.rev} revisions, ${kept.text.length} code units; ${batches} batches with ${batched} changes`);
    await one.close();
    await two.close();

    // The timeslider of what they wrote.
    const slider = await browser.newPage();
    for (const rev of [kept.rev, Math.floor(kept.rev / 2), 3]) {
      await slider.goto('about:blank');
      await slider.goto(`${etherpad.address('minute')}/timeslider#${rev}`);
      const wanted = (await fetchText(`${etherpad.address('minute')}/${rev}/export/txt`)).replace(/\n*$/, '');
      let shown;
      const isShown = async () => {
        shown = await slider.locator('#innerdocbody').evaluate((body) => [...body.children].map((line) => line.textContent).join('\n'));
        return letters(shown) === letters(wanted);
      };
      await waitFor(isShown, () => `revision ${rev} is\n${wanted}\nand is shown as\n${shown}`, 20_000);
    }
    assert.equal(await slider.evaluate(() => typeof window.require('ep_etherpad-lite/static/js/Changeset').composeAll), 'function');
    await slider.close();
  });

  test('what a change of somebody else costs in a large pad, with the engine and without', { timeout: 300_000 }, async (t) => {
    stock = await Etherpad.start();
    const random = seeded(t);
    for (const [name, server, isOnEngine] of [['with', etherpad, true], ['without', stock, false]]) {
      const line = `${'lorem ipsum dolor sit amet '.repeat(3).trim()}\n`;
      await server.call('createPad', { padID: 'large', text: line.repeat(Math.floor(LARGE / line.length)) });
      const page = await EtherpadPage.open(browser, server.address('large'));
      watch(page);
      assert.equal(await hasEngine(page), isOnEngine);
      const { rev, text } = await server.content('large');
      const changed = changesTo(text, rev, random.fork());
      const times = await page.page.evaluate(receive, changed.messages);
      assert.equal(times.length, CHANGES);
      assert.equal(`${await page.text()}\n`, changed.text);
      assert.deepEqual(page.problems, []);
      times.sort((a, b) => a - b);
      const [min, median, max] = [times[0], times[times.length >> 1], times.at(-1)].map((time) => time.toFixed(1));
      t.diagnostic(`${name} the engine, ${text.length} code units: ${min} / ${median} / ${max} ms (min / median / max of ${CHANGES})`);
      await page.close();
    }
  });
});

/** Notes what goes wrong on a page. */
function watch(etherpadPage) {
  etherpadPage.problems = [];
  etherpadPage.page.on('pageerror', (error) => etherpadPage.problems.push(error.message));
  etherpadPage.page.on('console', (message) => {
    if (/bad message revision/.test(message.text())) etherpadPage.problems.push(message.text());
  });
}

const hasEngine = ({ frame }) => frame.locator('body').evaluate(() => typeof window.require('ep_etherpad-lite/static/js/Changeset').composeAll === 'function');

const revOf = ({ page }) => page.evaluate(() => window.pad.collabClient.getCurrentRevisionNumber());

/** The first line and character in which two pages differ. */
function firstDifference(ones, twos) {
  for (let line = 0; line < Math.max(ones.length, twos.length); line += 1) {
    const [one = [], two = []] = [ones[line], twos[line]];
    const at = one.findIndex((character, index) => character !== two[index]);
    if (at >= 0 || one.length !== two.length) return { line, at, one: one.slice(at, at + 5), two: two.slice(at, at + 5) };
  }
  return null;
}

/** A pad's text as it is drawn: without the markers of lists, and with plain spaces. */
function plainText({ text, runs }) {
  let position = 0;
  const markers = new Set();
  for (const [length, run] of runs) {
    if (/(?:^| )list=/.test(run)) for (let at = position; at < position + length; at += 1) markers.add(at);
    position += length;
  }
  return text.slice(0, -1).split('').filter((_, at) => !markers.has(at)).join('');
}

/** What a list makes of a text in an export is not what it makes of it on a page. */
const letters = (text) => text.replace(/[\s*\u00a0]/g, '');

/** Changes come to a page late, several in one message, as a server can send them; and the page notes what is told of each. */
async function holdBack({ page }) {
  await page.evaluate(() => {
    const heard = { told: [], own: [], batches: 0, batched: 0 };
    window.heard = heard;
    const { hooks } = window.require('ep_etherpad-lite/static/js/pluginfw/plugin_defs');
    const hookFor = (name, call) => {
      const hook = { hook_name: name, hook_fn: (_name, { payload }) => call(payload), hook_fn_name: 'test', part: { plugin: 'test', full_name: 'test/test' } };
      (hooks[name] ??= []).push(hook);
    };
    hookFor('handleClientMessage_NEW_CHANGES', ({ newRev }) => heard.told.push(newRev));
    const { socket } = window.pad;
    const onevent = socket.onevent.bind(socket);
    let held = [];
    const typeOf = ({ data: [, message] }) => message?.data?.type;
    socket.onevent = (packet) => held.push(packet);
    setInterval(() => {
      const packets = held;
      held = [];
      while (packets.length > 0) {
        const [first] = packets;
        if (typeOf(first) === 'ACCEPT_COMMIT') heard.own.push(first.data[1].data.newRev);
        const end = packets.findIndex((packet) => typeOf(packet) !== 'NEW_CHANGES');
        const changes = packets.splice(0, end < 0 ? packets.length : Math.max(1, end)).map(({ data }) => data[1]?.data);
        if (changes.length === 1) {
          onevent(first);
          continue;
        }
        heard.batches += 1;
        heard.batched += changes.length;
        onevent({ ...first, data: ['message', { type: 'COLLABROOM', data: { type: 'NEW_CHANGES_BATCH', changes } }] });
      }
    }, 1500);
  });
}

/** Changes of somebody else at random places, as messages, and the text after all of them. */
function changesTo(text, rev, dice) {
  const messages = Array.from({ length: CHANGES }, (_, index) => {
    const at = dice.below(text.length);
    const inserted = 'typed';
    const changeset = `Z:${base36(text.length)}>${base36(inserted.length)}${keepOps(text.slice(0, at))}${insertOps(inserted, '*0')}$${inserted}`;
    text = text.slice(0, at) + inserted + text.slice(at);
    const apool = { numToAttrib: { 0: ['author', 'a.somebody'] }, nextNum: 1 };
    return { type: 'COLLABROOM', data: { type: 'NEW_CHANGES', newRev: rev + 1 + index, changeset, apool, author: 'a.somebody' } };
  });
  return { messages, text };
}

/** In the page: takes messages, and tells how long the editor takes for each, in milliseconds. */
async function receive(messages) {
  const { ace } = window.require('ep_etherpad-lite/static/js/pad_editor').padeditor;
  const { applyChangesToBase } = ace;
  const times = [];
  ace.applyChangesToBase = (...args) => {
    const began = performance.now();
    applyChangesToBase.apply(ace, args);
    times.push(performance.now() - began);
  };
  for (const message of messages) {
    window.pad.collabClient.handleMessageFromServer(message);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  ace.applyChangesToBase = applyChangesToBase;
  return times;
}
