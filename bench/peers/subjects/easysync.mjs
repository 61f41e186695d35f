// easysync, as the README of its package says: a message in, a patch out.

import { init, Pad } from '../../../pkg/node.js';
import { WireSender } from '../wire.mjs';

const [TO_SHOW, TO_DO] = [1, 2];

/** Patches have ascending changes of the text before. */
function* splices({ changes, text }) {
  let [taken, moved] = [0, 0];
  for (let index = 0; index < changes.length; index += 3) {
    const [from, to, length] = changes.subarray(index, index + 3);
    yield [from + moved, to - from, text.slice(taken, taken + length)];
    taken += length;
    moved += length - (to - from);
  }
}

function open(start, receive) {
  const pad = new Pad();
  pad.receive(start);
  pad.takeEffects();
  return {
    receive: (message) => receive(pad, message),
    type(inserts) {
      const ascending = [...inserts].reverse();
      const changes = ascending.flatMap(([at, inserted]) => [at, at, inserted.length]);
      pad.edit(new Uint32Array(changes), ascending.map(([, inserted]) => inserted).join(''));
      pad.flush();
    },
    text: () => pad.text(0, pad.length - 1),
    close: () => pad.free(),
  };
}

/** Each message is shown by itself. */
function inOneCall(pad, message) {
  const patch = pad.receiveAndFlush(message);
  if (pad.news & TO_DO) throw new Error('there is more to do than to show a patch');
  return patch;
}

export const easysync = {
  name: 'easysync',
  load: init,
  sender: (start) => new WireSender(start),
  open: (start) => open(start, inOneCall),
  splices,
};

/** As a page does it that draws once a frame, which flushes when it is time; here after each message. */
export const easysyncApart = {
  ...easysync,
  name: 'easysync, two calls',
  open: (start) => open(start, (pad, message) => (pad.receive(message) & TO_SHOW ? pad.flush() : undefined)),
};

/** Where something else has parsed the message already. */
export const easysyncObjects = {
  ...easysync,
  name: 'easysync, objects',
  sender(start) {
    const sender = new WireSender(start);
    return { start: sender.start, send: (patches) => JSON.parse(sender.send(patches)) };
  },
};
