// HTML from the clipboard or from a file, as a fragment. The HTML is parsed into a document without scripts, loads nothing and is never shown; only its
// text, its lines and a few formats are taken.

import type { FormatName, Fragment, FragmentLine, ListKind } from './engine';

const DROPPED = new Set(
  'script style noscript template head iframe object embed svg math select textarea input button audio video canvas map'.split(' '),
);
const BLOCKS = new Set(
  ('address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header ' +
    'hgroup hr html legend li main menu nav ol p pre section summary table tbody tfoot thead tr ul').split(' '),
);
const FORMAT_TAGS: ReadonlyMap<string, FormatName> = new Map([
  ['b', 'bold'],
  ['strong', 'bold'],
  ['i', 'italic'],
  ['em', 'italic'],
  ['u', 'underline'],
  ['ins', 'underline'],
  ['s', 'strikethrough'],
  ['strike', 'strikethrough'],
  ['del', 'strikethrough'],
]);
const DEEPEST_LEVEL = 16;
/** Deeper elements than this are taken as their text. Nobody nests so deep, and the walk must not run out of stack. */
const DEEPEST_ELEMENT = 400;

/** What holds for the text at one place of the tree. */
interface Context {
  formats: ReadonlySet<FormatName>;
  preformatted: boolean;
  heading: number | null;
  /** The list around, and how deep it is. */
  list: { kind: ListKind; level: number } | null;
  /** The list item around; its first line gets the bullet. */
  item: { started: boolean; start: number | null } | null;
  depth: number;
}

/** Collects lines. A block begins and ends a line, without leaving empty ones behind. */
class Lines {
  readonly done: FragmentLine[] = [];
  private line: FragmentLine = { runs: [] };
  /** Whether the line ends in a space that collapses: it swallows further ones, and goes if the line ends there. */
  private collapsible = false;

  text(text: string, context: Context): void {
    if (context.preformatted) {
      const lines = text.replaceAll('\u00a0', ' ').split(/\r\n|\r|\n/);
      lines.forEach((part, index) => {
        if (index > 0) this.end(context);
        if (part !== '') this.append(part, context);
      });
      return;
    }
    // A no-break space keeps its width, all other space collapses.
    for (const part of text.split(/([ \t\n\r\f]+)/)) {
      if (part === '') continue;
      if (!/^[ \t\n\r\f]/.test(part)) {
        this.append(part.replaceAll('\u00a0', ' '), context);
      } else if (this.line.runs.length > 0 && !this.collapsible) {
        this.append(' ', context);
        this.collapsible = true;
      }
    }
  }

  /** Ends the line, even if it is empty. */
  end(context: Context): void {
    this.own(context);
    this.trim();
    this.done.push(this.line);
    this.line = { runs: [] };
  }

  /** Ends the line if there is something in it. */
  block(context: Context): void {
    this.trim();
    if (this.line.runs.length > 0) this.end(context);
  }

  /** Between the cells of a table. */
  cell(context: Context): void {
    this.trim();
    if (this.line.runs.length > 0) {
      this.append('\t', context);
      this.collapsible = true;
    }
  }

  private append(text: string, context: Context): void {
    const { runs } = this.line;
    if (runs.length === 0) this.own(context);
    this.collapsible = false;
    const formats = [...context.formats];
    const last = runs.at(-1);
    if (last && last.formats.length === formats.length && formats.every((name) => last.formats.includes(name))) {
      last.text += text;
    } else {
      runs.push({ text, formats });
    }
  }

  private trim(): void {
    const { runs } = this.line;
    const last = runs.at(-1);
    if (this.collapsible && last?.text.endsWith(' ')) {
      last.text = last.text.slice(0, -1);
      if (last.text === '') runs.pop();
    }
    this.collapsible = false;
  }

  /** Gives the line the list or heading that it stands in. */
  private own(context: Context): void {
    const { line } = this;
    if (line.list !== undefined || line.heading !== undefined) return;
    if (context.heading !== null) line.heading = context.heading;
    if (!context.list) return;
    const first = context.item !== null && !context.item.started;
    line.list = first ? context.list.kind : 'indent';
    line.level = context.list.level;
    if (first && context.item) {
      context.item.started = true;
      if (context.item.start !== null && context.list.kind === 'number') line.start = context.item.start;
    }
  }
}

/**
 * Renames what a browser would act on when it parses it, even into a document that is not shown: style sheets become scripts, which are not run
 * there, and elements that speak for the whole page lose their voice.
 * The page's content security policy stops all of it anyway, but complains about each. This is for quiet logs, not for safety.
 */
function tame(html: string): string {
  const quiet = html.replace(/<(\/?)style(?=[\s/>])/gi, '<$1script').replace(/<base(?=[\s/>])/gi, '<meta');
  return quiet.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/([\s/"'])(style|http-equiv|on[a-z]+)(?=\s*=)/gi, '$1data-$2'));
}

/** The declarations of a style attribute, read from its text. */
function declarations(element: Element): Map<string, string> {
  const map = new Map<string, string>();
  for (const declaration of (element.getAttribute('data-style') ?? element.getAttribute('style') ?? '').split(';')) {
    const colon = declaration.indexOf(':');
    if (colon < 0) continue;
    map.set(declaration.slice(0, colon).trim().toLowerCase(), declaration.slice(colon + 1).trim().toLowerCase());
  }
  return map;
}

function formatsOf(tag: string, style: Map<string, string>, around: ReadonlySet<FormatName>): ReadonlySet<FormatName> {
  const formats = new Set(around);
  const named = FORMAT_TAGS.get(tag);
  if (named) formats.add(named);
  const set = (name: FormatName, on: boolean): void => {
    if (on) formats.add(name);
    else formats.delete(name);
  };
  const weight = style.get('font-weight');
  if (weight && weight !== 'inherit') set('bold', weight.startsWith('bold') || Number.parseInt(weight, 10) >= 600);
  const slant = style.get('font-style');
  if (slant && slant !== 'inherit') set('italic', slant.startsWith('italic') || slant.startsWith('oblique'));
  const decoration = style.get('text-decoration-line') ?? style.get('text-decoration');
  if (decoration) {
    // A decoration of an inner element adds to those around it; only `none` on the very element takes its own away.
    if (decoration.includes('underline')) formats.add('underline');
    if (decoration.includes('line-through')) formats.add('strikethrough');
    if (decoration.startsWith('none') && named && !around.has(named)) formats.delete(named);
  }
  return formats;
}

function wholeNumber(text: string | null): number | null {
  if (text === null || !/^\s*\d{1,9}\s*$/.test(text)) return null;
  return Number.parseInt(text, 10);
}

/** The context inside an element. */
function inside(element: Element, tag: string, style: Map<string, string>, context: Context): Context {
  const next: Context = { ...context, formats: formatsOf(tag, style, context.formats), depth: context.depth + 1 };
  const space = style.get('white-space');
  if (tag === 'pre' || space?.startsWith('pre')) next.preformatted = true;
  else if (space === 'normal' || space === 'nowrap') next.preformatted = false;
  if (/^h[1-6]$/.test(tag)) next.heading = Number(tag.slice(1));
  if (tag === 'ul' || tag === 'ol' || tag === 'menu') {
    const kind = tag === 'ol' ? 'number' : element.classList.contains('indent') ? 'indent' : 'bullet';
    next.list = { kind, level: Math.min(DEEPEST_LEVEL, (context.list?.level ?? 0) + 1) };
    next.item = null;
  }
  if (tag === 'li') {
    next.list ??= { kind: 'bullet', level: 1 };
    next.item = { started: false, start: itemStart(element) };
  }
  return next;
}

/** The number of an item: its own, or that of its list if it is the first. */
function itemStart(item: Element): number | null {
  const own = wholeNumber(item.getAttribute('value'));
  if (own !== null) return own;
  const list = item.parentElement;
  return list?.firstElementChild === item ? wholeNumber(list.getAttribute('start')) : null;
}

function isHidden(element: Element, style: Map<string, string>): boolean {
  return element.hasAttribute('hidden') || style.get('display') === 'none' || style.get('visibility') === 'hidden';
}

function walk(node: Node, context: Context, lines: Lines): void {
  if (node.nodeType === Node.TEXT_NODE) {
    lines.text(node.nodeValue ?? '', context);
    return;
  }
  if (!(node instanceof Element)) return;
  const tag = node.localName;
  if (DROPPED.has(tag)) return;
  if (tag === 'br') {
    lines.end(context);
    return;
  }
  const style = declarations(node);
  if (isHidden(node, style)) return;
  if (context.depth >= DEEPEST_ELEMENT) {
    lines.text(node.textContent ?? '', context);
    return;
  }
  const block = BLOCKS.has(tag);
  if (block) lines.block(context);
  if (tag === 'td' || tag === 'th') lines.cell(context);
  const within = inside(node, tag, style, context);
  for (const child of node.childNodes) walk(child, within, lines);
  if (!block) return;
  if (tag === 'li' && within.item && !within.item.started) lines.end(within);
  else lines.block(within);
}

/** Reads HTML. Whatever is in it, the result is text, lines and formats, and at least one line. */
export function fragmentFromHtml(html: string): Fragment {
  const { body } = new DOMParser().parseFromString(tame(html), 'text/html');
  const context: Context = { formats: new Set(), preformatted: false, heading: null, list: null, item: null, depth: 0 };
  const lines = new Lines();
  walk(body, context, lines);
  return { lines: lines.done.length > 0 ? lines.done : [{ runs: [] }] };
}

/** Plain text as a fragment. */
export function fragmentFromText(text: string): Fragment {
  const lines = text.split(/\r\n|\r|\n/);
  return { lines: lines.map((line) => ({ runs: line === '' ? [] : [{ text: line, formats: [] }] })) };
}

/** Whether there is anything to insert. */
export function isEmptyFragment(fragment: Fragment): boolean {
  const [first] = fragment.lines;
  return fragment.lines.length <= 1 && (first?.runs.length ?? 0) === 0 && first?.list === undefined && first?.heading === undefined;
}
