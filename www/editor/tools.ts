// What an editor needs as soon as somebody uses it, and not to show a text: the usual keys, and search. It comes in a file of its own.

import { defaultKeymap } from '@codemirror/commands';
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { keymap } from '@codemirror/view';

/** CodeMirror's commands that move, copy or reindent whole lines know nothing of markers; the plain ones are enough for prose. */
const LINE_COMMANDS = /^(?:(?:Shift-)?Alt-Arrow(?:Up|Down)|Shift-Mod-k|Mod-\[|Mod-\]|Mod-Alt-\\|Mod-Enter|Mod-\/|Alt-A|Ctrl-o|Ctrl-t)$/;
const plainKeys = defaultKeymap.filter(
  ({ key, mac, linux, win }) => ![key, mac, linux, win].some((name) => name !== undefined && LINE_COMMANDS.test(name)),
);

/** The words of the search panel, written like those of the page. */
const PHRASES = {
  next: 'Next',
  previous: 'Previous',
  all: 'All',
  'match case': 'Match case',
  regexp: 'Pattern',
  'by word': 'Whole words',
  replace: 'Replace',
  'replace all': 'Replace all',
};

export const tools: Extension = [
  keymap.of([...searchKeymap, ...plainKeys]),
  search({ top: true }),
  EditorState.phrases.of(PHRASES),
  highlightSelectionMatches({ minSelectionLength: 3 }),
];

export { openSearchPanel };
