// How much of the text CodeMirror draws. It draws a thousand pixels more than can be seen, and has no setting for that.

import type { EditorView } from '@codemirror/view';

/** How far beyond what can be seen is drawn on either side right after a change, in pixels. */
const MARGIN = 100;
/** What CodeMirror draws there by itself. */
const ITS_MARGIN = 500;
/** How long after the last change the rest follows, in milliseconds. */
const REST = 300;

/** The part of CodeMirror's own state that chooses what is drawn. It is not among what CodeMirror promises to keep. */
interface Chooser {
  readonly viewport: unknown;
  readonly visibleTop: number;
  readonly visibleBottom: number;
  /** The bias is how far it was scrolled since the last time, in pixels. */
  getViewport(bias: number, target: unknown): unknown;
  /** Asked without a bias after a transaction, about what was drawn before; with one when the page has been laid out. */
  viewportIsAppropriate(viewport: unknown, bias?: number): boolean;
}

function isChooser(value: unknown): value is Chooser {
  if (typeof value !== 'object' || value === null) return false;
  const is = (type: string, ...names: (keyof Chooser)[]): boolean => names.every((name) => typeof Reflect.get(value, name) === type);
  return is('object', 'viewport') && is('number', 'visibleTop', 'visibleBottom') && is('function', 'getViewport', 'viewportIsAppropriate');
}

/**
 * Has a view draw little more than can be seen as long as its text keeps changing, for one whose text often becomes another as a whole: what a frame costs
 * then is what is drawn. When the text rests, or is scrolled, the view draws as much as ever. A CodeMirror that is made differently is left as it is.
 */
export function drawScreenful(view: EditorView): void {
  const chooser: unknown = Reflect.get(view, 'viewState');
  if (!isChooser(chooser)) return;
  const { getViewport, viewportIsAppropriate } = chooser;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isShort = false;
  const rest = (): void => {
    timer = undefined;
    isShort = true;
    view.requestMeasure();
  };
  chooser.getViewport = (bias, target) => {
    isShort = false;
    if (timer === undefined || bias !== 0 || target) return getViewport.call(chooser, bias, target);
    const less = ITS_MARGIN - MARGIN;
    const seen = { visibleTop: { value: chooser.visibleTop + less }, visibleBottom: { value: chooser.visibleBottom - less } };
    return getViewport.call(Object.create(chooser, seen) as Chooser, bias, target);
  };
  chooser.viewportIsAppropriate = (viewport, bias) => {
    if (bias !== undefined) return !isShort && viewportIsAppropriate.call(chooser, viewport, bias);
    if (viewport === chooser.viewport) return viewportIsAppropriate.call(chooser, viewport);
    // The text is another one: however many lines have come in between, those that can be seen are enough.
    clearTimeout(timer);
    timer = setTimeout(rest, REST);
    return false;
  };
}
