// Loro, with the delta of its event.

import { LoroDoc } from 'loro-crdt';
import { splicesOfDelta } from './delta.mjs';

export const loro = {
  name: 'Loro',
  sender(start) {
    const doc = new LoroDoc();
    const text = doc.getText('text');
    text.insert(0, start);
    doc.commit();
    let updates = [];
    doc.subscribeLocalUpdates((update) => {
      updates.push(update);
    });
    const peers = doc.peerId;
    return {
      start: doc.export({ mode: 'snapshot' }),
      send(patches) {
        updates = [];
        for (const [at, removed, inserted, author = 0] of patches) {
          if (doc.peerId !== peers + BigInt(author)) doc.setPeerId(peers + BigInt(author));
          if (removed > 0) text.delete(at, removed);
          if (inserted !== '') text.insert(at, inserted);
          doc.commit();
        }
        return updates;
      },
    };
  },
  open(start) {
    const doc = LoroDoc.fromSnapshot(start);
    const text = doc.getText('text');
    let deltas = [];
    text.subscribe(({ events }) => {
      for (const { diff } of events) deltas.push(diff.diff);
    });
    return {
      receive(updates) {
        deltas = [];
        if (updates.length === 1) doc.import(updates[0]);
        else doc.importBatch(updates);
        return deltas;
      },
      type(inserts) {
        for (const [at, inserted] of inserts) text.insert(at, inserted);
        doc.commit();
      },
      text: () => text.toString(),
      close: () => doc.free(),
    };
  },
  *splices(deltas) {
    for (const delta of deltas) yield* splicesOfDelta(delta);
  },
};
