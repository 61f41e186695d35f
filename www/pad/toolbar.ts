// The row of buttons above the text.

import type { Editor } from '../editor';
import { commands } from '../editor';
import type { EditorEngine } from '../editor/engine';
import { h, oncePerTask } from '../shared/dom';
import { icon } from '../shared/icons';
import { ACTIONS } from './actions';
import type { Action } from './actions';
import { keyLabel } from './keys';

const HEADINGS = [
  ['0', 'Text'],
  ['1', 'Heading 1'],
  ['2', 'Heading 2'],
  ['3', 'Heading 3'],
  ['4', 'Heading 4'],
] as const;

/** The buttons, and what keeps them true. */
export interface Toolbar {
  /** The text, the selection or what can be undone has changed; cheap to call often. */
  refresh: () => void;
  focus: () => void;
  /** The text cannot be changed any more. */
  disable: () => void;
}

/** Fills `element` with the tools for a text that can be edited. `engine` is asked for at each use. */
export function buildToolbar(element: HTMLElement, editor: Editor, engine: () => EditorEngine): Toolbar {
  element.setAttribute('role', 'toolbar');
  element.setAttribute('aria-label', 'Formatting');
  const buttons = new Map<Action, HTMLButtonElement>();
  const heading = headingSelect(editor);
  ACTIONS.forEach((group, index) => {
    const box = h('div', { class: 'tool-group', role: 'group' });
    if (index === 1) box.append(heading);
    for (const action of group) {
      const button = actionButton(action, editor);
      buttons.set(action, button);
      box.append(button);
    }
    element.append(box);
  });
  roving(element);

  const update = (): void => {
    const { state } = editor.view;
    const now = engine();
    // An engine that has just been started has no text yet.
    if (now.length !== state.doc.length + 1) return;
    for (const [action, button] of buttons) {
      if (action.active) setIfNew(button, 'aria-pressed', String(action.active(state, now)));
      // Not `disabled`: a button that loses the focus when it is used up throws keyboard users out of the toolbar.
      if (action.enabled) setIfNew(button, 'aria-disabled', String(!action.enabled(now)));
    }
    const level = now.lineFormat(state.selection.main.head).heading ?? 0;
    const shown = level <= 4 ? String(level) : '';
    if (heading.value !== shown) heading.value = shown;
  };
  return {
    refresh: oncePerTask(update),
    focus: () => element.querySelector<HTMLElement>('[tabindex="0"]')?.focus(),
    disable: () => {
      element.inert = true;
    },
  };
}

/** Leaves an attribute alone that has the value already: setting it makes the browser look at styles again. */
function setIfNew(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function actionButton(action: Action, editor: Editor): HTMLButtonElement {
  const key = action.keys[0];
  const title = key === undefined ? action.label : `${action.label} (${keyLabel(key)})`;
  const button = h(
    'button',
    {
      type: 'button',
      class: 'tool',
      title,
      'aria-label': action.label,
      'aria-pressed': action.active ? 'false' : undefined,
      'data-testid': action.id,
    },
    icon(action.icon),
  );
  // The selection, and the keyboard of a phone, stay while a tool is used.
  button.addEventListener('mousedown', (event) => event.preventDefault());
  button.addEventListener('click', (event) => {
    action.run(editor.view);
    // From the keyboard (no pointer, so no clicks counted) the focus stays in the toolbar.
    if (event.detail > 0) editor.view.focus();
  });
  return button;
}

function headingSelect(editor: Editor): HTMLSelectElement {
  const options = HEADINGS.map(([value, label]) => h('option', { value }, label));
  const select = h('select', { class: 'tool-select', 'aria-label': 'Heading', title: 'Heading', 'data-testid': 'heading' }, ...options);
  select.addEventListener('change', () => {
    commands.setHeading(Number(select.value))(editor.view);
    editor.view.focus();
  });
  return select;
}

/** One stop for the Tab key; arrows go from tool to tool. */
function roving(element: HTMLElement): void {
  const tools = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>('button, select')];
  const stop = (tool: HTMLElement): void => {
    for (const other of tools()) other.tabIndex = other === tool ? 0 : -1;
  };
  const [first] = tools();
  if (first) stop(first);
  element.addEventListener('focusin', (event) => {
    if (event.target instanceof HTMLElement) stop(event.target);
  });
  element.addEventListener('keydown', (event) => {
    const all = tools();
    const at = all.findIndex((tool) => tool === document.activeElement);
    const onSelect = document.activeElement instanceof HTMLSelectElement;
    const to =
      event.key === 'ArrowRight' ? at + 1 : event.key === 'ArrowLeft' ? at - 1 : onSelect ? null : event.key === 'Home' ? 0 : event.key === 'End' ? -1 : null;
    if (to === null || at < 0) return;
    event.preventDefault();
    all.at(to % all.length)?.focus();
  });
}
