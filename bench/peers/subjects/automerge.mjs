// Automerge, with the patches of its callback.

import * as Automerge from '@automerge/automerge';

const edit = (doc, patches) =>
  Automerge.change(doc, (draft) => {
    for (const [at, removed, inserted] of patches) Automerge.splice(draft, ['text'], at, removed, inserted);
  });

export const automerge = {
  name: 'Automerge',
  sender(start) {
    let doc = Automerge.from({ text: start });
    return {
      start: Automerge.save(doc),
      send: (patches) =>
        patches.map((patch) => {
          doc = edit(doc, [patch]);
          return Automerge.getLastLocalChange(doc);
        }),
    };
  },
  open(start) {
    let doc = Automerge.load(start);
    let shown;
    const options = {
      patchCallback(patches) {
        shown = patches;
      },
    };
    return {
      receive(changes) {
        shown = [];
        [doc] = Automerge.applyChanges(doc, changes, options);
        return shown;
      },
      type(inserts) {
        doc = edit(doc, inserts.map(([at, inserted]) => [at, 0, inserted]));
      },
      text: () => doc.text,
      close: () => Automerge.free(doc),
    };
  },
  *splices(patches) {
    for (const { action, path, value, length = 1 } of patches) {
      if (action === 'splice') yield [path[1], 0, value];
      else if (action === 'del') yield [path[1], length, ''];
    }
  },
};
