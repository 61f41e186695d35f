// Files in and out.

import type { Editor } from '../editor';
import { fragmentFromHtml, fragmentFromText } from '../editor';
import type { Fragment } from '../editor/engine';
import { download, h } from '../shared/dom';
import { PAD_FILES, fileField, unpacked } from '../shared/files';
import { icon } from '../shared/icons';
import { padAddress } from '../shared/page';
import { attachPanel, confirmDialog } from '../shared/panel';
import type { Panel } from '../shared/panel';
import { record, text } from '../../npm/lib/roster';
import type { Session } from './session';

/** Larger files are refused: they would only be refused by the server, piece by piece. */
const LARGEST_FILE = 20_000_000;

/** Why the server does not take a file, by the name that it gives. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['padHasData', 'somebody has written in this pad already; open a new one for it'],
  ['maxFileSize', 'it is too large'],
  ['permission', 'that is not allowed here'],
]);

interface Exchange {
  session: Session;
  editor: Editor;
  /** The origin of the server, or nothing for the page's own. */
  server: string;
  failed: (error: Error) => void;
}

/** Puts the button and its panel into `place`. */
export function attachExchange(place: HTMLElement, exchange: Exchange): void {
  const { session, server } = exchange;
  const title = session.readOnly ? 'Export' : 'Import and export';
  const button = h('button', { type: 'button', class: 'tool', title, 'aria-label': title, 'data-testid': 'exchange' }, icon('exchange'));
  place.append(h('div', { class: 'menu' }, button));
  const panel = attachPanel(button, title);
  const name = session.padName;
  const text = exportButton('Plain text', 'export-txt', () =>
    download(`${name}.txt`, 'text/plain;charset=utf-8', session.engine.exportText()),
  );
  const html = exportButton('HTML', 'export-html', () =>
    download(`${name}.html`, 'text/html;charset=utf-8', session.engine.exportHtml(name)),
  );
  const whole = h(
    'a',
    { class: 'button', href: exportAddress(server, name), download: `${name}.etherpad`, 'data-testid': 'export-etherpad' },
    'Whole history (.etherpad)',
  );
  panel.body.append(h('h3', {}, 'Export'), h('div', { class: 'stack' }, text, html, whole));
  if (!session.readOnly) panel.body.append(h('h3', {}, 'Import'), importPart(exchange, panel));
}

/** Where a server gives out a pad with its history. */
function exportAddress(server: string, name: string): string {
  const rest = '/export/etherpad';
  return server === '' ? padAddress(name, rest) : `${server}/p/${encodeURIComponent(name)}${rest}`;
}

function exportButton(label: string, testId: string, run: () => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'button', 'data-testid': testId }, label);
  button.addEventListener('click', run);
  return button;
}

function importPart(exchange: Exchange, panel: Panel): HTMLElement {
  const { session, server, failed } = exchange;
  const entry = (label: string, field: HTMLInputElement, note: string): Node[] => {
    const choose = h('button', { type: 'button', class: 'button' }, label);
    choose.addEventListener('click', () => field.click());
    return [choose, field, h('p', { class: 'note' }, note)];
  };
  const start = (work: Promise<void>): void => {
    panel.close();
    work.catch((error: unknown) => failed(error instanceof Error ? error : new Error(String(error))));
  };
  const plain = fileField('.txt,.text,.md,.html,.htm,text/plain,text/html', 'import-file', (file) => start(importFile(exchange, file)));
  const part = h('div', { class: 'stack' }, ...entry('Text or HTML file…', plain, 'The file replaces the text of the pad. Undo brings the old text back.'));
  if (server === '') {
    const history = fileField(PAD_FILES, 'import-etherpad', (file) => start(importHistory(session.padName, file)));
    part.append(...entry('Whole history (.etherpad)…', history, 'For a pad that nobody has written in yet.'));
  }
  return part;
}

/** Makes the pad anew on the server, with all revisions of a file, and shows it. */
async function importHistory(name: string, file: File): Promise<void> {
  const body = new FormData();
  body.append('file', await new Response(await unpacked(file)).blob());
  const response = await fetch(padAddress(name, '/import'), { method: 'POST', body });
  const { code, message, detail } = record(await response.json());
  if (code !== 0) throw new Error(`“${file.name}” was not imported: ${REFUSALS.get(text(message) ?? '') ?? text(detail) ?? `the server said ${response.status}`}.`);
  location.reload();
}

/** The file as a fragment. What is HTML is told by its name, or else by its type. */
async function readFragment(file: File): Promise<Fragment> {
  const bytes = await file.arrayBuffer();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`“${file.name}” is not a text file in UTF-8.`);
  }
  const html = /\.html?$/i.test(file.name) || (file.type === 'text/html' && !/\.(?:txt|text|md)$/i.test(file.name));
  return html ? fragmentFromHtml(text) : fragmentFromText(text.replace(/(?:\r\n|\r|\n)$/, ''));
}

async function importFile({ editor }: Exchange, file: File): Promise<void> {
  if (file.size > LARGEST_FILE) throw new Error(`“${file.name}” is larger than ${LARGEST_FILE / 1_000_000} MB.`);
  const fragment = await readFragment(file);
  if (!(await confirmDialog('Replace the text?', `Everybody will see the text of “${file.name}” instead of what is here now.`, 'Replace'))) return;
  editor.replaceAll(fragment);
}
