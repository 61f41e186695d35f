// The addresses under which others find this pad.

import { copyText, h } from '../shared/dom';
import { icon } from '../shared/icons';
import { padAddress } from '../shared/page';
import { attachPanel } from '../shared/panel';
import type { Session } from './session';

/** Puts the button and its panel into `place`. */
export function attachShare(place: HTMLElement, session: Session): void {
  const button = h('button', { type: 'button', class: 'tool', title: 'Share', 'aria-label': 'Share', 'data-testid': 'share' }, icon('share'));
  place.append(h('div', { class: 'menu' }, button));
  const panel = attachPanel(button, 'Share', () => {
    const rows: HTMLElement[] = [];
    if (!session.readOnly) rows.push(linkRow('Everyone with this link can edit', session.padName, 'share-link'));
    const readOnlyId = session.readOnly ? session.padName : session.readOnlyId;
    if (readOnlyId) rows.push(linkRow('Everyone with this link can read', readOnlyId, 'share-read-only'));
    panel.body.replaceChildren(...rows);
  });
}

function linkRow(label: string, pad: string, testId: string): HTMLElement {
  const address = new URL(padAddress(pad), location.href).href;
  const field = h('input', { type: 'text', class: 'field', readonly: true, value: address, 'aria-label': label, 'data-testid': testId });
  field.addEventListener('focus', () => field.select());
  const copy = h('button', { type: 'button', class: 'button' }, 'Copy');
  copy.addEventListener('click', () => {
    void copyText(address).then((done) => {
      copy.textContent = done ? 'Copied' : 'Select and copy';
      if (!done) field.focus();
    });
  });
  return h('div', { class: 'share-row' }, h('span', { class: 'share-label' }, label), h('div', { class: 'share-line' }, field, copy));
}
