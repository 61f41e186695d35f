// Draws the formats and authors of the text that is on the screen. Its cost is bounded by the screen, not by the document.

import { RangeSetBuilder, StateEffect } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, hoverTooltip } from '@codemirror/view';
import type { DecorationSet, ViewUpdate } from '@codemirror/view';
import { AuthorStyles } from './authors';
import { affects } from './binding';
import type { EditorEngine, FormatName } from './engine';
import { attempt, hostOf, inStep } from './host';

/** The formats that are drawn. Whatever else a document holds is left alone: no name from a document becomes a class. */
const FORMATS: readonly FormatName[] = ['bold', 'italic', 'underline', 'strikethrough'];

const CLASSES: ReadonlyMap<string, string> = new Map(FORMATS.map((name) => [name as string, `es-${name}`]));

/** Says that names or colours of authors have changed. */
export const authorsChanged = StateEffect.define<null>();

class Formats {
  decorations: DecorationSet = Decoration.none;
  readonly styles: AuthorStyles;
  private engine: EditorEngine;
  private cache = new Map<number, Decoration | null>();

  constructor(view: EditorView) {
    const host = hostOf(view.state);
    this.styles = new AuthorStyles(host);
    this.engine = host.engine;
    if (inStep(host, view.state.doc)) this.build(view);
  }

  update(update: ViewUpdate): void {
    for (const transaction of update.transactions) {
      if (transaction.effects.some((effect) => effect.is(authorsChanged))) this.styles.refresh();
    }
    const { from, to } = update.view.viewport;
    const stale = update.viewportChanged || affects(update, from, to);
    const host = hostOf(update.state);
    const isBuilt = stale && inStep(host, update.state.doc) && attempt(host, () => this.build(update.view));
    if (!isBuilt && update.docChanged) this.decorations = this.decorations.map(update.changes);
  }

  destroy(): void {
    this.styles.destroy();
  }

  private build(view: EditorView): void {
    const { engine } = hostOf(view.state);
    if (engine !== this.engine) {
      this.engine = engine;
      this.cache = new Map();
    }
    const builder = new RangeSetBuilder<Decoration>();
    for (const { from, to } of view.visibleRanges) {
      if (from === to) continue;
      const runs = engine.runs(from, to);
      let position = from;
      for (let i = 0; i + 1 < runs.length && position < to; i += 2) {
        const end = Math.min(to, position + (runs[i] ?? 0));
        const decoration = this.decoration(runs[i + 1] ?? 0);
        if (decoration && end > position) builder.add(position, end, decoration);
        position = end;
      }
    }
    this.decorations = builder.finish();
  }

  private decoration(id: number): Decoration | null {
    let decoration = this.cache.get(id);
    if (decoration === undefined) {
      decoration = this.decorationFor(this.engine.attribs(id));
      this.cache.set(id, decoration);
    }
    return decoration;
  }

  private decorationFor(attribs: string[]): Decoration | null {
    const names: string[] = [];
    for (let i = 0; i + 1 < attribs.length; i += 2) {
      const key = attribs[i] ?? '';
      const value = attribs[i + 1] ?? '';
      const format = CLASSES.get(key);
      if (format && value !== '' && value !== 'false') names.push(format);
      if (key === 'author' && value !== '') names.push(this.styles.classOf(value));
    }
    return names.length > 0 ? Decoration.mark({ class: names.join(' ') }) : null;
  }
}

const plugin = ViewPlugin.fromClass(Formats, { decorations: (self) => self.decorations });

/** Names the author of the text under the pointer. */
const authorTooltip = hoverTooltip(
  (view, position, side) => {
    if (!view.dom.classList.contains('es-colours')) return null;
    const { node } = view.domAtPos(position, side < 0 ? -1 : 1);
    const element = (node instanceof Element ? node : node.parentElement)?.closest('.es-author');
    const id = element ? view.plugin(plugin)?.styles.authorOf(element) : undefined;
    const name = id === undefined ? null : hostOf(view.state).author(id)?.name;
    if (!name) return null;
    return {
      pos: position,
      above: true,
      create: () => {
        const dom = document.createElement('div');
        dom.className = 'es-tip';
        dom.textContent = name;
        return { dom };
      },
    };
  },
  { hoverTime: 700, hideOnChange: true },
);

/** Draws character formats and authors. */
export function formats(): Extension {
  return [plugin, authorTooltip];
}
