// Web addresses in the text. They are text like any other; one can follow them with Ctrl or Cmd and a click, or through the small note that appears at the
// caret, which also serves fingers and keyboards.

import { StateField } from '@codemirror/state';
import type { Extension, Text } from '@codemirror/state';
import { Decoration, EditorView, MatchDecorator, ViewPlugin, showTooltip } from '@codemirror/view';
import type { DecorationSet, Tooltip, ViewUpdate } from '@codemirror/view';

const LONGEST_LINK = 2000;

/** Finds candidates; {@link trimLink} says how much of one belongs to the link. */
const candidates = (): RegExp => new RegExp(`https?://[^\\s<>"'\`\\u0000-\\u001f\\u007f]{1,${LONGEST_LINK}}`, 'giu');

/** A candidate without what rather belongs to the sentence around it: full stops, and closing brackets that were not opened in it. */
export function trimLink(candidate: string): string {
  let link = candidate;
  for (;;) {
    const last = link.at(-1) ?? '';
    if (/[.,;:!?*_~]/.test(last)) {
      link = link.slice(0, -1);
    } else if (last === ')' && count(link, ')') > count(link, '(')) {
      link = link.slice(0, -1);
    } else if (last === ']' && count(link, ']') > count(link, '[')) {
      link = link.slice(0, -1);
    } else {
      return link;
    }
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** The address that a text stands for, if it is one that may be opened. */
export function safeAddress(text: string): string | null {
  try {
    const url = new URL(text);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url.href : null;
  } catch {
    return null;
  }
}

const mark = Decoration.mark({ class: 'es-link' });

const matcher = new MatchDecorator({
  regexp: candidates(),
  maxLength: LONGEST_LINK,
  decorate: (add, from, _to, match) => {
    const link = trimLink(match[0]);
    if (safeAddress(link)) add(from, from + link.length, mark);
  },
});

class Links {
  decorations: DecorationSet;

  constructor(view: EditorView) {
    this.decorations = matcher.createDeco(view);
  }

  update(update: ViewUpdate): void {
    this.decorations = matcher.updateDeco(update, this.decorations);
  }
}

const plugin = ViewPlugin.fromClass(Links, { decorations: (self) => self.decorations });

interface Link {
  from: number;
  to: number;
  address: string;
}

/** The link around a position. Only its neighbourhood is searched: a line may be as long as the document. */
function linkAt(doc: Text, position: number): Link | null {
  const line = doc.lineAt(position);
  const start = Math.max(line.from, position - LONGEST_LINK);
  const text = doc.sliceString(start, Math.min(line.to, position + LONGEST_LINK));
  for (const match of text.matchAll(candidates())) {
    const link = trimLink(match[0]);
    const from = start + match.index;
    const to = from + link.length;
    if (from > position) return null;
    if (position > to) continue;
    const address = safeAddress(link);
    return address === null ? null : { from, to, address };
  }
  return null;
}

/** Opens an address so that the page there knows nothing of this one. */
function open(address: string): void {
  window.open(address, '_blank', 'noopener,noreferrer');
}

function linkNote(link: Link): Tooltip {
  return {
    pos: link.to,
    above: false,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'es-tip es-link-tip';
      const anchor = document.createElement('a');
      anchor.href = link.address;
      anchor.target = '_blank';
      anchor.rel = 'noopener noreferrer';
      anchor.textContent = `Open ${new URL(link.address).hostname}`;
      dom.append(anchor);
      return { dom };
    },
  };
}

const noteAtCaret = StateField.define<{ key: string; tooltip: Tooltip } | null>({
  create: () => null,
  update(value, transaction) {
    if (!transaction.docChanged && !transaction.selection) return value;
    const { main } = transaction.newSelection;
    // While typing, the note would only be in the way.
    const link = main.empty && !transaction.docChanged ? linkAt(transaction.newDoc, main.head) : null;
    if (!link) return null;
    const key = `${link.from} ${link.address}`;
    return value?.key === key ? value : { key, tooltip: linkNote(link) };
  },
  provide: (field) => showTooltip.from(field, (value) => value?.tooltip ?? null),
});

const openOnClick = EditorView.domEventHandlers({
  mousedown(event, view) {
    if (event.button !== 0 || !(event.ctrlKey || event.metaKey)) return false;
    const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
    const link = position === null ? null : linkAt(view.state.doc, position);
    if (!link) return false;
    event.preventDefault();
    open(link.address);
    return true;
  },
});

/** Shows web addresses as links. */
export function links(): Extension {
  return [plugin, noteAtCaret, openOnClick];
}
