// A database that Etherpad 1.8.14 itself has made in PostgreSQL: our server opens it, and Etherpad has it again afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { Etherpad } from './support/etherpad.js';
import { Postgres } from './support/postgres.js';
import { Server, fetchText } from './support/server.js';

/** @type {Postgres} */
let postgres;
before(async () => {
  postgres = await Postgres.start();
});
after(() => postgres?.close());

const PAD = 'from-etherpad';
/** So many revisions that there are texts of key revisions among them. */
const REVISIONS = 210;
const SOME = [0, 7, 100, 150, 205];

test('a database of Etherpad opens, and goes back to Etherpad', async () => {
  const settings = { dbType: 'postgres', dbSettings: { host: postgres.folder, user: 'postgres', database: 'postgres' } };
  let etherpad = await Etherpad.start({ settings });
  const at = (place, rev) => fetchText(`${place.origin}/p/${PAD}/${rev}/export/txt`);
  let kept;
  let readOnly;
  try {
    await etherpad.call('createPad', { padID: PAD, text: 'größe 😀 {"a": "\\u0000"}\n' });
    const { authorID } = await etherpad.call('createAuthor', { name: 'Ann "😀"' });
    await etherpad.call('setHTML', { padID: PAD, html: 'zero<ul><li>one</li><li><b>two</b> 漢字</li></ul>three' });
    await etherpad.call('appendChatMessage', { padID: PAD, text: 'hello', authorID });
    readOnly = (await etherpad.call('getReadOnlyID', { padID: PAD })).readOnlyID;
    while ((await etherpad.call('getRevisionsCount', { padID: PAD })).revisions < REVISIONS) {
      await etherpad.call('appendText', { padID: PAD, text: ' word' });
    }
    kept = { text: await etherpad.text(PAD), content: await etherpad.content(PAD), revisions: await each(SOME, (rev) => at(etherpad, rev)) };
    await etherpad.halt();
  } finally {
    await etherpad.close();
  }

  const server = await Server.start('--database', postgres.url);
  let text;
  try {
    assert.equal(await server.text(PAD), kept.text);
    assert.deepEqual(await server.content(PAD), kept.content);
    assert.deepEqual(await each(SOME, (rev) => at(server, rev)), kept.revisions);
    assert.equal(await server.text(readOnly), kept.text);
    const exported = JSON.parse(await fetchText(`${server.address(PAD)}/export/etherpad`));
    assert.equal(exported[`pad:${PAD}:chat:0`].text, 'hello');
    await write(server.origin, 'written here 😀 ');
    text = await server.text(PAD);
    assert.equal(text, `written here 😀 ${kept.text}`);
  } finally {
    await server.close();
  }

  etherpad = await Etherpad.start({ settings });
  try {
    assert.equal(await etherpad.text(PAD), text);
    assert.equal((await etherpad.call('getRevisionsCount', { padID: PAD })).revisions, kept.content.rev + 1);
    assert.deepEqual(await each(SOME, (rev) => at(etherpad, rev)), kept.revisions);
    await etherpad.call('appendText', { padID: PAD, text: ' and there' });
    assert.match(await etherpad.text(PAD), /^written here 😀 [^]* and there\n*$/);
  } finally {
    await etherpad.close();
  }
});

async function each(list, ask) {
  const answers = [];
  for (const one of list) answers.push(await ask(one));
  return answers;
}

/** Writes a text at the beginning of the pad, as a page does. */
async function write(origin, text) {
  const socket = io(origin, { query: { padId: PAD }, forceNew: true });
  const room = (data) => ({ type: 'COLLABROOM', component: 'pad', data });
  const message = (wanted) =>
    new Promise((resolve, reject) => {
      socket.on('message', function listen(got) {
        if (got.disconnect || got.accessStatus) reject(new Error(JSON.stringify(got)));
        if (got.type !== wanted && got.data?.type !== wanted) return;
        socket.off('message', listen);
        resolve(got);
      });
    });
  try {
    const joined = message('CLIENT_VARS');
    const userInfo = { colorId: null, name: 'Bob' };
    socket.emit('message', { type: 'CLIENT_READY', component: 'pad', padId: PAD, token: 't.bob', userInfo });
    const { rev: baseRev, initialAttributedText } = (await joined).data.collab_client_vars;
    const changeset = `Z:${initialAttributedText.text.length.toString(36)}>${text.length.toString(36)}+${text.length.toString(36)}$${text}`;
    const accepted = message('ACCEPT_COMMIT');
    const apool = { numToAttrib: {}, attribToNum: {}, nextNum: 0 };
    socket.emit('message', room({ type: 'USER_CHANGES', baseRev, changeset, apool }));
    await accepted;
  } finally {
    socket.disconnect();
  }
}
