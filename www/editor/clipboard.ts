// Copy, cut, paste, drag and drop. Markers stay out of what leaves the editor as text, and lists, headings and formats go along as HTML.

import type { EditorState, Extension, SelectionRange } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';
import type { ViewUpdate } from '@codemirror/view';
import { isDetached, runCommand } from './binding';
import { fragmentFromHtml, isEmptyFragment } from './fragment';
import { hostOf } from './host';
import { hasMarker } from './markers';

/** The stretch to copy for a selection: one that begins right behind a marker and goes on to further lines takes the marker along. */
function copied(state: EditorState, range: SelectionRange): { from: number; to: number } {
  const line = state.doc.lineAt(range.from);
  const whole = range.from === line.from + 1 && range.to > line.to && hasMarker(state, line.from);
  return { from: whole ? line.from : range.from, to: range.to };
}

/** Puts a selection on a clipboard or a drag. */
function put(data: DataTransfer, state: EditorState, range: SelectionRange): void {
  const { engine } = hostOf(state);
  const { from, to } = copied(state, range);
  data.clearData();
  data.setData('text/plain', engine.plainText(from, to));
  data.setData('text/html', engine.html(from, to));
}

/** Puts HTML in the place of a stretch of text. Returns whether there was anything in it. */
function insertHtml(view: EditorView, html: string, from: number, to: number): boolean {
  if (html.trim() === '' || isDetached(view)) return false;
  const fragment = fragmentFromHtml(html);
  if (isEmptyFragment(fragment)) return false;
  runCommand(view, (engine) => engine.insertFragment(from, to, fragment));
  return true;
}

const clipboardEvents = EditorView.domEventHandlers({
  copy(event, view) {
    const { main } = view.state.selection;
    if (!event.clipboardData) return false;
    event.preventDefault();
    if (!main.empty) put(event.clipboardData, view.state, main);
    return true;
  },
  cut(event, view) {
    const { main } = view.state.selection;
    if (!event.clipboardData) return false;
    event.preventDefault();
    if (main.empty || view.state.readOnly) return true;
    put(event.clipboardData, view.state, main);
    view.dispatch({ changes: { from: main.from, to: main.to }, userEvent: 'delete.cut', scrollIntoView: true });
    return true;
  },
  paste(event, view) {
    if (view.state.readOnly) return true;
    const html = event.clipboardData?.getData('text/html') ?? '';
    const { from, to } = view.state.selection.main;
    if (!insertHtml(view, html, from, to)) return false;
    event.preventDefault();
    return true;
  },
});

/** Remembers what is being dragged, so that a drop within the editor moves it. */
class Dragging {
  range: { from: number; to: number } | null = null;

  constructor(readonly view: EditorView) {
    // On the element around: CodeMirror's own listener has then put the text there, with the markers, and this one replaces it.
    view.dom.addEventListener('dragstart', this.start);
  }

  destroy(): void {
    this.view.dom.removeEventListener('dragstart', this.start);
  }

  private readonly start = (event: DragEvent): void => {
    const { view } = this;
    const { main } = view.state.selection;
    if (main.empty || !event.dataTransfer || !(event.target instanceof Node) || !view.contentDOM.contains(event.target)) return;
    put(event.dataTransfer, view.state, main);
    event.dataTransfer.effectAllowed = view.state.readOnly ? 'copy' : 'copyMove';
    this.range = { from: main.from, to: main.to };
  };

  update(update: ViewUpdate): void {
    if (!this.range || !update.docChanged) return;
    this.range = { from: update.changes.mapPos(this.range.from, 1), to: update.changes.mapPos(this.range.to, -1) };
  }
}

const dragging = ViewPlugin.fromClass(Dragging, {
  eventHandlers: {
    dragend() {
      this.range = null;
      return false;
    },
    drop(event, view) {
      const source = this.range;
      this.range = null;
      const data = event.dataTransfer;
      if (view.state.readOnly || !data || data.files.length > 0) return false;
      const html = data.getData('text/html');
      const text = data.getData('text/plain').replace(/\r\n?/g, '\n');
      const target = view.posAtCoords({ x: event.clientX, y: event.clientY }, false);
      event.preventDefault();
      if (source && target >= source.from && target <= source.to) return true;
      const move = source !== null && !event.ctrlKey && !event.altKey;
      // The selection goes there first, so that it is where a caret may stand.
      view.dispatch({ selection: { anchor: target }, userEvent: 'select.pointer' });
      if (move) view.dispatch({ changes: source, userEvent: 'move.drop' });
      const { head } = view.state.selection.main;
      if (!insertHtml(view, html, head, head) && text !== '') {
        view.dispatch(view.state.replaceSelection(text), { userEvent: 'input.drop', scrollIntoView: true });
      }
      view.focus();
      return true;
    },
  },
});

/** Line ends of other systems become ours; text is otherwise pasted as it is. */
const normalise = EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, '\n'));

/** The clipboard and dragging. */
export function clipboard(): Extension {
  return [clipboardEvents, dragging, normalise];
}
