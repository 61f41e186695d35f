import { Text } from '@codemirror/state';
import type { EditorEngine } from './engine';

/** A string as CodeMirror's text. Only "\n" separates lines: "\r" is a character like any other. */
export function toText(text: string): Text {
  return Text.of(text.split('\n'));
}

/** A piece of CodeMirror's text as a string. */
export function fromText(text: Text): string {
  return text.sliceString(0, text.length, '\n');
}

/** The engine's text without the newline at its end. This is the only place where that newline is taken away; nothing puts it back. */
export function shownText(engine: EditorEngine): Text {
  return toText(engine.text(0, Math.max(0, engine.length - 1)));
}
