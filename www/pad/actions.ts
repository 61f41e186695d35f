// What the toolbar offers, with the keys of Etherpad. The toolbar, the keyboard and the help all read this one list.

import type { EditorState } from '@codemirror/state';
import type { Command, KeyBinding } from '@codemirror/view';
import { commands } from '../editor';
import type { EditorEngine, FormatName } from '../editor/engine';
import type { IconName } from '../shared/icons';

/** One thing that can be done to the text. */
export interface Action {
  id: string;
  label: string;
  icon: IconName;
  /** The first is the one that is shown. */
  keys: readonly string[];
  run: Command;
  /** Whether its button is pressed. */
  active?: (state: EditorState, engine: EditorEngine) => boolean;
  /** Whether it can do anything now. */
  enabled?: (engine: EditorEngine) => boolean;
}

function format(id: FormatName, label: string, key: string): Action {
  return {
    id,
    label,
    icon: id,
    keys: [key],
    run: commands.toggleFormat(id),
    active: (state) => commands.formatActive(state, id),
  };
}

function list(id: 'number' | 'bullet', label: string, keys: readonly string[]): Action {
  return {
    id,
    label,
    icon: id,
    keys,
    run: commands.toggleList(id),
    active: (state, engine) => engine.lineFormat(state.selection.main.head).list === id,
  };
}

/** The actions, in the groups in which they stand. */
export const ACTIONS: readonly (readonly Action[])[] = [
  [
    format('bold', 'Bold', 'Mod-b'),
    format('italic', 'Italic', 'Mod-i'),
    format('underline', 'Underline', 'Mod-u'),
    format('strikethrough', 'Strikethrough', 'Mod-5'),
  ],
  [
    list('number', 'Numbered list', ['Mod-Shift-1', 'Mod-Shift-n']),
    list('bullet', 'Bullet list', ['Mod-Shift-l']),
    { id: 'indent', label: 'Indent', icon: 'indent', keys: ['Mod-]'], run: commands.indent(1) },
    { id: 'outdent', label: 'Outdent', icon: 'outdent', keys: ['Mod-['], run: commands.indent(-1) },
  ],
  [
    { id: 'undo', label: 'Undo', icon: 'undo', keys: ['Mod-z'], run: commands.undo, enabled: (engine) => engine.canUndo },
    {
      id: 'redo',
      label: 'Redo',
      icon: 'redo',
      keys: ['Mod-y', 'Mod-Shift-z'],
      run: commands.redo,
      enabled: (engine) => engine.canRedo,
    },
  ],
  [
    {
      id: 'clear-formatting',
      label: 'Clear formatting',
      icon: 'clearFormatting',
      keys: ['Mod-\\'],
      run: commands.clearFormatting,
    },
    {
      id: 'clear-authorship',
      label: 'Clear authorship colours',
      icon: 'clearAuthorship',
      keys: ['Mod-Shift-c'],
      run: commands.clearAuthorship,
    },
  ],
];

/** The keys of all actions. A key that can do nothing at the moment is still not the browser's. */
export function actionKeys(): KeyBinding[] {
  return ACTIONS.flat().flatMap(({ keys, run }) =>
    keys.map((key) => ({
      key,
      run: (view) => {
        run(view);
        return true;
      },
    })),
  );
}
