// easysync, as the README of its package says: the text of a message in, a patch out.

import { init, Pad } from '../../../pkg/node.js';
import { WireSender } from '../wire.mjs';

const TO_SHOW = 1;

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

function open(start, deliver) {
  const pad = new Pad();
  pad.receive(start);
  pad.takeEffects();
  return {
    receive(message) {
      return (pad.receive(deliver(message)) & TO_SHOW) === 0 ? undefined : pad.flush();
    },
    type(inserts) {
      for (const [at, inserted] of inserts) pad.edit(new Uint32Array([at, at, inserted.length]), inserted);
      pad.flush();
    },
    text: () => pad.text(0, pad.length - 1),
    close: () => pad.free(),
  };
}

export const easysync = {
  name: 'easysync',
  load: init,
  sender: (start) => new WireSender(start),
  open: (start) => open(start, (message) => message),
  splices,
};

/** Where something else has parsed the message already, it is made text again: the engine takes nothing else. */
export const easysyncObjects = {
  ...easysync,
  name: 'easysync, objects',
  sender(start) {
    const sender = new WireSender(start);
    return { start: sender.start, send: (patches) => JSON.parse(sender.send(patches)) };
  },
  open: (start) => open(start, JSON.stringify),
};
