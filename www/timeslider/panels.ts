// The panels at the top: who wrote what is shown, and files out.

import { download, h } from '../shared/dom';
import { icon } from '../shared/icons';
import { padAddress } from '../shared/page';
import { attachPanel } from '../shared/panel';
import { writerName } from './blame';
import { grouped } from './dates';
import type { History } from './history';

/** More authors than this are told by their number. */
const MOST_AUTHORS = 100;
const LEGEND_DELAY = 120;

/** Puts the legend's button into `place`. Returns what is to be called when something else is shown. */
export function attachLegend(place: HTMLElement, history: () => History | null): () => void {
  const button = h('button', { type: 'button', class: 'tool', title: 'Authors', 'aria-label': 'Authors', 'data-testid': 'authors' }, icon('people'));
  place.append(h('div', { class: 'menu' }, button));
  const list = h('ul', { class: 'people', 'data-testid': 'author-list' });
  const draw = (): void => {
    const current = history();
    if (!panel.isOpen || !current) return;
    const shares = current.slider.authorShares();
    const all = shares.reduce((sum, share) => sum + share.length, 0);
    const rows = shares.slice(0, MOST_AUTHORS).map(({ author, length }) => {
      const swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.backgroundColor = current.writer(author).color;
      const name = h('span', { class: 'person-name', dir: 'auto' }, writerName(current, author));
      return h('li', { class: 'person' }, swatch, name, h('span', { class: 'person-note', title: `${grouped(length)} characters` }, percent(length / all)));
    });
    if (rows.length === 0) rows.push(h('li', { class: 'people-note' }, 'No text here has an author.'));
    if (shares.length > MOST_AUTHORS) rows.push(h('li', { class: 'people-note' }, `and ${grouped(shares.length - MOST_AUTHORS)} more`));
    list.replaceChildren(...rows);
  };
  const panel = attachPanel(button, 'Whose text this is', () => requestAnimationFrame(draw));
  panel.body.append(list);
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (!panel.isOpen) return;
    // While the slider is dragged, once in a while is enough.
    timer ??= setTimeout(() => {
      timer = undefined;
      draw();
    }, LEGEND_DELAY);
  };
}

const share = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });

function percent(part: number): string {
  return part > 0 && part < 0.01 ? `< ${share.format(0.01)}` : share.format(part);
}

/** Puts the button for exports into `place`. */
export function attachExport(place: HTMLElement, server: string, history: () => History | null): void {
  const button = h('button', { type: 'button', class: 'tool', title: 'Export', 'aria-label': 'Export', 'data-testid': 'export' }, icon('exchange'));
  place.append(h('div', { class: 'menu' }, button));
  const panel = attachPanel(button, 'Export', () => {
    const current = history();
    if (!current || current.rev === null) {
      panel.body.replaceChildren(h('p', { class: 'note' }, 'There is nothing to export yet.'));
      return;
    }
    const { name, rev, slider } = current;
    const file = `${name}-revision-${rev}`;
    const text = exportButton('Plain text', 'export-txt', () => download(`${file}.txt`, 'text/plain;charset=utf-8', slider.exportText()));
    const html = exportButton('HTML', 'export-html', () => download(`${file}.html`, 'text/html;charset=utf-8', slider.exportHtml(`${name}, revision ${rev}`)));
    panel.body.replaceChildren(h('h3', {}, `Revision ${grouped(rev)}, as it is shown`), h('div', { class: 'stack' }, text, html));
    if (current.isFile) return;
    const href = server === '' ? padAddress(name, '/export/etherpad') : `${server}/p/${encodeURIComponent(name)}/export/etherpad`;
    const whole = h('a', { class: 'button', href, download: `${name}.etherpad`, 'data-testid': 'export-etherpad' }, 'Whole history (.etherpad)');
    panel.body.append(h('h3', {}, 'All revisions'), h('div', { class: 'stack' }, whole));
  });
}

function exportButton(label: string, testId: string, run: () => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'button', 'data-testid': testId }, label);
  button.addEventListener('click', run);
  return button;
}
