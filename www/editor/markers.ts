// Lines with a list or a heading begin with a marker character. It stays in the editor's document, so that positions are those of the engine, but it is
// not shown, and the caret never stands before it.

import { EditorSelection, EditorState, RangeSet, RangeSetBuilder } from '@codemirror/state';
import type { Extension, Text, Transaction, TransactionSpec } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType } from '@codemirror/view';
import type { DecorationSet, ViewUpdate } from '@codemirror/view';
import { affects, isOwn } from './binding';
import type { EditorEngine, LineFormat } from './engine';
import { attempt, hostOf, inStep } from './host';
import type { Host } from './host';
import { bulletLabel, numberLabel } from './labels';

const MARKER = '*';
const DEEPEST_LEVEL = 16;
/** How far to look back for the number of an item that stores none. */
const FARTHEST_ITEM = 1000;

/** Whether the line of `state` that begins at `lineStart` has a marker; asks the engine only where the text allows one. */
export function hasMarker(state: EditorState, lineStart: number): boolean {
  if (state.sliceDoc(lineStart, lineStart + 1) !== MARKER) return false;
  return engineHasMarker(hostOf(state), state.doc, lineStart);
}

function engineHasMarker(host: Host, doc: Text, lineStart: number): boolean {
  let has = false;
  if (inStep(host, doc)) attempt(host, () => (has = host.engine.lineFormat(lineStart).hasMarker));
  return has;
}

/** Where a position goes so as not to be before a marker, in the document after `transaction`. */
function behindMarker(transaction: Transaction, position: number): number {
  const { newDoc, startState, changes } = transaction;
  if (position >= newDoc.length || newDoc.sliceString(position, position + 1) !== MARKER) return position;
  if (newDoc.lineAt(position).from !== position) return position;
  if (!isOwn(transaction) || !transaction.docChanged) {
    return engineHasMarker(hostOf(startState), newDoc, position) ? position + 1 : position;
  }
  // The engine does not know the user's change yet, so it is asked about the character's place before that.
  const before = changes.invertedDesc.mapPos(position, 1);
  const kept = changes.mapPos(before, 1) === position && changes.touchesRange(before, before + 1) !== 'cover';
  return kept && startState.doc.lineAt(before).from === before && hasMarker(startState, before) ? position + 1 : position;
}

const keepCaretBehind = EditorState.transactionFilter.of((transaction): TransactionSpec | readonly TransactionSpec[] => {
  if (!transaction.selection && !transaction.docChanged) return transaction;
  const { newSelection } = transaction;
  let moved = false;
  const ranges = newSelection.ranges.map((range) => {
    // A selection whose text is replaced as a whole comes out of CodeMirror's mapping with its ends crossed.
    const crossed = range.from > range.to;
    const anchor = behindMarker(transaction, crossed ? range.from : range.anchor);
    const head = range.empty || crossed ? anchor : behindMarker(transaction, range.head);
    if (!crossed && anchor === range.anchor && head === range.head) return range;
    moved = true;
    return EditorSelection.range(anchor, head, range.goalColumn);
  });
  if (!moved) return transaction;
  return [transaction, { selection: EditorSelection.create(ranges, newSelection.mainIndex), sequential: true }];
});

/** A bullet, or the number of an item. */
class ItemWidget extends WidgetType {
  constructor(readonly label: string) {
    super();
  }

  override eq(other: ItemWidget): boolean {
    return other.label === this.label;
  }

  override toDOM(): HTMLElement {
    const span = document.createElement('span');
    span.className = 'es-item';
    span.setAttribute('aria-hidden', 'true');
    span.textContent = this.label;
    return span;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

/** The number of an ordered item: the stored one, or one counted from the items before it. */
function itemNumber(state: EditorState, engine: EditorEngine, lineNumber: number, format: LineFormat): number {
  if (format.start !== null) return format.start;
  let counted = 1;
  for (let n = lineNumber - 1; n > Math.max(0, lineNumber - FARTHEST_ITEM); n -= 1) {
    const { from } = state.doc.line(n);
    if (!hasMarker(state, from)) break;
    const before = engine.lineFormat(from);
    if (before.level > format.level) continue;
    if (before.list !== 'number' || before.level < format.level) break;
    if (before.start !== null) return before.start + counted;
    counted += 1;
  }
  return counted;
}

function levelOf(format: LineFormat): number {
  return Math.min(DEEPEST_LEVEL, Math.max(1, Math.floor(format.level)));
}

/** Classes of a line: only from what the engine has checked, never from text of the document. */
function lineClass(format: LineFormat): string {
  const names: string[] = [];
  if (format.list) names.push('es-list', `es-list-${format.list}`, `es-level-${levelOf(format)}`);
  if (format.heading !== null && format.heading >= 1 && format.heading <= 6) {
    names.push('es-heading', `es-heading-${Math.floor(format.heading)}`);
  }
  return names.join(' ');
}

const hidden = Decoration.replace({});
const lineDecorations = new Map<string, Decoration>();
const itemDecorations = new Map<string, Decoration>();

function cached(map: Map<string, Decoration>, key: string, make: () => Decoration): Decoration {
  let decoration = map.get(key);
  if (!decoration) {
    // Numbers of items have no bound; the cache has.
    if (map.size > 2000) map.clear();
    decoration = make();
    map.set(key, decoration);
  }
  return decoration;
}

class Markers {
  lines: DecorationSet = Decoration.none;
  /** The markers alone: these are what the caret steps over. */
  markers: DecorationSet = Decoration.none;

  constructor(view: EditorView) {
    this.build(view);
  }

  update(update: ViewUpdate): void {
    const { from, to } = update.view.viewport;
    const host = hostOf(update.state);
    const isStale = update.viewportChanged || affects(update, from, to);
    const isBuilt = isStale && inStep(host, update.state.doc) && attempt(host, () => this.build(update.view));
    if (!isBuilt && update.docChanged) {
      this.lines = this.lines.map(update.changes);
      this.markers = this.markers.map(update.changes);
    }
  }

  private build(view: EditorView): void {
    const { state } = view;
    const { engine } = hostOf(state);
    const lines = new RangeSetBuilder<Decoration>();
    const markers = new RangeSetBuilder<Decoration>();
    let before: { level: number; number: number } | null = null;
    for (let position = view.viewport.from; position <= view.viewport.to; ) {
      const line = state.doc.lineAt(position);
      position = line.to + 1;
      if (line.length === 0 || !hasMarker(state, line.from)) {
        before = null;
        continue;
      }
      const format = engine.lineFormat(line.from);
      const classes = lineClass(format);
      if (classes) lines.add(line.from, line.from, cached(lineDecorations, classes, () => Decoration.line({ class: classes })));
      let label = '';
      if (format.list === 'bullet') {
        label = bulletLabel(levelOf(format));
        before = null;
      } else if (format.list === 'number') {
        // An item right after its neighbour goes on from it: a long list without stored numbers is not walked for each of its items.
        const follows: boolean = before !== null && before.level === format.level && format.start === null;
        const number: number = follows && before ? before.number + 1 : itemNumber(state, engine, line.number, format);
        label = numberLabel(number, levelOf(format));
        before = { level: format.level, number };
      } else {
        before = null;
      }
      const item = label
        ? cached(itemDecorations, label, () => Decoration.replace({ widget: new ItemWidget(label) }))
        : hidden;
      markers.add(line.from, line.from + 1, item);
    }
    this.lines = lines.finish();
    this.markers = markers.finish();
  }
}

const plugin = ViewPlugin.fromClass(Markers, {
  provide: (self) => [
    EditorView.decorations.of((view) => view.plugin(self)?.lines ?? Decoration.none),
    EditorView.decorations.of((view) => view.plugin(self)?.markers ?? Decoration.none),
    EditorView.atomicRanges.of((view) => view.plugin(self)?.markers ?? RangeSet.empty),
  ],
});

/** Draws lists and headings, hides their markers and keeps the caret behind them. */
export function markers(): Extension {
  return [plugin, keepCaretBehind];
}
