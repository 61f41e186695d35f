// Formats that were chosen without a selection: they wait for the next text that is typed.

import { StateEffect, StateField } from '@codemirror/state';
import type { ChangeDesc, EditorState, Extension } from '@codemirror/state';
import type { FormatName } from './engine';

interface Armed {
  position: number;
  formats: FormatName[];
}

const arm = StateEffect.define<Armed>();

const armedField = StateField.define<Armed | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(arm)) return effect.value;
    if (!value) return null;
    if (!transaction.docChanged && !transaction.selection) return value;
    // Typing takes it along: a composed word arrives in several steps, each of which replaces the one before.
    const { main } = transaction.newSelection;
    const position = transaction.changes.mapPos(value.position, 1);
    if (!main.empty || main.head !== position) return null;
    if (transaction.docChanged && transaction.isUserEvent('delete')) return null;
    return { position, formats: value.formats };
  },
});

/** The formats that the next typed text gets, or `undefined` if it takes those of the text around it. */
export function armedFormats(state: EditorState): FormatName[] | undefined {
  return state.field(armedField, false)?.formats;
}

/** An effect that makes the text typed next at `position` get `formats`. */
export function armFormats(position: number, formats: FormatName[]): StateEffect<unknown> {
  return arm.of({ position, formats });
}

/** The armed formats, if `changes` insert text where they wait. */
export function typingFormats(before: EditorState, changes: ChangeDesc): FormatName[] | undefined {
  const armed = before.field(armedField, false);
  if (!armed) return undefined;
  let inserts = false;
  changes.iterChangedRanges((fromA, toA, fromB, toB) => {
    if (toB > fromB && fromA <= armed.position && armed.position <= toA) inserts = true;
  });
  return inserts ? armed.formats : undefined;
}

/** Keeps track of formats that wait for text. */
export function typing(): Extension {
  return armedField;
}
