// What a user can ask of the document, as CodeMirror commands: each returns whether it did anything.

import { EditorSelection } from '@codemirror/state';
import type { EditorState } from '@codemirror/state';
import { Direction } from '@codemirror/view';
import type { Command, EditorView } from '@codemirror/view';
import { isDetached, runCommand } from './binding';
import type { FormatName, ListKind } from './engine';
import { hostOf } from './host';
import { hasMarker } from './markers';
import { armFormats, armedFormats } from './typing';

function editable(view: EditorView): boolean {
  return !view.state.readOnly && !isDetached(view);
}

/** Whether the text at the selection has a format, or whether what is typed next would get it. */
export function formatActive(state: EditorState, name: FormatName): boolean {
  const { from, to, empty } = state.selection.main;
  const { engine } = hostOf(state);
  if (!empty) return engine.hasFormat(from, to, name);
  return (armedFormats(state) ?? engine.formatsAt(from)).includes(name);
}

/** Switches a format on or off: for the selection, or for what is typed next. */
export function toggleFormat(name: FormatName): Command {
  return (view) => {
    if (!editable(view)) return false;
    const { from, to, empty } = view.state.selection.main;
    if (!empty) {
      runCommand(view, (engine) => engine.toggleFormat(from, to, name));
      return true;
    }
    const now = armedFormats(view.state) ?? hostOf(view.state).engine.formatsAt(from);
    const next = now.includes(name) ? now.filter((format) => format !== name) : [...now, name];
    view.dispatch({ effects: armFormats(from, next) });
    return true;
  };
}

/** Makes the selected lines a list of a kind, or no list if all of them are one already. */
export function toggleList(kind: ListKind): Command {
  return (view) => {
    if (!editable(view)) return false;
    const { from, to } = view.state.selection.main;
    runCommand(view, (engine) => engine.toggleList(from, to, kind));
    return true;
  };
}

/** Moves the selected lines by a number of levels. */
export function indent(by: number): Command {
  return (view) => {
    if (!editable(view)) return false;
    const { from, to } = view.state.selection.main;
    runCommand(view, (engine) => engine.indent(from, to, by));
    return true;
  };
}

/** Makes the selected lines headings; level 0 makes them plain. */
export function setHeading(level: number): Command {
  return (view) => {
    if (!editable(view)) return false;
    const { from, to } = view.state.selection.main;
    runCommand(view, (engine) => engine.setHeading(from, to, level));
    return true;
  };
}

/** Takes formats, lists and headings off the selection. */
export const clearFormatting: Command = (view) => {
  if (!editable(view)) return false;
  const { from, to } = view.state.selection.main;
  runCommand(view, (engine) => engine.clearFormatting(from, to));
  return true;
};

/** Takes the authors off the selection. */
export const clearAuthorship: Command = (view) => {
  if (!editable(view)) return false;
  const { from, to } = view.state.selection.main;
  runCommand(view, (engine) => engine.clearAuthorship(from, to));
  return true;
};

/** Takes the last own change back. */
export const undo: Command = (view) => {
  if (!editable(view) || !hostOf(view.state).engine.canUndo) return false;
  runCommand(view, (engine) => (engine.undo() ? 'change' : undefined));
  return true;
};

/** Does again what {@link undo} took back. */
export const redo: Command = (view) => {
  if (!editable(view) || !hostOf(view.state).engine.canRedo) return false;
  runCommand(view, (engine) => (engine.redo() ? 'change' : undefined));
  return true;
};

/** A new line, which goes on with the list that it is made in. */
export const enter: Command = (view) => {
  if (!editable(view)) return false;
  const { from, to } = view.state.selection.main;
  runCommand(view, (engine) => engine.enter(from, to));
  return true;
};

/** Before the text of a line with a marker: one level out, or no list any more. Elsewhere it is left to the editor. */
export const deleteBackward: Command = (view) => {
  const { head, empty } = view.state.selection.main;
  if (!editable(view) || !empty) return false;
  const line = view.state.doc.lineAt(head);
  if (head > line.from + 1 || !hasMarker(view.state, line.from)) return false;
  let done = true;
  runCommand(view, (engine) => {
    const caret = engine.deleteBackward(line.from + 1);
    done = caret !== undefined;
    return caret;
  });
  return done;
};

/** At the end of a line before one with a marker: joins the two, without the marker. Elsewhere it is left to the editor. */
export const deleteForward: Command = (view) => {
  const { head, empty } = view.state.selection.main;
  const { doc } = view.state;
  if (!editable(view) || !empty || head !== doc.lineAt(head).to || head === doc.length) return false;
  if (!hasMarker(view.state, head + 1)) return false;
  view.dispatch({ changes: { from: head, to: head + 2 }, userEvent: 'delete.forward', scrollIntoView: true });
  return true;
};

/** What the Tab key types outside lists, as in Etherpad. */
const TAB = '    ';

/** Tab: one level deeper in a list or with several lines selected, else some space. */
export const tab: Command = (view) => {
  if (!editable(view)) return false;
  const { state } = view;
  const { from, to } = state.selection.main;
  const several = state.doc.lineAt(from).from !== state.doc.lineAt(to).from;
  if (several || hostOf(state).engine.lineFormat(from).list !== null) return indent(1)(view);
  view.dispatch(state.replaceSelection(TAB), { userEvent: 'input', scrollIntoView: true });
  return true;
};

/** Shift and Tab: one level out. */
export const shiftTab: Command = (view) => {
  if (!editable(view)) return false;
  const { from, to } = view.state.selection.main;
  const { engine } = hostOf(view.state);
  const several = view.state.doc.lineAt(from).from !== view.state.doc.lineAt(to).from;
  if (several || engine.lineFormat(from).list !== null) return indent(-1)(view);
  // Without something to move out, the key goes on doing what it does in a page: it leaves the editor.
  return false;
};

/** From before the text of a line with a marker to the end of the line above: the plain step would only go to the marker, and come back. */
function stepOverMarker(view: EditorView, direction: Direction, extend: boolean): boolean {
  const { state } = view;
  const { main } = state.selection;
  if (!extend && !main.empty) return false;
  const line = state.doc.lineAt(main.head);
  if (line.from === 0 || main.head !== line.from + 1 || !hasMarker(state, line.from)) return false;
  if (view.textDirectionAt(main.head) !== direction) return false;
  const head = line.from - 1;
  view.dispatch({
    selection: extend ? EditorSelection.range(main.anchor, head) : EditorSelection.cursor(head),
    userEvent: 'select',
    scrollIntoView: true,
  });
  return true;
}

/** The left arrow key, where it has to cross a marker. */
export const stepLeft = (extend: boolean): Command => (view) => stepOverMarker(view, Direction.LTR, extend);

/** The right arrow key, where it has to cross a marker: in text that runs from right to left. */
export const stepRight = (extend: boolean): Command => (view) => stepOverMarker(view, Direction.RTL, extend);
