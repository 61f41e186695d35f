// The list of keys.

import { h } from '../shared/dom';
import { showDialog } from '../shared/panel';

const KEYS: readonly (readonly [label: string, key: string])[] = [
  ['Play and pause', 'Space'],
  ['One revision back, on', '← →'],
  ['A hundred back, on', 'Shift + ← →'],
  ['First, newest revision', 'Home, End'],
  ['Marked revision before, after', '[ ]'],
  ['Find in the text', 'Ctrl + F'],
];

/** Shows the keys in a dialog. */
export function showHelp(): void {
  const rows = KEYS.map(([label, key]) => h('div', {}, h('dt', {}, label), h('dd', {}, h('kbd', {}, key))));
  showDialog('Keyboard shortcuts', [h('dl', { class: 'keys' }, ...rows)], []);
}
