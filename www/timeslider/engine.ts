import type { Slider } from 'easysync-wasm/history';
import type { EditorEngine } from '../editor/engine';

function refuse(): never {
  throw new Error('a history cannot be edited');
}

/** What is shown of a history, as the editor reads it. Whatever would change it is refused. */
export function readingEngine(slider: Slider): EditorEngine {
  return {
    get length() {
      return slider.length;
    },
    text: (from, to) => slider.text(from, to),
    runs: (from, to) => slider.runs(from, to),
    attribs: (number) => slider.attribs(number),
    lineFormat: (position) => slider.lineFormat(position),
    html: (from, to) => slider.html(from, to),
    plainText: (from, to) => slider.plainText(from, to),
    exportHtml: (title) => slider.exportHtml(title),
    exportText: () => slider.exportText(),
    hasFormat: () => false,
    formatsAt: () => [],
    canUndo: false,
    canRedo: false,
    edit: refuse,
    toggleFormat: refuse,
    clearFormatting: refuse,
    clearAuthorship: refuse,
    toggleList: refuse,
    indent: refuse,
    setHeading: refuse,
    enter: refuse,
    deleteBackward: refuse,
    insertFragment: refuse,
    undo: refuse,
    redo: refuse,
  };
}
