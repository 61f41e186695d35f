// What `changeset`, `changesettracker` and `broadcast-core` share: the engine, and its copies of JavaScript's attribute pools.

import initWasm, * as engine from './easysync_changeset.js';
import { engineOf } from './engine.js';

const loaded = engineOf('easysync-wasm/changeset', initWasm, () => engine.__wbg_reset_state(), engine.initSync);

export const { init, initSync, needReady } = loaded;
export { engine };

export function restart() {
  loaded.restart();
  copies = new WeakMap();
  none = undefined;
}

/** By pool: the engine's copy, how many attributes are in it, and what tells that it is still a copy. */
let copies = new WeakMap();
let none;

/**
 * Calls the engine with its copy of a pool, brought up to date. What the engine adds to the copy is put into the pool, where it gets
 * the same numbers.
 */
export function withPool(what, pool, call) {
  needReady(what);
  if (pool === null || pool === undefined) {
    none ??= new engine.Pool();
    return refusing(what, () => call(none));
  }
  const copy = copyOf(pool);
  const result = refusing(what, () => call(copy.pool));
  for (const { length } = copy.pool; copy.length < length; copy.length++) {
    pool.putAttrib(copy.pool.get(copy.length));
    copy.last = pool.numToAttrib[copy.length];
  }
  return result;
}

/** Calls the engine without a pool. */
export function plain(what, call) {
  needReady(what);
  return refusing(what, call);
}

function copyOf(pool) {
  const table = pool.numToAttrib;
  let copy = copies.get(pool);
  // Pools only grow; one whose table is another now, or does not have what was there last, was filled anew.
  const isCopy = copy !== undefined && copy.table === table && copy.length <= pool.nextNum && (copy.length === 0 || table[copy.length - 1] === copy.last);
  if (!isCopy) {
    copy?.pool.free();
    copy = { pool: new engine.Pool(), length: 0, table, last: undefined };
    copies.set(pool, copy);
  }
  for (; copy.length < pool.nextNum; copy.length++) {
    const pair = table[copy.length];
    if (!Array.isArray(pair) || pair.length !== 2) throw refusal(new Error(`the pool has no attribute ${copy.length}, but ${pool.nextNum} for the next number`));
    copy.pool.push(String(pair[0]), String(pair[1]));
    copy.last = pair;
  }
  return copy;
}

/** How Etherpad begins what it says of lengths that do not fit. */
const MISFITS = {
  applyToText: 'mismatched apply',
  compose: 'mismatched composition of two changesets',
  follow: 'mismatched follow - cannot transform cs1 on top of cs2',
};

function refusing(what, call) {
  try {
    return call();
  } catch (error) {
    if (error?.code === 'length-mismatch' && what in MISFITS) error.message = `Failed assertion: ${MISFITS[what]}: ${error.message}`;
    throw error?.code === undefined ? error : refusal(error);
  }
}

/** Marks an error as Etherpad marks those of its own module. */
function refusal(error) {
  return Object.assign(error, { easysync: true });
}
