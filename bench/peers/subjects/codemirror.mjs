// CodeMirror's changes of plain text: parsed, moved past what is pending as its collab package does, and applied to its document.

import { ChangeSet, Text } from '@codemirror/state';

const textOf = (string) => Text.of(string.split('\n'));
const specOf = ([at, removed, inserted]) => ({ from: at, to: at + removed, insert: textOf(inserted) });

export const codemirror = {
  name: 'CodeMirror',
  sender(start) {
    let length = start.length;
    return {
      start,
      send(patches) {
        const sets = patches.map((patch) => {
          const set = ChangeSet.of(specOf(patch), length);
          length = set.newLength;
          return set;
        });
        return JSON.stringify(sets);
      },
    };
  },
  open(start) {
    let doc = textOf(start);
    let pending = null;
    return {
      receive(message) {
        let changes = JSON.parse(message).map((json) => ChangeSet.fromJSON(json)).reduce((all, set) => all.compose(set));
        if (pending) {
          const moved = changes.map(pending);
          pending = pending.map(changes, true);
          changes = moved;
        }
        doc = changes.apply(doc);
        return changes;
      },
      type(inserts) {
        // Those that come in ascending order it takes in one go.
        pending = ChangeSet.of([...inserts].reverse().map(([at, inserted]) => specOf([at, 0, inserted])), doc.length);
        doc = pending.apply(doc);
      },
      text: () => doc.sliceString(0, doc.length, '\n'),
      close() {},
    };
  },
  *splices(changes) {
    const list = [];
    changes.iterChanges((fromA, toA, fromB, _toB, inserted) => list.push([fromB, toA - fromA, inserted.sliceString(0, inserted.length, '\n')]));
    yield* list;
  },
};
