// Event sequences of one client, on the tracker.

import { makeChangesetTracker } from '../../pkg/changesettracker.js';
import { poolNew, poolOf } from './operations.mjs';

export function replayTracker({ author, events }, _pool, pairs) {
  const pool = poolOf(pairs);
  let step;
  let pending = null;
  const scheduler = {
    setTimeout(callback) {
      step.scheduled = (step.scheduled ?? 0) + 1;
      pending = callback;
      return 1;
    },
  };
  const told = (name) => (...args) => (step.callbacks ??= []).push([name, ...structuredClone(args)]);
  const callbacks = { setDocumentAttributedText: told('setDocumentAttributedText'), applyChangesetToDocument: told('applyChangesetToDocument') };
  const provider = { withCallbacks: (_operation, run) => run(callbacks) };
  const tracker = makeChangesetTracker(scheduler, pool, provider, () => author);
  tracker.setUserChangeNotificationCallback(() => {
    step.notified = (step.notified ?? 0) + 1;
  });

  const handlers = {
    put: ({ attrib }) => pool.putAttrib(attrib),
    base: ({ atext, apool }) => tracker.setBaseAttributedText(atext, apool),
    user: ({ cs }) => tracker.composeUserChangeset(cs),
    remote: ({ cs, author: by, apool }) => tracker.applyChangesToBase(cs, by, apool),
    prepare: () => tracker.prepareUserChangeset(),
    accept: () => tracker.applyPreparedChangesetToBase(),
    timer() {
      const callback = pending;
      pending = null;
      callback?.();
    },
  };
  const steps = events.map((event) => {
    const known = pool.nextNum;
    step = {};
    try {
      const ret = handlers[event.ev](event);
      if (ret !== undefined) step.ret = structuredClone(ret);
    } catch (error) {
      step.error = error.message;
    }
    const { submitted, user } = tracker.layers();
    return { ...step, submitted, user, uncommitted: tracker.hasUncommittedChanges(), poolNew: poolNew(pool, known) };
  });
  return { steps, final: tracker.layers() };
}

