// How much of the text CodeMirror draws. It draws a thousand pixels more than can be seen, and has no setting for that.

import type { EditorView } from '@codemirror/view';

/** How far beyond what can be seen is drawn on either side right after a change, in pixels. */
const MARGIN = 100;
/** What CodeMirror draws there by itself. */
const ITS_MARGIN = 500;
/** How long after the last change the rest follows, in milliseconds. */
const REST = 300;

/** The part of CodeMirror's own state that chooses what is drawn. It is not among what CodeMirror promises to keep. Heights are in pixels. */
interface Chooser {
  readonly viewport: unknown;
  readonly visibleTop: number;
  readonly visibleBottom: number;
  /** What is in sight, from the start of the text on. */
  pixelViewport: { readonly top: number; readonly bottom: number };
  scrollOffset: number;
  readonly editorHeight: number;
  /** The height of text and padding. */
  readonly contentHeight: number;
  readonly heightMap: { readonly height: number };
  /** Between a transaction and the next measuring: the place that stays where it is on the screen, a position or -1 for the end of the text. */
  readonly scrollAnchorPos: number;
  /** How far down that place was before the transaction; negative if none is to stay. */
  scrollAnchorHeight: number;
  lineBlockAt(position: number): { readonly top: number };
  /** The bias is how far it was scrolled since the last time, in pixels. */
  getViewport(bias: number, target: unknown): unknown;
  /** Asked without a bias after a transaction, about what was drawn before; with one when the page has been laid out. */
  viewportIsAppropriate(viewport: unknown, bias?: number): boolean;
}

function isChooser(value: unknown): value is Chooser {
  if (typeof value !== 'object' || value === null) return false;
  const is = (type: string, ...names: (keyof Chooser)[]): boolean => names.every((name) => typeof Reflect.get(value, name) === type);
  return (
    is('object', 'viewport', 'pixelViewport', 'heightMap') &&
    is('number', 'visibleTop', 'visibleBottom', 'scrollOffset', 'editorHeight', 'contentHeight', 'scrollAnchorPos', 'scrollAnchorHeight') &&
    is('function', 'lineBlockAt', 'getViewport', 'viewportIsAppropriate')
  );
}

/** How far the view has to be scrolled after a transaction so that the text at its top stays there, in pixels. */
function wayToScroll(chooser: Chooser): number {
  const { scrollAnchorPos: place, scrollAnchorHeight: before, scrollOffset, editorHeight, contentHeight } = chooser;
  if (before < 0) return 0;
  // The lines that it has at hand are of the text before.
  const fresh = Object.create(chooser, { viewportLines: { value: [] } }) as Chooser;
  const now = place < 0 ? chooser.heightMap.height : fresh.lineBlockAt(place).top;
  const lowest = Math.max(0, contentHeight - editorHeight);
  return Math.min(Math.max(0, scrollOffset + now - before), lowest) - scrollOffset;
}

/**
 * Has a view draw little more than can be seen as long as its text keeps changing, for one whose text often becomes another as a whole: what a frame costs
 * then is what is drawn. When the text rests, or is scrolled, the view draws as much as ever. A CodeMirror that is made differently is left as it is.
 *
 * The result is to be called after each such change. It scrolls to where the text at the top has gone: CodeMirror finds that out when it has drawn what
 * is seen from where the view was, and draws again.
 */
export function drawScreenful(view: EditorView): () => void {
  const chooser: unknown = Reflect.get(view, 'viewState');
  if (!isChooser(chooser)) return () => undefined;
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
    const way = wayToScroll(chooser);
    const less = ITS_MARGIN - MARGIN;
    const seen = { visibleTop: { value: chooser.visibleTop + way + less }, visibleBottom: { value: chooser.visibleBottom + way - less } };
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
  return () => {
    const way = wayToScroll(chooser);
    if (Math.abs(way) < 1) return;
    const { pixelViewport } = chooser;
    chooser.pixelViewport = { ...pixelViewport, top: pixelViewport.top + way, bottom: pixelViewport.bottom + way };
    chooser.scrollOffset += way;
    chooser.scrollAnchorHeight = -1;
    view.scrollDOM.scrollTop = chooser.scrollOffset;
  };
}
