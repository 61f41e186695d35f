// Etherpad's changeset tracker: what the editor has of the server, what was sent, and what was not, with the engine behind it.

import { AttributePool } from './attribute-pool.js';
import { isIdentity, makeAText, moveOpsToNewPool } from './changeset.js';
import { engine, withPool } from './changeset-engine.js';

/** Who is writing, as Etherpad's editor finds it: it runs two frames below its page. */
function authorOfPage() {
  const page = globalThis.parent?.parent ?? globalThis;
  const author = page.pad?.myUserInfo?.userId ?? page.clientVars?.userId;
  if (author === undefined) throw new Error('easysync-wasm/changesettracker: this page has no pad.myUserInfo; give a function that tells the author');
  return author;
}

/** Makes a tracker that numbers attributes by the editor's own pool. */
export function makeChangesetTracker(scheduler, apool, aceCallbacksProvider, author = authorOfPage) {
  let isTracking = false;
  // While the editor is told what to do, it tells what it does; that is not the user's.
  let isTelling = false;
  let changeCallback = null;
  let timer = null;

  const call = (what, run) => withPool(what, apool, run);
  const begin = (text, attribs) => call('setBaseAttributedText', (pool) => new engine.Tracker(text, attribs, pool));
  const renumbered = (ops, jsonable) => (jsonable ? moveOpsToNewPool(ops, new AttributePool().fromJsonable(jsonable), apool) : ops);
  let layers = begin('\n', '|1+1');

  function tell(run) {
    isTelling = true;
    try {
      run();
    } finally {
      isTelling = false;
    }
  }

  function notifySoon() {
    if (!changeCallback || timer !== null) return;
    timer = scheduler.setTimeout(() => {
      timer = null;
      try {
        changeCallback();
      } catch (error) {
        console.error(error);
      }
    }, 0);
  }

  function setBaseAttributedText(atext, apoolJsonable) {
    aceCallbacksProvider.withCallbacks('setBaseText', (callbacks) => {
      const next = begin(atext.text, renumbered(atext.attribs, apoolJsonable));
      layers.free();
      layers = next;
      isTracking = true;
      tell(() => callbacks.setDocumentAttributedText(atext));
    });
  }

  return {
    isTracking: () => isTracking,

    setBaseText: (text) => setBaseAttributedText(makeAText(text), null),

    setBaseAttributedText,

    /** Takes what the user has done to the text that the editor shows. */
    composeUserChangeset(changeset) {
      if (!isTracking || isTelling || isIdentity(changeset)) return;
      call('compose', (pool) => layers.edit(changeset, pool));
      notifySoon();
    },

    /** Takes what somebody else has done, and tells the editor. */
    applyChangesToBase(changeset, _author, apoolJsonable) {
      if (!isTracking) return;
      aceCallbacksProvider.withCallbacks('applyChangesToBase', (callbacks) => {
        const change = renumbered(changeset, apoolJsonable);
        const forEditor = call('applyChangesToBase', (pool) => layers.applyRemote(change, pool));
        const prefersInsertionAfterCaret = true;
        tell(() => callbacks.applyChangesetToDocument(forEditor, prefersInsertionAfterCaret));
      });
    },

    /** What to send: a changeset with a pool of its own, or nulls. */
    prepareUserChangeset() {
      // Nothing to send needs no author.
      if (!layers.hasUncommitted) return { changeset: null, apool: null };
      const wire = call('prepareUserChangeset', (pool) => layers.prepare(author(), pool));
      if (!wire) return { changeset: null, apool: null };
      const [changeset, ...parts] = wire;
      const pool = new AttributePool();
      for (let at = 0; at < parts.length; at += 2) pool.putAttrib([parts[at], parts[at + 1]]);
      return { changeset, apool: pool.toJsonable() };
    },

    /** The server has what was sent. */
    applyPreparedChangesetToBase() {
      call('applyPreparedChangesetToBase', (pool) => layers.accept(pool));
    },

    setUserChangeNotificationCallback(callback) {
      changeCallback = callback;
    },

    hasUncommittedChanges: () => layers.hasUncommitted,

    /** What the three layers are, for tests and for a look into a page. */
    layers() {
      const [text, attribs] = layers.base();
      return { base: { text, attribs }, submitted: layers.submitted ?? null, user: layers.pending };
    },
  };
}
