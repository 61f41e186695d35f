// Yjs, with the delta of a text's event.

import * as Y from 'yjs';
import { splicesOfDelta } from './delta.mjs';

/** Each patch is a transaction; the updates of a batch are merged, as Yjs' documentation advises. */
export function sender(start) {
  const doc = new Y.Doc();
  const text = doc.getText('text');
  text.insert(0, start);
  const first = Y.encodeStateAsUpdate(doc);
  const client = doc.clientID;
  let updates = [];
  doc.on('update', (update) => updates.push(update));
  return {
    start: first,
    send(patches) {
      updates = [];
      for (const [at, removed, inserted, author = 0] of patches) {
        doc.clientID = client + author;
        doc.transact(() => {
          if (removed > 0) text.delete(at, removed);
          if (inserted !== '') text.insert(at, inserted);
        });
      }
      return updates.length === 1 ? updates[0] : Y.mergeUpdates(updates);
    },
  };
}

export const yjs = {
  name: 'Yjs',
  sender,
  open(start) {
    const doc = new Y.Doc();
    const text = doc.getText('text');
    Y.applyUpdate(doc, start);
    let delta;
    text.observe((event) => {
      delta = event.delta;
    });
    return {
      receive(update) {
        Y.applyUpdate(doc, update);
        return delta;
      },
      type: (inserts) => doc.transact(() => inserts.forEach(([at, inserted]) => text.insert(at, inserted))),
      text: () => text.toString(),
      close: () => doc.destroy(),
    };
  },
  splices: splicesOfDelta,
};
