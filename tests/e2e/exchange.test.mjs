// Files in and out, links for readers, settings, names, and the state that says whether work is saved.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { converge } from './support/pad.js';
import { contentOf, fetchText } from './support/server.js';
import { World } from './support/world.js';

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

/** Clicks what gives out a file; its name and text. */
async function downloaded(pad, id) {
  const [download] = await Promise.all([pad.page.waitForEvent('download'), pad.tool(id).click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

async function importFile(pad, name, mimeType, text) {
  await pad.tool('exchange').click();
  await pad.page.getByTestId('import-file').setInputFiles({ name, mimeType, buffer: Buffer.isBuffer(text) ? text : Buffer.from(text) });
}

async function closePanels(pad) {
  await pad.page.keyboard.press('Escape');
}

test('what is shown goes out as text, as HTML, and with its whole history', async () => {
  const name = world.name('exchange');
  const pad = await world.pad(name);
  await pad.clear();
  await pad.type('Title');
  await pad.tool('heading').selectOption('1');
  await pad.press('End', 'Enter', 'Control+Shift+Digit1');
  await pad.type('one <tag> & "quote"');
  await pad.press('Enter', 'Control+b');
  await pad.type('two 😀');
  const kept = await converge(world.server, name, [pad]);
  await pad.tool('exchange').click();
  const text = await downloaded(pad, 'export-txt');
  assert.equal(text.name, `${name}.txt`);
  assert.match(text.text, /^Title\n.*one <tag> & "quote"\n.*two 😀\n+$/);
  assert.doesNotMatch(text.text, /^\*Title/);
  const html = await downloaded(pad, 'export-html');
  assert.equal(html.name, `${name}.html`);
  assert.match(html.text, /<h1>Title<\/h1>/);
  assert.match(html.text, /<ol><li>one &lt;tag&gt; &amp; (?:"|&quot;)quote(?:"|&quot;)<\/li><li><strong>two 😀<\/strong><\/li><\/ol>/);
  const whole = await downloaded(pad, 'export-etherpad');
  assert.equal(whole.name, `${name}.etherpad`);
  const exported = JSON.parse(whole.text);
  assert.deepEqual(contentOf(exported), kept);
  for (let rev = 0; rev <= kept.rev; rev += 1) assert.equal(typeof exported[`pad:${name}:revs:${rev}`]?.changeset, 'string');
  assert.ok(exported[`globalAuthor:${(await pad.content()).author}`], 'the export does not tell of the author');
  await pad.assertNoProblems();
  await pad.close();
});

test('a text file and an HTML file come in, and undo brings the old text back', async () => {
  const name = world.name('exchange');
  const one = await world.pad(name);
  const two = await world.pad(name);
  await one.clear();
  await one.type('old text');
  await one.untilSaved();
  await sleep(1200);

  await importFile(one, 'notes.txt', 'text/plain', 'first\r\nsecond <b>no tag</b>\nlast 😀\n');
  await one.tool('confirm').click();
  let { text } = await converge(world.server, name, [one, two]);
  assert.equal(text, 'first\nsecond <b>no tag</b>\nlast 😀\n');
  await one.press('Control+z');
  ({ text } = await converge(world.server, name, [one, two]));
  assert.equal(text, 'old text\n');

  await importFile(one, 'page.html', 'text/html', '<!doctype html><title>t</title><h2>Head</h2><p>para <b>bold</b></p><ul><li>x</li><li>y</li></ul><script>window.__pwned=1</script>');
  await one.tool('confirm').click();
  const kept = await converge(world.server, name, [one, two]);
  assert.equal(kept.text, '*Head\npara bold\n*x\n*y\n');
  assert.ok(kept.runs.some(([length, run]) => length === 4 && run.includes('bold=true')));
  assert.deepEqual(await two.drawn(), ['Head', 'para bold', '• x', '• y']);

  // What is not confirmed does not come.
  await importFile(one, 'other.txt', 'text/plain', 'not this');
  await one.page.getByRole('dialog').getByText('Cancel').click();
  // What is no text is refused, and said so.
  await importFile(one, 'picture.txt', 'text/plain', Buffer.from([0x89, 0x50, 0xff, 0xfe, 0x00]));
  await one.tool('trouble').waitFor();
  assert.match(await one.tool('trouble').innerText(), /picture\.txt/);
  assert.equal((await converge(world.server, name, [one, two])).text, kept.text);
  for (const pad of [one, two]) await pad.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

test('what goes out as HTML comes in again as it was', async () => {
  const pad = await world.pad(world.name('exchange'));
  await pad.clear();
  await pad.paste({
    'text/html': '<h1>T</h1><p>a <b>b</b> <i>c</i> <u>d</u> <s>e</s> <b><i>f</i></b></p><ol><li>1<ol><li>1a</li></ol></li><li>2</li></ol><p>end</p>',
    'text/plain': 'x',
  });
  const before = await pad.content();
  await pad.tool('exchange').click();
  const { text } = await downloaded(pad, 'export-html');
  await closePanels(pad);
  const other = await world.pad(world.name('exchange'));
  await importFile(other, 'again.html', 'text/html', text);
  await other.tool('confirm').click();
  const after = await other.until((content) => content.text === before.text, `the text is not “${before.text}”`);
  const plain = ({ runs }) => runs.map(([length, run]) => [length, run.split(' ').filter((pair) => !pair.startsWith('author=')).join(' ')]);
  assert.deepEqual(plain(after), plain(before));
  for (const page of [pad, other]) await page.close();
});

test('the link for readers shows everything and lets nothing be changed', async () => {
  const name = world.name('exchange');
  const writer = await world.pad(name);
  await writer.clear();
  await writer.type('for readers');
  await writer.untilSaved();
  await writer.tool('share').click();
  const link = await writer.tool('share-read-only').inputValue();
  assert.equal(await writer.tool('share-link').inputValue(), world.server.address(name));
  await closePanels(writer);
  assert.doesNotMatch(link, new RegExp(name), 'the link for readers tells the name of the pad');
  const reader = await world.pad(decodeURIComponent(new URL(link).pathname.split('/').at(-1)));
  assert.equal(await reader.text(), 'for readers\n');
  await reader.tool('read-only').waitFor();
  assert.equal(await reader.tool('bold').count(), 0);
  await reader.page.locator('.cm-content').click();
  await reader.press('Control+a', 'x', 'Backspace', 'Enter', 'Control+b', 'Control+Shift+L', 'Control+z', 'Tab');
  await reader.paste({ 'text/html': '<b>no</b>', 'text/plain': 'no' });
  assert.equal(await reader.text(), 'for readers\n');
  await writer.page.locator('.cm-content').click();
  await writer.press('Control+End');
  await writer.type(' only');
  await reader.untilText('for readers only');
  assert.equal(await world.server.text(name), 'for readers only\n');
  // Also somebody who goes around the page cannot write.
  const readOnlyId = decodeURIComponent(new URL(link).pathname.split('/').at(-1));
  const client = await world.client(readOnlyId);
  assert.equal(client.vars.readonly, true);
  client.submit('Z:h>1*0+1$x', [['author', client.author]]);
  await sleep(500);
  assert.equal(await world.server.text(name), 'for readers only\n');
  client.close();
  for (const pad of [writer, reader]) await pad.assertNoProblems();
  for (const pad of [writer, reader]) await pad.close();
});

test('settings take effect at once and stay', async () => {
  const pad = await world.pad(world.name('exchange'));
  const { page } = pad;
  const look = async () =>
    page.evaluate(() => ({
      numbers: document.querySelectorAll('.cm-lineNumbers').length,
      coloured: document.querySelectorAll('.es-colours').length,
      background: getComputedStyle(document.querySelector('.cm-content .es-author') ?? document.body).backgroundColor,
      scheme: getComputedStyle(document.documentElement).colorScheme,
      font: getComputedStyle(document.querySelector('.cm-content')).fontFamily,
    }));
  await pad.clear();
  await pad.type('coloured');
  await pad.untilSaved();
  const before = await look();
  assert.equal(before.numbers, 1);
  assert.equal(before.coloured, 1);
  await pad.tool('settings').click();
  await pad.tool('setting-lineNumbers').click();
  await pad.tool('setting-authorColours').click();
  await pad.tool('setting-theme').selectOption('dark');
  await pad.tool('setting-font').selectOption('mono');
  await sleep(300);
  const changed = await look();
  assert.equal(changed.numbers, 0);
  assert.equal(changed.coloured, 0);
  assert.notEqual(changed.background, before.background);
  assert.match(changed.scheme, /^dark/);
  assert.match(changed.font, /mono/i);
  await page.reload();
  await pad.ready();
  assert.deepEqual(await look(), changed);
  await pad.tool('settings').click();
  assert.equal(await pad.tool('setting-lineNumbers').isChecked(), false);
  assert.equal(await pad.tool('setting-theme').inputValue(), 'dark');
  await pad.assertNoProblems();
  await pad.close();
});

test('names and colours reach the others, and come back after a reload', async () => {
  const name = world.name('exchange');
  const one = await world.pad(name);
  const two = await world.pad(name);
  assert.equal(await two.tool('people-count').innerText(), '2');
  await one.page.waitForFunction(() => document.querySelector('[data-testid=people-count]').textContent === '2');
  await one.tool('people').click();
  await one.tool('own-name').fill('Ada Lovelace');
  await one.tool('own-color').fill('#12ab34');
  await closePanels(one);
  await two.tool('people').click();
  await two.tool('people-list').getByText('Ada Lovelace').waitFor();
  const seen = async (pad) => pad.page.evaluate(() => window.easysync.session.people().find((person) => person.name === 'Ada Lovelace'));
  await two.page.waitForFunction(() => window.easysync.session.people().some((person) => person.color === '#12ab34'));
  const { id } = await seen(two);
  await one.page.reload();
  await one.ready();
  assert.deepEqual({ ...(await seen(one)) }, { id, name: 'Ada Lovelace', color: '#12ab34', isSelf: true, isHere: true });
  await one.caretBefore('');
  await one.type('mine ');
  await two.untilText('mine ');
  const shown = await two.page.evaluate(() => getComputedStyle(document.querySelector('.cm-content .es-author')).backgroundColor);
  await one.tool('people').click();
  await one.tool('own-color').fill('#ab1234');
  await two.page.waitForFunction((before) => getComputedStyle(document.querySelector('.cm-content .es-author')).backgroundColor !== before, shown, { timeout: 5000 });
  await one.close();
  await two.page.waitForFunction(() => document.querySelector('[data-testid=people-count]').textContent === '1');
  await two.tool('people-list').getByText('was here').waitFor();
  await two.assertNoProblems();
  await two.close();
});

test('saved, saving, reconnecting: the server stops and comes back, and nothing is lost', async () => {
  const server = world.server;
  const name = world.name('exchange');
  const one = await world.pad(name);
  const two = await world.pad(name);
  const states = await recordStates(one);
  await one.clear();
  await one.type('before ');
  await one.untilSaved();
  assert.equal(await statusOf(one), 'Saved');
  assert.ok((await states()).includes('Saving…'), `the page has said ${await states()}`);
  await converge(server, name, [one, two]);

  await server.halt();
  await untilStatus(one, 'Reconnecting…');
  await untilStatus(two, 'Reconnecting…');
  await one.press('Control+End');
  await one.type('while away 😀 ');
  await two.press('Control+Home', 'Control+Shift+L');
  await two.type('and two ');
  assert.notEqual(await statusOf(one), 'Saved');
  assert.notEqual((await one.content()).save, 'saved');
  await server.run();
  const { text } = await converge(server, name, [one, two], 40_000);
  assert.match(text, /^\*(?:and two before|before.*and two) ?.*while away 😀 \n$/);
  assert.equal(text.match(/while away/g).length, 1);
  assert.equal(text.match(/and two/g).length, 1);
  await untilStatus(one, 'Saved');
  await one.type('after');
  await two.untilText('after');
  await converge(server, name, [one, two]);
  // The browser itself says that nothing answers.
  const expected = /ERR_CONNECTION_REFUSED|WebSocket connection|socket\.io/;
  for (const pad of [one, two]) await pad.assertNoProblems(expected);
  for (const pad of [one, two]) await pad.close();
});

test('without a network one goes on writing', async () => {
  const name = world.name('exchange');
  const one = await world.pad(name);
  const two = await world.pad(name);
  await one.clear();
  await one.type('online ');
  await converge(world.server, name, [one, two]);
  await one.page.context().setOffline(true);
  await untilStatus(one, 'Reconnecting…', 60_000);
  await one.type('offline 😀 ');
  await two.press('Control+Home');
  await two.type('meanwhile ');
  await two.untilSaved();
  await sleep(1000);
  assert.doesNotMatch(await two.text(), /offline/);
  await one.page.context().setOffline(false);
  const { text } = await converge(world.server, name, [one, two], 40_000);
  assert.equal(text, 'meanwhile online offline 😀 \n');
  await untilStatus(one, 'Saved');
  await one.assertNoProblems(/ERR_INTERNET_DISCONNECTED|WebSocket|socket\.io/);
  await two.assertNoProblems();
  for (const pad of [one, two]) await pad.close();
});

async function statusOf(pad) {
  return (await pad.tool('status').textContent()).trim();
}

async function untilStatus(pad, status, time = 15_000) {
  await pad.page
    .waitForFunction((wanted) => document.querySelector('[data-testid=status]').textContent.trim() === wanted, status, { timeout: time })
    .catch(async () => assert.fail(`the page says “${await statusOf(pad)}” instead of “${status}”`));
}

/** Writes down everything that the status says from now on. */
async function recordStates(pad) {
  await pad.page.evaluate(() => {
    const element = document.querySelector('[data-testid=status]');
    window.__states = [element.textContent];
    new MutationObserver(() => window.__states.push(element.textContent)).observe(element, { childList: true, subtree: true, characterData: true });
  });
  return async () => pad.page.evaluate(() => window.__states);
}

test('a pad that nobody has written in can be made anew of a file with its history, another cannot', async () => {
  const source = world.name('source');
  const writer = await world.client(source, { name: 'Ann' });
  for (const word of ['three ', 'two ', 'one ']) await writer.prepend(word);
  const exported = await fetchText(`${world.server.address(source)}/export/etherpad`);
  const { text } = contentOf(JSON.parse(exported));
  const file = { name: 'source.etherpad', mimeType: 'application/json', buffer: Buffer.from(exported) };
  const pad = await world.pad(world.name('import'));
  const { page } = pad;
  await pad.tool('exchange').click();
  await page.getByTestId('import-etherpad').setInputFiles(file);
  await page.waitForFunction((rev) => window.easysync?.session.rev === rev && document.documentElement.dataset.state === 'ready', writer.rev);
  assert.equal((await pad.content()).text, text);
  // Now there is something in it.
  await pad.tool('exchange').click();
  await page.getByTestId('import-etherpad').setInputFiles(file);
  await page.getByText('somebody has written in this pad already').waitFor();
  assert.equal((await pad.content()).text, text);
  await pad.assertNoProblems(/400 \(Bad Request\)/);
  await pad.close();
  writer.close();
});
