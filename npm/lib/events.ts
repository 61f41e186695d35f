// Events by name, for whoever wants to know.

type Listener = (...details: never[]) => void;

/** Listeners of some events; `E` names the events and what is told with each. */
export class Events<E extends { [K in keyof E]: Listener }> {
  private readonly listeners = new Map<keyof E, Set<E[keyof E]>>();

  /** Listens; the result ends it. */
  on<K extends keyof E>(event: K, listener: E[K]): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<K extends keyof E>(event: K, ...details: Parameters<E[K]>): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) {
      try {
        listener(...(details as never[]));
      } catch (error) {
        // What a listener does wrong must not stop the others, nor who tells them.
        console.error(error);
      }
    }
  }

  /** Nobody listens any more. */
  clear(): void {
    this.listeners.clear();
  }
}
