// Messages above the text that stay until somebody has read them.

import { h } from '../shared/dom';
import { icon } from '../shared/icons';
import { takeAway } from './report';

/** Why a session ended for good, and what can be done about it. */
const REASONS: ReadonlyMap<string, readonly [title: string, text: string]> = new Map([
  ['userdup', ['This pad is open in another window', 'You are connected there. Reload to go on here instead.']],
  ['deleted', ['This pad was deleted, or another was put in its place', 'What you see is only in this page now. Copy or download it if you want to keep it.']],
  ['denied', ['You have no access to this pad', 'The server does not let you in with the rights that you have.']],
  ['rejected', ['The server refused the connection', 'Reload to try again.']],
  ['rateLimited', ['The server is getting too many messages from here', 'Wait a moment, then reload.']],
  ['badChangeset', ['The server refused a change', 'Editing has been stopped so that nothing gets mixed up. Copy your text, then reload.']],
  ['desynchronised', ['This page and the server no longer agree', 'Editing has been stopped so that nothing gets mixed up. Copy your text, then reload.']],
  ['corruptPad', ['The server cannot read this pad', 'Whoever runs the server has to repair it. Your text is still in this page.']],
  ['updateInProgress', ['The server is being updated', 'Reload in a few minutes.']],
  ['engine', ['This page has stopped working', 'It was restarted several times, and failed again. Copy your text, then reload.']],
  ['initsocketfail', ['The server cannot be reached', 'Check your connection, then reload.']],
  ['slowcommit', ['The server does not answer', 'Your last changes may not have arrived. Copy your text, then reload.']],
]);

const UNKNOWN = ['The connection to this pad has ended', 'Reload to connect again.'] as const;

/** The text of a page whose session has ended, to be taken along. */
export interface Remains {
  padName: string;
  text: () => string;
  /** Shows a report of what happened. */
  report?: () => void;
  /** Gives up what the server does not have, so that it is not tried again and again. */
  discard?: () => void;
}

/** The place for messages. */
export class Notices {
  private final: HTMLElement | null = null;

  constructor(private readonly place: HTMLElement) {}

  /** Something went wrong, but work goes on. */
  trouble(error: Error): void {
    this.tell('code' in error ? `Something did not work: ${error.message.replace(/\.$/, '')}.` : error.message, 'trouble', []);
  }

  /** Something that the user should know. The same again and again is said once: the latest. */
  tell(text: string, testId: string, buttons: HTMLButtonElement[]): HTMLElement {
    for (const other of this.place.querySelectorAll('.notice-text')) if (other.textContent === text) other.closest('.notice')?.remove();
    const close = h('button', { type: 'button', class: 'tool', 'aria-label': 'Dismiss' }, icon('close'));
    const said = h('p', { class: 'notice-text' }, text);
    const notice = h('div', { class: 'notice', role: 'alert', 'data-testid': testId }, icon('warning'), said, ...buttons, close);
    close.addEventListener('click', () => notice.remove());
    this.place.append(notice);
    return notice;
  }

  /** The connection has ended for good. The text stays visible, and can be taken along. */
  disconnected(reason: string | null, remains: Remains | null): void {
    this.final?.remove();
    const [title, text] = REASONS.get(reason ?? '') ?? UNKNOWN;
    const reload = h('button', { type: 'button', class: 'button button-main' }, 'Reload');
    reload.addEventListener('click', () => location.reload());
    const buttons = [reload];
    if (remains) buttons.push(...takeAway(remains.text, `${remains.padName}.txt`, ['Copy my text', 'Download my text']));
    if (remains?.report) {
      const report = h('button', { type: 'button', class: 'button' }, 'Report…');
      report.addEventListener('click', remains.report);
      buttons.push(report);
    }
    if (remains?.discard) {
      const discard = h('button', { type: 'button', class: 'button button-bad', 'data-testid': 'discard' }, 'Reload without my changes…');
      discard.addEventListener('click', remains.discard);
      buttons.push(discard);
    }
    this.final = h(
      'div',
      { class: 'notice notice-final', role: 'alert', 'data-testid': 'disconnected', 'data-reason': reason ?? '' },
      icon('offline'),
      h('div', { class: 'notice-body' }, h('strong', {}, title), h('p', {}, text), h('div', { class: 'notice-buttons' }, ...buttons)),
    );
    this.place.prepend(this.final);
  }
}
