// The panel of settings.

import { h } from '../shared/dom';
import { icon } from '../shared/icons';
import { attachPanel } from '../shared/panel';
import { choose, settings } from '../shared/settings';
import type { Settings } from '../shared/settings';

/** Puts the button and its panel into `place`. */
export function attachPreferences(place: HTMLElement, openHelp: () => void): void {
  const button = h('button', { type: 'button', class: 'tool', title: 'Settings', 'aria-label': 'Settings', 'data-testid': 'settings' }, icon('settings'));
  place.append(h('div', { class: 'menu' }, button));
  const panel = attachPanel(button, 'Settings', () => panel.body.replaceChildren(...rows()));
  const rows = (): HTMLElement[] => {
    const now = settings();
    const help = h('button', { type: 'button', class: 'button' }, 'Keyboard shortcuts');
    help.addEventListener('click', () => {
      panel.close();
      openHelp();
    });
    return [
      check('Colours of authors', now.authorColours, 'authorColours'),
      check('Line numbers', now.lineNumbers, 'lineNumbers'),
      check('Carets of others, and mine for them', now.carets, 'carets'),
      pick('Font', now.font, 'font', [
        ['sans', 'Sans serif'],
        ['mono', 'Monospace'],
      ]),
      pick('Theme', now.theme, 'theme', [
        ['auto', 'Like the system'],
        ['light', 'Light'],
        ['dark', 'Dark'],
      ]),
      help,
    ];
  };
}

function check(label: string, on: boolean, name: 'authorColours' | 'lineNumbers' | 'carets'): HTMLElement {
  const input = h('input', { type: 'checkbox', 'data-testid': `setting-${name}` });
  input.checked = on;
  input.addEventListener('change', () => choose({ [name]: input.checked }));
  return h('label', { class: 'setting' }, h('span', {}, label), input);
}

function pick<K extends 'font' | 'theme'>(label: string, now: Settings[K], name: K, options: readonly (readonly [Settings[K], string])[]): HTMLElement {
  const select = h('select', { class: 'field', 'data-testid': `setting-${name}` }, ...options.map(([value, text]) => h('option', { value }, text)));
  select.value = now;
  select.addEventListener('change', () => {
    const chosen = options.find(([value]) => value === select.value);
    if (!chosen) return;
    const some: Partial<Settings> = {};
    some[name] = chosen[0];
    choose(some);
  });
  return h('label', { class: 'setting' }, h('span', {}, label), select);
}
