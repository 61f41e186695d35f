// Etherpad's own path of a message through its client, without its DOM: `collab_client` gives each to the changeset tracker, which
// keeps the text of the server and hands the editor a changeset.

import AttributePool from 'ep_etherpad-lite/static/js/AttributePool.js';
import Changeset from 'ep_etherpad-lite/static/js/Changeset.js';
import tracking from 'ep_etherpad-lite/static/js/changesettracker.js';
import { WireSender } from '../wire.mjs';

export function poolFrom(jsonable) {
  return new AttributePool().fromJsonable(jsonable);
}

/** Etherpad 1.8 has no batches; those that have them take one item after the other. */
export function revisionsOf({ data }) {
  return data.type === 'NEW_CHANGES' ? [data] : data.changes;
}

/** The splices of a changeset, in the text as the ones before have left it. */
export function* splicesOf(changeset) {
  const { ops, charBank } = Changeset.unpack(changeset);
  const iterator = Changeset.opIterator(ops);
  let [at, taken] = [0, 0];
  while (iterator.hasNext()) {
    const { opcode, chars } = iterator.next();
    if (opcode === '-') {
      yield [at, chars, ''];
      continue;
    }
    if (opcode === '+') {
      yield [at, 0, charBank.slice(taken, taken + chars)];
      taken += chars;
    }
    at += chars;
  }
}

export const etherpad = {
  name: 'Etherpad',
  sender: (start) => new WireSender(start),
  open(start) {
    const { initialAttributedText, apool } = JSON.parse(start).data.collab_client_vars;
    const pool = new AttributePool();
    const all = [];
    let shown = [];
    const callbacks = {
      setDocumentAttributedText() {},
      applyChangesetToDocument: (changeset) => shown.push(changeset),
    };
    const timers = { setTimeout: () => 0 };
    const tracker = tracking.makeChangesetTracker(timers, pool, { withCallbacks: (_name, call) => call(callbacks) });
    tracker.setBaseAttributedText(initialAttributedText, apool);
    return {
      receive(message) {
        shown = [];
        for (const revision of revisionsOf(JSON.parse(message))) {
          tracker.applyChangesToBase(revision.changeset, revision.author, revision.apool);
        }
        all.push(shown);
        return shown;
      },
      type(inserts) {
        const changeset = typed(initialAttributedText.text, inserts, pool);
        tracker.composeUserChangeset(changeset);
        all.push([changeset]);
      },
      // The tracker does not give its text away; what it handed to the editor makes it.
      text: () => all.flat().reduce((text, changeset) => Changeset.applyToText(changeset, text), initialAttributedText.text).slice(0, -1),
      close() {},
    };
  },
  *splices(shown) {
    for (const changeset of shown) yield* splicesOf(changeset);
  },
};

/** All that the user has typed as one changeset, which the tracker would have composed. */
function typed(text, inserts, pool) {
  const builder = Changeset.builder(text.length);
  let kept = 0;
  for (const [at, inserted] of [...inserts].reverse()) {
    builder.keepText(text.slice(kept, at));
    builder.insert(inserted, [['author', 'a.me']], pool);
    kept = at;
  }
  return builder.toString();
}
