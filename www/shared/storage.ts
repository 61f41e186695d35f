// The browser's storage, which may be full, forbidden or absent.

/** What is stored under a name, or `null`. */
export function load(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Stores a value if that is possible. */
export function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Then it holds for this visit only.
  }
}
