// diamond-types, with the operations moved to where they are in the text.

import { Doc } from 'diamond-types-node';

export const diamond = {
  name: 'diamond-types',
  sender(start) {
    const doc = new Doc('sender');
    if (start !== '') doc.ins(0, start);
    return {
      // An empty document has no bytes.
      start: start === '' ? null : doc.toBytes(),
      send(patches) {
        const before = doc.getLocalVersion();
        for (const [at, removed, inserted] of patches) {
          if (removed > 0) doc.del(at, removed);
          if (inserted !== '') doc.ins(at, inserted);
        }
        return doc.getPatchSince(before);
      },
    };
  },
  open(start) {
    const doc = start === null ? new Doc('receiver') : Doc.fromBytes(start, 'receiver');
    let version = doc.getLocalVersion();
    return {
      receive(bytes) {
        doc.mergeBytes(bytes);
        const operations = doc.xfSince(version);
        version = doc.getLocalVersion();
        return operations;
      },
      type(inserts) {
        for (const [at, inserted] of inserts) doc.ins(at, inserted);
        version = doc.getLocalVersion();
      },
      text: () => doc.get(),
      close: () => doc.free(),
    };
  },
  *splices(operations) {
    for (const { kind, start, end, content = '' } of operations) yield kind === 'Ins' ? [start, 0, content] : [start, end - start, ''];
  },
};
