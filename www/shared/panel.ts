// Panels that open under a button (on a phone: from the lower edge), and dialogs.

import { h } from './dom';
import { icon } from './icons';

/** A panel and what opens it. */
export interface Panel {
  readonly body: HTMLElement;
  readonly isOpen: boolean;
  open(): void;
  close(): void;
}

let current: Panel | null = null;
let count = 0;

/** Hangs a panel under `button`, into the button's own parent. `opened` is called each time before it is shown. */
export function attachPanel(button: HTMLButtonElement, title: string, opened: () => void = () => undefined): Panel {
  count += 1;
  const id = `panel-${count}`;
  const body = h('div', { class: 'panel-body' });
  const close = h('button', { type: 'button', class: 'tool panel-close', 'aria-label': 'Close' }, icon('close'));
  const heading = h('h2', { id: `${id}-title` }, title);
  const element = h(
    'div',
    { class: 'panel', id, role: 'dialog', 'aria-labelledby': `${id}-title`, hidden: true, tabindex: '-1' },
    h('div', { class: 'panel-head' }, heading, close),
    body,
  );
  button.setAttribute('aria-haspopup', 'dialog');
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', id);
  button.after(element);

  const panel: Panel = {
    body,
    get isOpen() {
      return !element.hidden;
    },
    open() {
      if (current && current !== panel) current.close();
      current = panel;
      opened();
      element.hidden = false;
      button.setAttribute('aria-expanded', 'true');
      element.focus({ preventScroll: true });
    },
    close() {
      if (element.hidden) return;
      const focused = element.contains(document.activeElement);
      element.hidden = true;
      button.setAttribute('aria-expanded', 'false');
      if (current === panel) current = null;
      if (focused) button.focus({ preventScroll: true });
    },
  };
  button.addEventListener('click', () => (panel.isOpen ? panel.close() : panel.open()));
  close.addEventListener('click', () => panel.close());
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    panel.close();
  });
  document.addEventListener('pointerdown', (event) => {
    if (!panel.isOpen || !(event.target instanceof Node)) return;
    if (!element.contains(event.target) && !button.contains(event.target)) panel.close();
  });
  return panel;
}

/** A dialog that keeps everything else out until it is closed; `end` is what the button says that closes it. */
export function showDialog(
  title: string,
  content: (Node | string)[],
  buttons: HTMLButtonElement[],
  end = buttons.length > 0 ? 'Cancel' : 'Close',
): HTMLDialogElement {
  const dialog = h('dialog', { class: 'dialog', 'aria-label': title }, h('h2', {}, title), ...content);
  const close = h('button', { type: 'button', class: 'button' }, end);
  close.addEventListener('click', () => dialog.close());
  dialog.append(h('div', { class: 'dialog-buttons' }, close, ...buttons));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something is done. Resolves to whether it shall be. */
export function confirmDialog(title: string, text: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    const go = h('button', { type: 'button', class: 'button button-main', 'data-testid': 'confirm' }, action);
    const dialog = showDialog(title, [h('p', {}, text)], [go]);
    let confirmed = false;
    go.addEventListener('click', () => {
      confirmed = true;
      dialog.close();
    });
    dialog.addEventListener('close', () => resolve(confirmed));
  });
}
