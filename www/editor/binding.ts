// The bridge between CodeMirror and the engine: what the user does goes to the engine, patches of the engine come into the editor.

import { Annotation, ChangeSet, EditorSelection, StateEffect } from '@codemirror/state';
import type { Extension, SelectionRange, Text, Transaction } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';
import type { ViewUpdate } from '@codemirror/view';
import { fromText, shownText, toText } from './document';
import type { EditorEngine, FormatName, Patch } from './engine';
import { hostOf } from './host';
import { typingFormats } from './typing';

/** Marks a transaction that brings what the engine already has. Every other one that changes the text is the user's. */
export const fromEngine = Annotation.define<true>();

/** Says that attributes changed, in stretches given as in {@link Patch.formatted}. */
export const reformatted = StateEffect.define<Uint32Array>();

/** Whether text or attributes within a stretch of the new document have changed, or right beside it. */
export function affects(update: ViewUpdate, from: number, to: number): boolean {
  let found = false;
  update.changes.iterChangedRanges((_fromA, _toA, fromB, toB) => {
    if (fromB <= to && toB >= from) found = true;
  });
  if (found) return true;
  for (const transaction of update.transactions) {
    for (const effect of transaction.effects) {
      if (!effect.is(reformatted)) continue;
      for (let i = 0; i + 1 < effect.value.length; i += 2) {
        if ((effect.value[i] ?? 0) <= to && (effect.value[i + 1] ?? 0) >= from) return true;
      }
    }
  }
  return false;
}

/** Where the caret belongs after a command: a position that the command gave, or where the last change ended. */
type Caret = number | 'change';

class Binding {
  caret: Caret | null = null;
  /** What the user has done since there has been no engine to take it, and the text before. */
  private untaken: { changes: ChangeSet; before: Text } | null = null;
  private destroyed = false;

  constructor(readonly view: EditorView) {}

  /** Whether there is no engine to take what the user does. */
  get isDetached(): boolean {
    return this.untaken !== null;
  }

  update(update: ViewUpdate): void {
    let changes: ChangeSet | null = null;
    for (const transaction of update.transactions) {
      if (!transaction.docChanged || transaction.annotation(fromEngine)) continue;
      changes = changes ? changes.compose(transaction.changes) : transaction.changes;
    }
    if (!changes || changes.empty) return;
    if (this.untaken) {
      this.untaken.changes = this.untaken.changes.compose(changes);
      return;
    }
    const host = hostOf(update.state);
    try {
      const isMended = sendChanges(host.engine, changes, typingFormats(update.startState, changes));
      host.edited(isMended ? 'soon' : 'later');
    } catch (error) {
      this.untaken = { changes, before: update.startState.doc };
      // Nothing can be put right within an update.
      queueMicrotask(() => {
        if (this.destroyed || host.failed(error)) return;
        this.giveUp();
      });
    }
  }

  /** The editor shows what the engine refused. It must not stay so. */
  giveUp(): void {
    this.untaken = null;
    this.load();
  }

  /** There is no engine from now on, until `load`. */
  detach(): void {
    const before = this.view.state.doc;
    this.untaken ??= { changes: ChangeSet.empty(before.length), before };
  }

  /** Brings the editor's text to what the engine has, and the engine to what the user did while there was none. */
  load(): void {
    const host = hostOf(this.view.state);
    const { changes, before } = this.untaken ?? { changes: null, before: this.view.state.doc };
    const change = difference(fromText(before), fromText(shownText(host.engine)));
    const theirs = ChangeSet.of(change ?? [], before.length);
    if (changes && !changes.empty) {
      sendChanges(host.engine, changes.map(theirs), undefined);
      this.untaken = null;
      host.edited('soon');
    }
    this.untaken = null;
    this.view.dispatch({
      changes: changes ? theirs.map(changes, true) : theirs,
      effects: reformatted.of(Uint32Array.of(0, Math.max(0, host.engine.length - 1))),
      annotations: fromEngine.of(true),
    });
  }

  destroy(): void {
    this.destroyed = true;
  }
}

const plugin = ViewPlugin.fromClass(Binding);

/** Hands changes of the shown text to the engine in one call. Says whether the engine has something else in mind than what is shown now. */
function sendChanges(engine: EditorEngine, changes: ChangeSet, formats: FormatName[] | undefined): boolean {
  const numbers: number[] = [];
  let text = '';
  changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    numbers.push(fromA, toA, inserted.length);
    text += fromText(inserted);
  });
  return engine.edit(Uint32Array.from(numbers), text, formats);
}

/** The changes of a patch, in CodeMirror's terms. */
function patchChanges(view: EditorView, patch: Patch): ChangeSet {
  const specs = [];
  let taken = 0;
  for (let i = 0; i + 2 < patch.changes.length; i += 3) {
    const [from = 0, to = 0, length = 0] = patch.changes.subarray(i, i + 3);
    specs.push({ from, to, insert: toText(patch.text.slice(taken, taken + length)) });
    taken += length;
  }
  return view.state.changes(specs);
}

/** A caret stays before what others insert at its place; a selection does not grow by it. */
function mapRange(range: SelectionRange, changes: ChangeSet): SelectionRange {
  if (range.empty) return EditorSelection.cursor(changes.mapPos(range.head, -1));
  const from = changes.mapPos(range.from, 1);
  const to = Math.max(from, changes.mapPos(range.to, -1));
  return range.anchor < range.head ? EditorSelection.range(from, to) : EditorSelection.range(to, from);
}

/** The end of the last change in the new text. */
function endOfChanges(changes: ChangeSet): number | null {
  let end: number | null = null;
  changes.iterChangedRanges((_fromA, _toA, _fromB, toB) => {
    end = toB;
  });
  return end;
}

/**
 * Shows a patch: one transaction, with `effects` of the caller, which speak of the new text; selections mapped, the view not scrolled unless a command of
 * the user placed the caret.
 */
export function showPatch(view: EditorView, patch: Patch, effects: readonly StateEffect<unknown>[] = []): void {
  const binding = view.plugin(plugin);
  const wanted = binding?.caret ?? null;
  if (binding) binding.caret = null;
  try {
    const changes = patchChanges(view, patch);
    const caret = wanted === 'change' ? endOfChanges(changes) : wanted;
    const selection =
      caret === null
        ? EditorSelection.create(
            view.state.selection.ranges.map((range) => mapRange(range, changes)),
            view.state.selection.mainIndex,
          )
        : EditorSelection.single(Math.min(caret, changes.newLength));
    view.dispatch({
      changes,
      selection,
      effects: patch.formatted.length > 0 ? [reformatted.of(patch.formatted), ...effects] : effects,
      annotations: fromEngine.of(true),
      scrollIntoView: caret !== null,
    });
  } catch (error) {
    if (!hostOf(view.state).failed(error)) reload(view);
  }
}

/**
 * Brings the editor's text to what the engine has, by one change from the first to the last unit that differs. What the user has done since `detach` is not
 * lost by that: the engine takes it now.
 */
export function reload(view: EditorView): void {
  const binding = view.plugin(plugin);
  try {
    binding?.load();
  } catch (error) {
    if (!hostOf(view.state).failed(error)) binding?.giveUp();
  }
}

/** There is no engine until `reload`. The user can go on; what needs an engine does nothing. */
export function detach(view: EditorView): void {
  view.plugin(plugin)?.detach();
}

export function isDetached(view: EditorView): boolean {
  return view.plugin(plugin)?.isDetached ?? false;
}

/** One change from the first to the last unit that differs; `null` if none does. */
function difference(before: string, after: string): { from: number; to: number; insert: Text } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let end = 0;
  while (end < shorter - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) end += 1;
  return { from: start, to: before.length - end, insert: toText(after.slice(start, after.length - end)) };
}

/**
 * Runs a command of the engine and shows what came of it. If `command` returns a position, the caret goes there; if it returns `'change'`, it goes
 * to the end of what changed. Must not be called within an update of the view.
 */
export function runCommand(view: EditorView, command: (engine: EditorEngine) => Caret | void): void {
  const host = hostOf(view.state);
  const binding = view.plugin(plugin);
  if (binding?.isDetached) return;
  try {
    const caret = command(host.engine) ?? null;
    if (binding) binding.caret = caret;
    host.edited('now');
    // No patch came, so there is nothing that could take the caret along.
    if (binding?.caret != null) {
      const rest = binding.caret;
      binding.caret = null;
      if (rest !== 'change' && rest <= view.state.doc.length) {
        view.dispatch({ selection: EditorSelection.single(rest), scrollIntoView: true });
      }
    }
  } catch (error) {
    if (binding) binding.caret = null;
    host.failed(error);
  }
}

/** Whether a transaction is the user's, rather than one that shows what the engine has. */
export function isOwn(transaction: Transaction): boolean {
  return !transaction.annotation(fromEngine);
}

/** Holds patches back while the user composes a character: text that changes under a composition breaks it. */
class CompositionWatch {
  private held = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly view: EditorView) {}

  start(): void {
    clearTimeout(this.timer);
    if (this.held) return;
    this.held = true;
    hostOf(this.view.state).hold();
  }

  end(): void {
    clearTimeout(this.timer);
    // CodeMirror reads what was composed from the DOM after this event; patches may come once it has.
    this.timer = setTimeout(() => this.free(), 0);
  }

  private free(): void {
    if (!this.held) return;
    this.held = false;
    hostOf(this.view.state).release();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.free();
  }
}

const compositionWatch = ViewPlugin.fromClass(CompositionWatch, {
  eventHandlers: {
    compositionstart() {
      this.start();
    },
    compositionend() {
      this.end();
    },
    // Some keyboards leave a composition without an end when the focus goes.
    blur() {
      this.end();
    },
  },
});

/** The binding itself. It has to stand before whatever draws by what the engine says. */
export function binding(): Extension {
  return [plugin, compositionWatch];
}
