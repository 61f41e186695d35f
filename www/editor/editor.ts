// The editor as a page uses it: CodeMirror with everything in this folder.

import { defaultKeymap } from '@codemirror/commands';
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import type { Extension, StateEffect } from '@codemirror/state';
import { EditorView, dropCursor, keymap, lineNumbers, placeholder } from '@codemirror/view';
import type { KeyBinding, ViewUpdate } from '@codemirror/view';
import { affects, binding, detach, isOwn, reload, runCommand, showPatch } from './binding';
import { carets, showCarets } from './carets';
import type { ShownCaret } from './carets';
import { clipboard } from './clipboard';
import * as commands from './commands';
import { fromText, shownText } from './document';
import type { Fragment, Patch } from './engine';
import { authorsChanged, formats } from './formats';
import { hostFacet } from './host';
import type { Host } from './host';
import { links } from './links';
import { markers } from './markers';
import { typing } from './typing';

/** How to set an editor up. */
export interface EditorOptions {
  parent: HTMLElement;
  host: Host;
  /** What a screen reader calls the text. */
  label: string;
  placeholder: string;
  readOnly: boolean;
  lineNumbers: boolean;
  authorColours: boolean;
  /** For the style element that CodeMirror makes. */
  nonce: string;
  /** Keys besides the usual ones. */
  keys: readonly KeyBinding[];
  /** What holds at the caret may have changed. Called within an update: no dispatching from here. */
  changed: () => void;
}

const keys: readonly KeyBinding[] = [
  { key: 'Enter', run: commands.enter, shift: commands.enter },
  { key: 'Backspace', run: commands.deleteBackward, shift: commands.deleteBackward },
  { key: 'Mod-Backspace', mac: 'Alt-Backspace', run: commands.deleteBackward },
  { mac: 'Mod-Backspace', run: commands.deleteBackward },
  { key: 'Delete', run: commands.deleteForward },
  { key: 'Mod-Delete', mac: 'Alt-Delete', run: commands.deleteForward },
  { key: 'Tab', run: commands.tab, shift: commands.shiftTab },
  { key: 'ArrowLeft', run: commands.stepLeft(false), shift: commands.stepLeft(true) },
  { key: 'Mod-ArrowLeft', mac: 'Alt-ArrowLeft', run: commands.stepLeft(false), shift: commands.stepLeft(true) },
  { key: 'ArrowRight', run: commands.stepRight(false), shift: commands.stepRight(true) },
  { key: 'Mod-ArrowRight', mac: 'Alt-ArrowRight', run: commands.stepRight(false), shift: commands.stepRight(true) },
];

/** CodeMirror's commands that move, copy or reindent whole lines know nothing of markers; the plain ones are enough for prose. */
const LINE_COMMANDS = /^(?:(?:Shift-)?Alt-Arrow(?:Up|Down)|Shift-Mod-k|Mod-\[|Mod-\]|Mod-Alt-\\|Mod-Enter|Mod-\/|Alt-A|Ctrl-o|Ctrl-t)$/;
const plainKeys = defaultKeymap.filter(
  ({ key, mac, linux, win }) => ![key, mac, linux, win].some((name) => name !== undefined && LINE_COMMANDS.test(name)),
);

/** What a rehearsal takes: enough to draw every line of a screen anew. */
const PIECE = 20;
const MOST_PIECES = 200;

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

/**
 * Input that the browser must not carry out itself: undo and redo from a menu or the keyboard of a phone, which are the engine's, and
 * typing over a selection, where browsers that join lines write styles into the page to keep the look of the text.
 */
const ownInput = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data } = event;
    if (inputType === 'historyUndo' || inputType === 'historyRedo') {
      event.preventDefault();
      (inputType === 'historyUndo' ? commands.undo : commands.redo)(view);
      return true;
    }
    const replaces = inputType === 'insertText' && data && !event.isComposing && !view.composing;
    if (!replaces || view.state.readOnly || view.state.selection.ranges.every((range) => range.empty)) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

/** The pad's text in a page. */
export class Editor {
  readonly view: EditorView;
  private readonly editing = new Compartment();
  private readonly numbers = new Compartment();
  private readonly colours = new Compartment();
  private readonly look: { numbers: boolean; colours: boolean };

  constructor(private readonly options: EditorOptions) {
    this.look = { numbers: options.lineNumbers, colours: options.authorColours };
    this.view = new EditorView({ state: this.fresh(), parent: options.parent });
  }

  /** Takes the engine's text anew, as after joining again. The view stays where it is as far as possible. */
  reload(): void {
    reload(this.view);
  }

  /** There is no engine until `reload`. The user goes on meanwhile. */
  detach(): void {
    detach(this.view);
  }

  /** Shows what came of other people's changes, or of a command; `effects` speak of the new text. */
  show(patch: Patch, effects: readonly StateEffect<unknown>[] = []): void {
    showPatch(this.view, patch, effects);
  }

  /**
   * Shows pieces of the text anew, which changes nothing that can be seen. The first patch of many parts takes much longer than those after it, since the
   * browser compiles for it what they all take; so this one may come when nobody waits.
   */
  rehearse(): void {
    const { doc } = this.view.state;
    const changes: number[] = [];
    let text = '';
    for (let from = 0; from + 2 * PIECE <= doc.length && changes.length < 3 * MOST_PIECES; from += 2 * PIECE) {
      changes.push(from, from + PIECE, PIECE);
      text += doc.sliceString(from, from + PIECE, '\n');
    }
    this.show({ changes: Uint32Array.from(changes), text, formatted: new Uint32Array(0) });
  }

  /** Names or colours of authors have changed. */
  refreshAuthors(): void {
    this.view.dispatch({ effects: authorsChanged.of(null) });
  }

  /** Shows where others have their carets. */
  showCarets(list: readonly ShownCaret[]): void {
    showCarets(this.view, list);
  }

  /** Puts rich text in the place of everything that is there. */
  replaceAll(fragment: Fragment): void {
    if (this.view.state.readOnly) return;
    runCommand(this.view, (engine) => engine.insertFragment(0, this.view.state.doc.length, fragment));
    this.view.focus();
  }

  /** Whether any of a stretch is drawn, or close to it. */
  shows(from: number, to: number): boolean {
    const { viewport } = this.view;
    return from <= viewport.to && to >= viewport.from;
  }

  /** Calls `listener` when the view is scrolled. */
  onScroll(listener: () => void): void {
    this.view.scrollDOM.addEventListener('scroll', listener, { passive: true });
  }

  setReadOnly(readOnly: boolean): void {
    if (this.view.state.readOnly !== readOnly) this.view.dispatch({ effects: this.editing.reconfigure(editingExtension(readOnly)) });
  }

  setLineNumbers(on: boolean): void {
    if (on === this.look.numbers) return;
    this.look.numbers = on;
    this.view.dispatch({ effects: this.numbers.reconfigure(on ? lineNumbers() : []) });
  }

  setAuthorColours(on: boolean): void {
    if (on === this.look.colours) return;
    this.look.colours = on;
    this.view.dispatch({ effects: this.colours.reconfigure(coloursExtension(on)) });
  }

  openSearch(): void {
    openSearchPanel(this.view);
  }

  /** The text that is shown. */
  get text(): string {
    return fromText(this.view.state.doc);
  }

  destroy(): void {
    this.view.destroy();
  }

  private fresh(): EditorState {
    const { host, label, nonce, changed, readOnly, lineNumbers: numbers, authorColours: colours } = this.options;
    const extensions: Extension[] = [
      EditorState.lineSeparator.of('\n'),
      hostFacet.of(host),
      nonce === '' ? [] : EditorView.cspNonce.of(nonce),
      Prec.highest(binding()),
      typing(),
      markers(),
      formats(),
      links(),
      carets(),
      clipboard(),
      ownInput,
      Prec.high(keymap.of(keys)),
      keymap.of([...this.options.keys, ...searchKeymap, ...plainKeys]),
      search({ top: true }),
      EditorState.phrases.of(PHRASES),
      highlightSelectionMatches({ minSelectionLength: 3 }),
      dropCursor(),
      // What a part of the editor throws is not for the console alone.
      EditorView.exceptionSink.of((error) => reportError(error)),
      EditorView.lineWrapping,
      EditorView.perLineTextDirection.of(true),
      placeholder(this.options.placeholder),
      EditorView.contentAttributes.of({
        'aria-label': label,
        lang: navigator.language,
        spellcheck: 'true',
        autocorrect: 'on',
        autocapitalize: 'sentences',
        'data-testid': 'text',
      }),
      this.editing.of(editingExtension(readOnly)),
      this.numbers.of(numbers ? lineNumbers() : []),
      this.colours.of(coloursExtension(colours)),
      EditorView.updateListener.of((update: ViewUpdate) => {
        if (concernsCaret(update)) changed();
      }),
    ];
    return EditorState.create({ doc: shownText(host.engine), extensions });
  }
}

/** Whether an update may change what holds at the caret. What others write elsewhere does not, and comes in often. */
function concernsCaret(update: ViewUpdate): boolean {
  if (update.transactions.some((transaction) => isOwn(transaction))) return true;
  const { doc, selection } = update.state;
  return affects(update, doc.lineAt(selection.main.from).from, doc.lineAt(selection.main.to).to);
}

function coloursExtension(on: boolean): Extension {
  return on ? EditorView.editorAttributes.of({ class: 'es-colours' }) : [];
}

function editingExtension(readOnly: boolean): Extension {
  // A text that cannot be edited can still be focused, searched and copied with the keyboard.
  return readOnly
    ? [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: '0' })]
    : [];
}
