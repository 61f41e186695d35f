// The list of keys.

import { h } from '../shared/dom';
import { showDialog } from '../shared/panel';
import { ACTIONS } from './actions';
import { keyLabel } from './keys';

const OTHERS: readonly (readonly [label: string, key: string])[] = [
  ['Deeper, in a list', 'Tab'],
  ['Less deep, in a list', 'Shift-Tab'],
  ['Find', 'Mod-f'],
  ['Say whether everything is saved', 'Mod-s'],
  ['Follow a link', 'Mod-Click'],
  ['Paste without formats', 'Mod-Shift-v'],
  ['Go to the toolbar', 'Alt-F9'],
  ['Leave the text', 'Escape, then Tab'],
];

/** Shows the keys in a dialog. */
export function showHelp(): void {
  const actions = ACTIONS.flat().flatMap((action) => (action.keys[0] === undefined ? [] : [[action.label, action.keys[0]] as const]));
  const rows = [...actions, ...OTHERS].map(([label, key]) => h('div', {}, h('dt', {}, label), h('dd', {}, h('kbd', {}, keyLabel(key)))));
  showDialog('Keyboard shortcuts', [h('dl', { class: 'keys' }, ...rows)], []);
}
