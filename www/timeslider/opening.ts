// Files that are opened by the picker or dropped onto the page.

import type { EasysyncError, Slider } from 'easysync-wasm';
import { h } from '../shared/dom';
import { icon } from '../shared/icons';
import { grouped } from './dates';
import { readHistory } from './reading';
import type { Progress } from './reading';

/** What a host of files needs to give. */
export interface Opening {
  /** Where progress is shown. */
  notices: HTMLElement;
  opened: (name: string, slider: Slider) => void;
  failed: (error: Error) => void;
}

/** Takes files, one at a time. */
export class Opener {
  private readonly input = h('input', { type: 'file', accept: '.etherpad,.gz,application/json,application/gzip', hidden: true, 'data-testid': 'open-file' });
  private running: AbortController | null = null;

  constructor(private readonly opening: Opening) {
    document.body.append(this.input);
    this.input.addEventListener('change', () => {
      const file = this.input.files?.[0];
      // So that the same file can be chosen again.
      this.input.value = '';
      if (file) void this.open(file);
    });
    addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      document.documentElement.classList.add('dropping');
    });
    addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) document.documentElement.classList.remove('dropping');
    });
    addEventListener('drop', (event) => {
      document.documentElement.classList.remove('dropping');
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void this.open(file);
    });
  }

  /** Lets the user choose a file. */
  choose(): void {
    this.input.click();
  }

  /** Reads a file; one that is being read is given up. */
  async open(file: File): Promise<void> {
    this.running?.abort();
    const control = new AbortController();
    this.running = control;
    const banner = new Banner(file.name, () => control.abort());
    this.opening.notices.append(banner.element);
    try {
      const slider = await readHistory(file, (progress) => banner.show(progress), control.signal);
      if (control.signal.aborted) slider?.free();
      else if (slider) this.opening.opened(file.name.replace(/\.gz$/i, '').replace(/\.etherpad$/i, ''), slider);
    } catch (error) {
      if (!control.signal.aborted) this.opening.failed(described(file.name, error));
    } finally {
      banner.element.remove();
      if (this.running === control) this.running = null;
    }
  }
}

/** What is wrong with a file, for people: the record, and what the matter is with it. */
function described(name: string, error: unknown): Error {
  const { code, record, message } = error as Partial<EasysyncError>;
  const what = message ?? String(error);
  if (code === 'not-a-pad-file' && record?.startsWith('(first)')) return new Error(`“${name}” is not a .etherpad file.`);
  if (record === undefined) return new Error(`“${name}” cannot be read: ${what}`);
  return new Error(`“${name}” cannot be shown. Record ${record}: ${what.replace(`record ${record}: `, '')}.`);
}

/** Shows how far the reading is, and cancels it. */
class Banner {
  readonly element: HTMLElement;
  private readonly text = h('p', { class: 'notice-text', 'data-testid': 'progress-text' });
  private readonly bar = h('progress', { class: 'reading-bar', max: '1', 'aria-label': 'Reading the file' });

  constructor(
    private readonly name: string,
    cancel: () => void,
  ) {
    const button = h('button', { type: 'button', class: 'button', 'data-testid': 'cancel' }, 'Cancel');
    button.addEventListener('click', cancel);
    this.text.textContent = `Reading “${name}”…`;
    this.element = h('div', { class: 'notice notice-reading', 'data-testid': 'progress' }, icon('open'), this.text, this.bar, button);
  }

  show({ done, total, rate, left }: Progress): void {
    const parts = [total === null ? `${grouped(done)} revisions` : `${grouped(done)} of ${grouped(total)} revisions`];
    if (done > 0) parts.push(`${grouped(Math.round(rate))} a second`);
    if (left !== null && done > 0) parts.push(`${grouped(Math.ceil(left))} s left`);
    this.text.textContent = `Reading “${this.name}”: ${parts.join(' · ')}`;
    if (total) this.bar.value = done / total;
  }
}
