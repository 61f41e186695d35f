// Which pages are alive: each holds a lock of its own while it is, and the browser lets go of it when the page ends, however it ends.

/** A lock that is held. */
export interface Held {
  release(): void;
}

/** Whether the browser can tell. It cannot on pages that came over a connection that is not secure. */
export function hasLocks(): boolean {
  return 'locks' in navigator;
}

/** Takes a lock if nobody has it; `null` if somebody does. */
export function takeLock(name: string): Promise<Held | null> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<void> | void => {
      if (!lock) {
        resolve(null);
        return;
      }
      return new Promise<void>((release) => resolve({ release: () => release() }));
    };
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}
