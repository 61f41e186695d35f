// "Is my work saved?", answered in one place and never with more than is known.

import { h } from '../shared/dom';
import { icon } from '../shared/icons';
import type { IconName } from '../shared/icons';
import type { Connection, SaveState, Session } from './session';

type Shown = SaveState | 'connecting' | 'disconnected';

const LOOK: Readonly<Record<Shown, { text: string; icon: IconName; title: string }>> = {
  saved: { text: 'Saved', icon: 'check', title: 'The server has everything that you wrote.' },
  saving: { text: 'Saving…', icon: 'busy', title: 'Your last changes are on their way to the server.' },
  connecting: { text: 'Connecting…', icon: 'busy', title: 'The pad is being opened.' },
  stored: { text: 'Saved on this device', icon: 'device', title: 'The server does not have your last changes yet. They are kept in this browser, and are sent as soon as that is possible.' },
  reconnecting: { text: 'Reconnecting…', icon: 'offline', title: 'There is no connection at the moment. You can go on writing: it is kept in this browser.' },
  notSaved: { text: 'Not saved', icon: 'warning', title: 'Your last changes are not on the server. Keep this page open, or copy your text.' },
  disconnected: { text: 'Disconnected', icon: 'offline', title: 'This page is no longer connected to the pad.' },
};

function shown(save: SaveState, connection: Connection): Shown {
  // Unsaved text comes before everything else that could be said.
  if (save === 'notSaved' || (save === 'stored' && connection !== 'disconnected')) return save;
  if (connection === 'disconnected' || connection === 'connecting' || connection === 'reconnecting') return connection;
  return save;
}

/** Shows the state in `element`, and tells screen readers when it becomes bad and when it is good again. */
export class Status {
  private state: Shown | null = null;
  private readonly label = h('span', { class: 'status-text' });

  constructor(
    private readonly element: HTMLElement,
    private readonly announcer: HTMLElement,
  ) {
    this.show('connecting');
  }

  update(session: Session): void {
    this.show(shown(session.saveState, session.connection));
  }

  /** No session came about. */
  failed(): void {
    this.show('disconnected');
  }

  /** Says the state aloud, for somebody who asked by pressing the keys for "save". */
  tell(): void {
    this.announce();
    this.element.classList.remove('status-told');
    // A class that comes back in the same frame would not start its animation again.
    requestAnimationFrame(() => this.element.classList.add('status-told'));
  }

  private show(state: Shown): void {
    if (state === this.state) return;
    const before = this.state;
    this.state = state;
    const { text, icon: name, title } = LOOK[state];
    this.label.textContent = text;
    this.element.replaceChildren(icon(name), this.label);
    this.element.dataset.state = state;
    this.element.title = title;
    const loud = (other: Shown | null): boolean => other === 'reconnecting' || other === 'stored' || other === 'notSaved' || other === 'disconnected';
    // "Saving" and "saved" with every word would drown everything else that a screen reader says.
    if (loud(state) || (loud(before) && state === 'saved')) this.announce();
  }

  private announce(): void {
    if (this.state) this.announcer.textContent = `${LOOK[this.state].text}. ${LOOK[this.state].title}`;
  }
}
