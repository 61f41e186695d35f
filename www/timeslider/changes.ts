// What has changed, drawn into the text: what the last step wrote, or what is different from another revision.

import { RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { Decoration, EditorView, WidgetType } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import type { Difference, Patch } from 'easysync-wasm/history';

/** More removed text than this is told by its length. */
const MOST_REMOVED = 2000;
/** A patch with more changes is not the work of a moment, and is not marked. */
const MOST_CHANGES = 24;

const draw = StateEffect.define<DecorationSet>();

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(draw)) return effect.value;
    // Whatever is drawn belongs to one revision.
    return transaction.docChanged ? Decoration.none : value;
  },
  provide: (self) => EditorView.decorations.from(self),
});

class RemovedWidget extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  override eq(other: RemovedWidget): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('del');
    element.className = 'hs-removed';
    const { length } = this.text;
    const shown = length > MOST_REMOVED ? `${this.text.slice(0, MOST_REMOVED)}… (${length - MOST_REMOVED} more)` : this.text;
    element.textContent = shown.replaceAll('\n', '↵\n');
    return element;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

const inserted = Decoration.mark({ class: 'hs-inserted', tagName: 'ins' });
const formatted = Decoration.mark({ class: 'hs-formatted' });
const written = Decoration.mark({ class: 'hs-written' });
const gap = Decoration.widget({
  side: -1,
  widget: new (class extends WidgetType {
    override toDOM(): HTMLElement {
      const element = document.createElement('span');
      element.className = 'hs-gap';
      element.setAttribute('aria-hidden', 'true');
      return element;
    }
  })(),
});

/** How much is different, and where that begins. */
export interface Extent {
  inserted: number;
  removed: number;
  first: number | null;
}

/** Draws a difference into the text of its second revision. */
export function drawDifference(view: EditorView, difference: Difference): Extent {
  const { changes, removed } = difference;
  const ranges = [];
  let taken = 0;
  let shift = 0;
  const extent: Extent = { inserted: 0, removed: 0, first: null };
  const { length: end } = view.state.doc;
  for (let i = 0; i + 2 < changes.length; i += 3) {
    const [from = 0, to = 0, length = 0] = changes.subarray(i, i + 3);
    const at = Math.min(from + shift, end);
    if (to > from) {
      const text = removed.slice(taken, taken + to - from);
      ranges.push(Decoration.widget({ widget: new RemovedWidget(text), side: -1 }).range(at));
    }
    if (length > 0) ranges.push(inserted.range(at, Math.min(at + length, end)));
    extent.first ??= at;
    extent.inserted += length;
    extent.removed += to - from;
    taken += to - from;
    shift += length - (to - from);
  }
  for (let i = 0; i + 1 < difference.formatted.length; i += 2) {
    const [from = 0, to = 0] = difference.formatted.subarray(i, i + 2);
    if (to > from && to <= end) ranges.push(formatted.range(from, to));
  }
  view.dispatch({ effects: draw.of(Decoration.set(ranges.filter((range) => range.from < range.to || range.value.spec.widget), true)) });
  return extent;
}

/** What marks the changes of a patch, and brings the first into sight if `follow`: effects to be dispatched together with the patch. */
export function stepEffects({ changes }: Patch, follow: boolean): StateEffect<unknown>[] {
  if (changes.length === 0 || changes.length > 3 * MOST_CHANGES) return [];
  const builder = new RangeSetBuilder<Decoration>();
  let shift = 0;
  let place: number | null = null;
  for (let i = 0; i + 2 < changes.length; i += 3) {
    const [from = 0, to = 0, length = 0] = changes.subarray(i, i + 3);
    const at = from + shift;
    builder.add(at, at + length, length > 0 ? written : gap);
    place ??= at + length;
    shift += length - (to - from);
  }
  const effects: StateEffect<unknown>[] = [draw.of(builder.finish())];
  if (follow && place !== null) effects.push(EditorView.scrollIntoView(place, { y: 'nearest', yMargin: 80 }));
  return effects;
}

/** Takes away what is drawn. */
export function clearChanges(view: EditorView): void {
  if (view.state.field(field, false)?.size) view.dispatch({ effects: draw.of(Decoration.none) });
}

/** Draws what has changed. */
export function changes(): Extension {
  return field;
}
