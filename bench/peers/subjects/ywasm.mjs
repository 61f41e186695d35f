// ywasm, the port of Yjs to Rust in WebAssembly; it reads the updates of Yjs.

import { applyUpdate, YDoc } from 'ywasm';
import { splicesOfDelta } from './delta.mjs';
import { sender } from './yjs.mjs';

export const ywasm = {
  name: 'ywasm',
  sender,
  open(start) {
    const doc = new YDoc({});
    const text = doc.getText('text');
    applyUpdate(doc, start, null);
    let delta;
    const observer = text.observe((event) => {
      delta = event.delta;
    });
    return {
      receive(update) {
        applyUpdate(doc, update, null);
        return delta;
      },
      type: (inserts) => inserts.forEach(([at, inserted]) => text.insert(at, inserted)),
      text: () => text.toString(),
      close() {
        observer.free();
        text.free();
        doc.free();
      },
    };
  },
  splices: splicesOfDelta,
};
