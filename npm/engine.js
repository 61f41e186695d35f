// What all entries have in common: loading an engine once, putting a fresh one in its place, and telling when that is needed.

/**
 * @param {string} entry The entry's name, for what is thrown.
 * @param {(options?: { module_or_path: unknown }) => Promise<unknown>} load Loads the engine.
 * @param {() => void} reset Makes a new instance of it.
 */
export function engineOf(entry, load, reset) {
  let ready;
  let isReady = false;

  function init(source) {
    ready ??= load(source === undefined ? undefined : { module_or_path: source }).then(
      () => {
        isReady = true;
      },
      (error) => {
        ready = undefined;
        throw error;
      },
    );
    return ready;
  }

  function needReady(what) {
    if (!isReady) throw new Error(`${entry}: call init() and await it before ${what}`);
  }

  function restart() {
    needReady('restart()');
    reset();
  }

  return { init, needReady, restart };
}

/** Whether what was thrown says that an engine has come to its end. */
export function isTrap(error) {
  if (error instanceof WebAssembly.RuntimeError) return true;
  // The first is a stack that ran full within the engine; the others come of calling an engine that has trapped before.
  const name = error instanceof Error ? `${error.name}: ${error.message}` : '';
  return /^RangeError: Maximum call stack|^InternalError: too much recursion|recursive use of an object|null pointer passed to rust|stale object from previous Wasm instance/.test(name);
}
