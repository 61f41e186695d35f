// What the editor needs of an engine: a part of the class `Pad`. Nothing here is code, so that the editor can be tried with another engine.
//
// All positions and lengths are UTF-16 code units of the text that is shown. That text always ends in "\n"; the editor's own document lacks this last
// newline, and positions are the same in both.

import type { Pad } from 'easysync-wasm';

export type { FormatName, Fragment, FragmentLine, LineFormat, ListKind, Patch } from 'easysync-wasm';

/**
 * The document behind the editor. A command changes it at once; the engine's owner then flushes it, and the patch brings the editor up to date.
 */
export type EditorEngine = Pick<
  Pad,
  | 'length'
  | 'text'
  | 'runs'
  | 'attribs'
  | 'edit'
  | 'toggleFormat'
  | 'hasFormat'
  | 'formatsAt'
  | 'clearFormatting'
  | 'clearAuthorship'
  | 'toggleList'
  | 'indent'
  | 'setHeading'
  | 'lineFormat'
  | 'enter'
  | 'deleteBackward'
  | 'insertFragment'
  | 'html'
  | 'plainText'
  | 'exportHtml'
  | 'exportText'
  | 'undo'
  | 'redo'
  | 'canUndo'
  | 'canRedo'
>;
