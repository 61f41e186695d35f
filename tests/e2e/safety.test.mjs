// What others send is text: names, colours, attributes and pasted pages must not run, nor become elements.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { base36 } from './support/client.js';
import { converge } from './support/pad.js';
import { World } from './support/world.js';

const EVIL = [
  '<script>window.__pwned=1</script>',
  '"><img src=x onerror="window.__pwned=1">',
  "'><svg onload=window.__pwned=1>",
  'javascript:window.__pwned=1',
  '"; } * { background: url(https://evil.invalid/x) } "',
  'h1" onclick="window.__pwned=1',
  'bullet1 onerror',
  '</style><script>window.__pwned=1</script>',
  '__proto__',
  '&lt;script&gt;',
];

/** @type {World} */
let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

/** Fails if something of the text has become more than text in the page. */
async function assertHarmless(pad) {
  await sleep(200);
  const found = await pad.page.evaluate(() => {
    const faults = [];
    if (window.__pwned !== undefined) faults.push('something ran');
    if (Object.prototype.easysyncPolluted !== undefined) faults.push('the prototype of objects is changed');
    for (const element of document.querySelectorAll('body *')) {
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name)) faults.push(`${element.tagName} has ${name}`);
        if (/^\s*(?:javascript|vbscript|data):/i.test(value)) faults.push(`${element.tagName} ${name}=${value}`);
      }
      if (/^(?:IMG|SCRIPT|IFRAME|OBJECT|EMBED)$/.test(element.tagName) && !element.classList.contains('cm-widgetBuffer')) faults.push(element.outerHTML);
      if (element.tagName.toUpperCase() === 'SVG' && element.closest('.cm-content')) faults.push('an svg in the text');
    }
    return faults;
  });
  assert.deepEqual(found, []);
}

/** Fails if HTML, once it is a page, has anything that could run or load. */
async function assertHarmlessHtml(html) {
  // In a page without a policy, so that nothing but the HTML itself is judged.
  const page = await world.browser.newPage();
  const faults = await page.evaluate((text) => {
    const found = [];
    const parsed = new DOMParser().parseFromString(text, 'text/html');
    for (const element of parsed.querySelectorAll('*')) {
      if (/^(?:SCRIPT|IMG|IFRAME|OBJECT|EMBED|SVG|LINK|FORM|INPUT)$/i.test(element.tagName)) found.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name) || /^\s*(?:javascript|vbscript|data):/i.test(value)) found.push(`${element.tagName} ${name}=${value}`);
      }
    }
    return found;
  }, html);
  await page.close();
  assert.deepEqual(faults, []);
}

test('names and colours of authors', async () => {
  const name = world.name('safety');
  const pad = await world.pad(name);
  await pad.tool('people').click();
  const clients = [];
  for (const [index, evil] of EVIL.entries()) {
    const client = await world.client(name, { name: evil, color: index % 2 === 0 ? evil : '#ff0000' });
    clients.push(client);
    await client.prepend(`by ${index} `);
    for (const colorId of [evil, 'red;background:url(https://evil.invalid/)', { toString: 1 }, 1e9, null]) {
      client.tell({ type: 'USERINFO_UPDATE', userInfo: { userId: client.author, name: evil, colorId } });
    }
  }
  await pad.untilText(`by ${EVIL.length - 1}`);
  for (const evil of EVIL) await pad.tool('people-list').getByText(evil, { exact: true }).first().waitFor({ timeout: 5000 });
  await assertHarmless(pad);
  const colours = await pad.page.evaluate(() => window.easysync.session.people().map((person) => person.color));
  for (const colour of colours) assert.match(colour, /^#[0-9a-f]{6}$/);
  const rules = await pad.page.evaluate(() => document.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText)).join('\n'));
  assert.doesNotMatch(rules, /url|evil/i);
  // The tooltip that names an author.
  await pad.press('Escape');
  await pad.page.locator('.cm-content .es-author').first().hover();
  await pad.page.locator('.es-tip').waitFor({ timeout: 5000 });
  await assertHarmless(pad);
  // Whoever comes later is told the same in another message.
  const later = await world.pad(name);
  await later.tool('people').click();
  await later.tool('people-list').getByText(EVIL[0], { exact: true }).first().waitFor({ timeout: 5000 });
  await assertHarmless(later);
  for (const client of clients) client.close();
  for (const page of [pad, later]) await page.assertNoProblems();
  for (const page of [pad, later]) await page.close();
});

test('attributes of the document, whatever they are called', async () => {
  const name = world.name('safety');
  const pad = await world.pad(name);
  await pad.clear();
  await pad.untilSaved();
  const client = await world.client(name, { name: 'raw' });
  const keys = ['author', 'url', 'heading', 'list', 'start', 'bold', 'class', 'style', 'onclick', 'href', 'img', '__proto__', 'constructor', '"><b>', 'sub', 'font-size', 'color'];
  const done = [];
  for (const key of keys.filter((other) => other !== 'author')) {
    for (const evil of EVIL) {
      const isLine = key === 'heading' || key === 'list' || key === 'start';
      const line = [['lmkr', '1'], ['insertorder', 'first'], ...(key === 'start' ? [['list', 'number1']] : []), [key, evil]];
      const attributes = isLine ? line : [[key, evil]];
      await client.prepend(isLine ? '*' : `${key} `, attributes).then(
        () => client.prepend('text\n'),
        (error) => done.push(error.message),
      );
      if (done.length > 0) break;
    }
  }
  assert.deepEqual(done, [], 'the server did not take what it should');
  // Authors that nobody is: on text that is kept, as Etherpad lets it be.
  client.submit(`Z:${base36(client.length)}>0*0=1$`, [['author', EVIL[1]]]);
  await pad.until((content) => content.text.includes('url ') && content.rev >= client.rev, 'the text did not come');
  for (const position of [0, 2000, 4000]) {
    await pad.select(position);
    await assertHarmless(pad);
  }
  await pad.assertDrawn();
  const exported = await pad.page.evaluate(() => {
    const { engine } = window.easysync.session;
    return [engine.exportHtml('<script>window.__pwned=1</script>"><img src=x onerror=x>'), engine.html(0, engine.length)];
  });
  for (const html of exported) await assertHarmlessHtml(html);
  const fromServer = await (await fetch(`${world.server.address(name)}/export/html`)).text();
  await assertHarmlessHtml(fromServer);
  await pad.press('Control+a');
  await assertHarmlessHtml((await pad.copy())['text/html']);
  client.close();
  await pad.assertNoProblems();
  await pad.close();
});

test('pasted HTML leaves text and formats, and nothing else', async () => {
  const name = world.name('safety');
  const pad = await world.pad(name);
  await pad.clear();
  const pages = [
    '<script>window.__pwned=1</script>a',
    '<img src=x onerror="window.__pwned=1">b',
    '<b onmouseover="window.__pwned=1" style="background:url(javascript:window.__pwned=1)">c</b>',
    '<a href="javascript:window.__pwned=1">d</a>',
    '<iframe srcdoc="<script>parent.__pwned=1</script>"></iframe>e',
    '<svg><script>window.__pwned=1</script><style><img src=x onerror=window.__pwned=1></style></svg>f',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=window.__pwned=1&gt;">g',
    '<template><img src=x onerror=window.__pwned=1></template>h',
    '<style>* { display: none }</style><link rel=stylesheet href=https://evil.invalid/x.css>i',
    '<form action=javascript:window.__pwned=1><input autofocus onfocus=window.__pwned=1></form>j',
    '<video><source onerror=window.__pwned=1></video>k',
    '<li value="99999999999999999999">l</li><ol start="-1"><li>m</li></ol>',
    `${'<div>'.repeat(3000)}n${'</div>'.repeat(3000)}`,
    '<noscript><p title="</noscript><img src=x onerror=window.__pwned=1>">o</p></noscript>p',
    '<base href="https://evil.invalid/">q<meta http-equiv=refresh content="0;url=https://evil.invalid/">',
  ];
  const requests = [];
  pad.page.on('request', (request) => requests.push(request.url()));
  for (const html of pages) {
    await pad.press('Control+End', 'Enter');
    await pad.paste({ 'text/html': html, 'text/plain': 'plain' });
    await assertHarmless(pad);
  }
  assert.deepEqual(requests.filter((url) => !url.startsWith(world.server.origin)), []);
  assert.equal(await pad.page.evaluate(() => document.documentElement.dataset.state), 'ready');
  const { text } = await converge(world.server, name, [pad]);
  for (const letter of 'abcdefhijklmnpq') assert.ok(text.includes(letter), `“${letter}” was lost`);
  await pad.assertNoProblems();
  await pad.close();
});

test('only addresses of the web become links', async () => {
  const name = world.name('safety');
  const pad = await world.pad(name);
  await pad.clear();
  await pad.paste({ 'text/plain': 'https://good.example/?a=1 javascript:alert(1) data:text/html,x vbscript:x https://javascript:alert(1)\n' });
  const links = await pad.page.evaluate(() => [...document.querySelectorAll('.es-link')].map((element) => element.textContent));
  assert.deepEqual(links.filter((link) => !/^https?:\/\//.test(link)), []);
  assert.ok(links.includes('https://good.example/?a=1'));
  await pad.caretAfter('https://good');
  const link = pad.page.locator('.es-link-tip a');
  await link.waitFor({ timeout: 5000 });
  assert.equal(await link.getAttribute('href'), 'https://good.example/?a=1');
  assert.match((await link.getAttribute('rel')) ?? '', /noopener/);
  await assertHarmless(pad);
  await pad.assertNoProblems();
  await pad.close();
});

test('the page’s own policy stops what would get through', async () => {
  const pad = await world.pad(world.name('safety'));
  await pad.page.evaluate(() => {
    const image = document.createElement('div');
    image.innerHTML = '<img src="data:,x" onerror="window.__pwned=1">';
    document.body.append(image);
    const script = document.createElement('script');
    script.textContent = 'window.__pwned = 1';
    document.body.append(script);
  });
  await sleep(300);
  assert.equal(await pad.page.evaluate(() => window.__pwned), undefined);
  assert.notDeepEqual(await pad.page.evaluate(() => window.__violations), [], 'the test does not notice violations');
  await pad.close();
});
