// Where others have their carets, and what they have selected. Names stand in attributes that the style sheet draws: they are no part of the text.

import { StateEffect, StateField } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { Decoration, EditorView, WidgetType } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import { contrast, parseColour } from './colour';

/** Somebody's caret; positions of the shown text. */
export interface ShownCaret {
  author: string;
  name: string;
  /** `#rrggbb` */
  color: string;
  anchor: number;
  head: number;
}

const setCarets = StateEffect.define<readonly ShownCaret[]>();

class CaretWidget extends WidgetType {
  constructor(
    readonly style: string,
    readonly name: string,
    /** Its number makes a caret that has moved another one, so that its name is shown again for a while. */
    readonly place: number,
  ) {
    super();
  }

  override eq(other: CaretWidget): boolean {
    return other.style === this.style && other.name === this.name && other.place === this.place;
  }

  override toDOM(): HTMLElement {
    const span = document.createElement('span');
    span.className = `es-caret ${this.style}`;
    span.setAttribute('aria-hidden', 'true');
    span.dataset.name = this.name;
    return span;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

/** One class for each author, in a style sheet of our own: the content security policy needs no exception for colours. */
class CaretStyles {
  private readonly sheet = new CSSStyleSheet();
  private readonly classes = new Map<string, { name: string; color: string }>();

  constructor() {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
  }

  classOf(author: string, color: string): string {
    let known = this.classes.get(author);
    if (known?.color !== color) {
      known = { name: known?.name ?? `es-caret-${this.classes.size}`, color };
      this.classes.set(author, known);
      this.write();
    }
    return known.name;
  }

  private write(): void {
    while (this.sheet.cssRules.length > 0) this.sheet.deleteRule(0);
    for (const { name, color } of this.classes.values()) {
      const rgb = parseColour(color);
      if (!rgb) continue;
      const ink = contrast(rgb, [0, 0, 0]) >= contrast(rgb, [255, 255, 255]) ? 'black' : 'white';
      this.sheet.insertRule(`.${name} { --caret: rgb(${rgb.join(' ')}); --caret-ink: ${ink}; }`);
    }
  }
}

let styles: CaretStyles | null = null;

function decorations(carets: readonly ShownCaret[], length: number): DecorationSet {
  styles ??= new CaretStyles();
  const ranges = [];
  for (const { author, name, color, anchor, head } of carets) {
    const style = styles.classOf(author, color);
    const [from, to] = [Math.min(anchor, head, length), Math.min(Math.max(anchor, head), length)];
    if (from < to) ranges.push(Decoration.mark({ class: `es-caret-selection ${style}` }).range(from, to));
    const at = Math.min(head, length);
    ranges.push(Decoration.widget({ widget: new CaretWidget(style, name, at), side: 1 }).range(at));
  }
  return Decoration.set(ranges, true);
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let next = value.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setCarets)) next = decorations(effect.value, transaction.state.doc.length);
    }
    return next;
  },
  provide: (self) => EditorView.decorations.from(self),
});

/** Draws the carets that `showCarets` tells. */
export function carets(): Extension {
  return field;
}

/** Draws these and no others. */
export function showCarets(view: EditorView, list: readonly ShownCaret[]): void {
  if (list.length === 0 && view.state.field(field).size === 0) return;
  view.dispatch({ effects: setCarets.of(list) });
}
