// Shows how far long work on revisions is, and lets the user stop it.

import type { Progress } from 'easysync-wasm';
import { h } from './dom';
import { icon } from './icons';
import { duration, grouped } from './numbers';

/** How far it is. */
export interface Stand {
  /** Revisions done. */
  done: number;
  /** How many there are, once that is known. */
  total: number | null;
  /** Revisions a second. */
  rate: number;
  /** Seconds, once that can be told. */
  left: number | null;
}

/** What the work is called, and what can be done about it. */
export interface Work {
  /** As in “Catching up”. */
  name: string;
  cancel: () => void;
  /** Goes on after a stop, or tries again after a failure. */
  resume: () => void;
}

/** How long something may take before it is worth a word, in milliseconds. */
const DELAY = 500;

/** A line above the text, there while there is something to tell. A failure has a line of its own, and stays until somebody has seen it. */
export class Banner {
  private readonly text = h('p', { class: 'notice-text', 'data-testid': 'progress-text' });
  private readonly bar: HTMLProgressElement;
  private readonly cancel: HTMLButtonElement;
  private readonly resume: HTMLButtonElement;
  private readonly element: HTMLElement;
  private failure: HTMLElement | null = null;
  private error: Error | null = null;
  private state: 'none' | 'soon' | 'running' | 'stopped' = 'none';
  private last: Stand = { done: 0, total: null, rate: 0, left: null };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly place: HTMLElement,
    private readonly work: Work,
  ) {
    this.bar = h('progress', { class: 'progress-bar', max: '1', 'aria-label': work.name });
    this.cancel = button('Cancel', 'cancel', work.cancel);
    this.resume = button('Go on', 'resume', () => {
      this.done();
      work.resume();
    });
    this.element = h('div', { class: 'notice notice-progress', role: 'group', 'aria-label': work.name, 'data-testid': 'progress' });
  }

  /** Whether it has told of this error already. */
  tells(error: Error): boolean {
    return this.error === error;
  }

  /** Shows how a round stands, or how it ended. */
  show(progress: Progress): void {
    if (progress.state === 'running') this.running(progress);
    else if (progress.state === 'cancelled') this.stopped(progress);
    else if (progress.state === 'failed' && progress.error) this.failed(progress, progress.error);
    else this.done();
  }

  /** The work goes on. It is told of only if it takes its time, or `now`. */
  running(stand: Stand, now = false): void {
    this.last = stand;
    if (this.state === 'running') {
      this.draw();
    } else if (now) {
      this.open();
    } else if (this.state !== 'soon') {
      this.done();
      this.state = 'soon';
      this.timer = setTimeout(() => this.open(), DELAY);
    }
  }

  /** The user has stopped it. */
  stopped(stand: Stand): void {
    clearTimeout(this.timer);
    this.state = 'stopped';
    this.text.textContent = `${this.work.name} was stopped${reached(stand)}.`;
    this.put(icon('pause'), this.text, this.resume);
  }

  /** It has failed. */
  failed(stand: Stand, error: Error): void {
    this.done();
    this.failure?.remove();
    this.error = error;
    const text = `${this.work.name} failed${reached(stand)}: ${error.message.replace(/\.$/, '')}.`;
    const close = h('button', { type: 'button', class: 'tool', 'aria-label': 'Dismiss' }, icon('close'));
    const again = button('Try again', 'again', () => {
      notice.remove();
      this.work.resume();
    });
    const notice = h('div', { class: 'notice', role: 'alert', 'data-testid': 'failure' }, icon('warning'), h('p', { class: 'notice-text' }, text), again, close);
    close.addEventListener('click', () => notice.remove());
    this.failure = notice;
    this.place.append(notice);
  }

  /** There is nothing more to tell. */
  done(): void {
    clearTimeout(this.timer);
    this.state = 'none';
    this.element.remove();
  }

  private open(): void {
    this.state = 'running';
    this.draw();
    this.put(icon('busy'), this.text, this.bar, this.cancel);
  }

  private put(...parts: Node[]): void {
    this.element.dataset.state = this.state;
    this.element.replaceChildren(...parts);
    if (!this.element.isConnected) this.place.append(this.element);
  }

  private draw(): void {
    const { done, total, rate, left } = this.last;
    const parts = [total === null ? `${grouped(done)} revisions` : `${grouped(done)} of ${grouped(total)} revisions`];
    if (done > 0) parts.push(`${grouped(Math.round(rate))} a second`);
    if (left !== null && done > 0) parts.push(`${duration(left)} left`);
    this.text.textContent = `${this.work.name}: ${parts.join(' · ')}`;
    if (total === null) this.bar.removeAttribute('value');
    else this.bar.value = total > 0 ? done / total : 1;
  }
}

function button(label: string, testId: string, run: () => void): HTMLButtonElement {
  const element = h('button', { type: 'button', class: 'button', 'data-testid': testId }, label);
  element.addEventListener('click', run);
  return element;
}

function reached({ done, total }: Stand): string {
  return total === null ? '' : ` after ${grouped(done)} of ${grouped(total)} revisions`;
}
