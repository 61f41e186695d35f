// The difference between the revision that is shown and another one.

import { EditorView } from '@codemirror/view';
import { h } from '../shared/dom';
import { icon } from '../shared/icons';
import { attachPanel } from '../shared/panel';
import { clearChanges, drawDifference } from './changes';
import { grouped } from './dates';
import type { History } from './history';

/** What the comparison needs of the page. */
export interface Surroundings {
  place: HTMLElement;
  ribbon: HTMLElement;
  view: EditorView;
  history: () => History | null;
  /** The comparison has begun, ended, or is with another revision. */
  changed: (base: number | null) => void;
  failed: (error: Error) => void;
}

/** Compares what is shown with another revision as long as that is wanted. */
export class Comparison {
  private revision: number | null = null;
  private fetching = false;
  /** Whether the first difference is still to be brought into sight. */
  private isNew = false;
  private readonly text = h('span', { class: 'comparing-text' });

  constructor(private readonly around: Surroundings) {
    const stop = h('button', { type: 'button', class: 'tool', 'aria-label': 'Stop comparing', title: 'Stop comparing', 'data-testid': 'compare-stop' }, icon('close'));
    stop.addEventListener('click', () => this.set(null));
    around.ribbon.append(icon('compare'), this.text, stop);
    this.attach();
  }

  /** The revision that is compared with; `null` if none is. */
  get base(): number | null {
    return this.revision;
  }

  /** Compares with a revision, or with none. */
  set(base: number | null): void {
    const history = this.around.history();
    this.revision = base === null || !history ? null : Math.min(Math.max(0, Math.floor(base)), history.head);
    this.isNew = this.revision !== null;
    this.around.ribbon.hidden = this.revision === null;
    this.around.changed(this.revision);
    if (this.revision === null) clearChanges(this.around.view);
    else this.draw();
  }

  /** Another revision is shown. */
  draw(): void {
    const history = this.around.history();
    const { revision } = this;
    const rev = history?.rev ?? null;
    if (!history || revision === null || rev === null) return;
    const difference = history.slider.difference(revision, rev);
    if (!difference) {
      this.text.textContent = `Fetching revision ${grouped(revision)}…`;
      void this.fetch(history, revision, rev);
      return;
    }
    const { view } = this.around;
    const { inserted, removed, first } = drawDifference(view, difference);
    if (this.isNew && first !== null) view.dispatch({ effects: EditorView.scrollIntoView(first, { y: 'nearest', yMargin: 80 }) });
    this.isNew = false;
    const amount = inserted + removed === 0 ? 'the same text' : `${grouped(inserted)} added, ${grouped(removed)} removed`;
    this.text.textContent = `From revision ${grouped(revision)} to ${grouped(rev)}: ${amount}`;
  }

  /** The other revision has to be seen once before it is at hand. */
  private async fetch(history: History, base: number, rev: number): Promise<void> {
    if (this.fetching) return;
    this.fetching = true;
    const reached = (await history.reach(base)) && (await history.reach(rev));
    this.fetching = false;
    if (this.around.history() !== history || this.revision !== base) return;
    if (reached && history.slider.difference(base, rev)) {
      this.draw();
      return;
    }
    if (history.isWaiting) return;
    this.set(null);
    this.around.failed(new Error(`Revision ${grouped(base)} could not be fetched.`));
  }

  private attach(): void {
    const button = h('button', { type: 'button', class: 'tool', title: 'Compare', 'aria-label': 'Compare', 'data-testid': 'compare' }, icon('compare'));
    this.around.place.append(h('div', { class: 'menu' }, button));
    const field = h('input', { type: 'number', class: 'field', min: '0', 'aria-label': 'Revision', 'data-testid': 'compare-rev' });
    const go = h('button', { type: 'button', class: 'button button-main', 'data-testid': 'compare-go' }, 'Compare');
    const here = h('button', { type: 'button', class: 'button', 'data-testid': 'compare-here' }, 'With what is shown now');
    const panel = attachPanel(button, 'What has changed since revision', () => {
      const history = this.around.history();
      field.max = String(history?.head ?? 0);
      field.value = String(this.revision ?? Math.max(0, (history?.rev ?? 0) - 1));
    });
    const start = (base: number): void => {
      panel.close();
      this.set(base);
    };
    go.addEventListener('click', () => field.value !== '' && start(Number(field.value)));
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && field.value !== '') start(Number(field.value));
    });
    here.addEventListener('click', () => start(this.around.history()?.rev ?? 0));
    const note = h('p', { class: 'note' }, 'The slider then shows the difference to each revision that you move to.');
    panel.body.append(h('div', { class: 'share-line' }, field, go), here, note);
  }
}
