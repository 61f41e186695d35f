// What a user has chosen for all pads, kept in the browser.

import { load, store } from './storage';

/** The choices, and where they are kept. */
export interface Settings {
  authorColours: boolean;
  lineNumbers: boolean;
  /** Whether the carets of others are shown, and one's own is told to them. */
  carets: boolean;
  font: 'sans' | 'mono';
  theme: 'auto' | 'light' | 'dark';
}

const NAME = 'easysync.settings';

function defaults(): Settings {
  // On a narrow screen the numbers take room that the text needs.
  const wide = matchMedia('(min-width: 700px)').matches;
  return { authorColours: true, lineNumbers: wide, carets: true, font: 'sans', theme: 'auto' };
}

/** Takes what is usable of a stored value: it may be of another version, or broken. */
function read(text: string | null): Partial<Settings> {
  let value: unknown;
  try {
    value = JSON.parse(text ?? 'null');
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const stored = new Map<string, unknown>(Object.entries(value));
  const settings: Partial<Settings> = {};
  const authorColours = stored.get('authorColours');
  if (typeof authorColours === 'boolean') settings.authorColours = authorColours;
  const lineNumbers = stored.get('lineNumbers');
  if (typeof lineNumbers === 'boolean') settings.lineNumbers = lineNumbers;
  const carets = stored.get('carets');
  if (typeof carets === 'boolean') settings.carets = carets;
  const font = stored.get('font');
  if (font === 'sans' || font === 'mono') settings.font = font;
  const theme = stored.get('theme');
  if (theme === 'auto' || theme === 'light' || theme === 'dark') settings.theme = theme;
  return settings;
}

let chosen: Partial<Settings> = read(load(NAME));
const listeners = new Set<(settings: Settings) => void>();

/** The settings that hold now. */
export function settings(): Settings {
  return { ...defaults(), ...chosen };
}

/** Changes some of them, here and in the other tabs. */
export function choose(some: Partial<Settings>): void {
  chosen = { ...chosen, ...some };
  store(NAME, JSON.stringify(chosen));
  announce();
}

/** Calls `listener` at once and whenever a setting changes. */
export function onSettings(listener: (settings: Settings) => void): void {
  listeners.add(listener);
  listener(settings());
}

function announce(): void {
  for (const listener of listeners) listener(settings());
}

addEventListener('storage', (event) => {
  if (event.key !== NAME) return;
  chosen = read(event.newValue);
  announce();
});

/** Lets the look of this page follow the settings. */
export function followLook(): void {
  onSettings(({ font, theme }) => {
    document.documentElement.dataset.font = font;
    document.documentElement.dataset.theme = theme;
  });
}
