// Who is here, who has written here, and one's own name and colour.

import { h, oncePerFrame } from '../shared/dom';
import { icon } from '../shared/icons';
import { attachPanel } from '../shared/panel';
import type { Person, Session } from './session';

const COLOUR = /^#[0-9a-f]{6}$/i;
const LONGEST_NAME = 200;
/** People who are not here any more: a pad that thousands wrote in must not make a list of thousands. */
const MOST_AWAY = 100;
const NAME_DELAY = 500;

/** Puts the button and its panel into `place`. Returns what is to be called when something about people has changed. */
export function attachPeople(place: HTMLElement, session: Session): () => void {
  const counter = h('span', { class: 'count', 'data-testid': 'people-count' });
  const button = h('button', { type: 'button', class: 'tool tool-wide', title: 'People', 'data-testid': 'people' }, icon('people'), counter);
  const box = h('div', { class: 'menu' }, button);
  place.append(box);

  const name = h('input', {
    type: 'text',
    class: 'field',
    placeholder: 'Your name',
    'aria-label': 'Your name',
    maxlength: String(LONGEST_NAME),
    autocomplete: 'nickname',
    'data-testid': 'own-name',
  });
  const color = h('input', { type: 'color', class: 'swatch-input', 'aria-label': 'Your colour', title: 'Your colour', 'data-testid': 'own-color' });
  const list = h('ul', { class: 'people', 'data-testid': 'people-list' });

  let timer: ReturnType<typeof setTimeout> | undefined;
  const sendName = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const given = name.value.trim();
    if (given !== (self(session)?.name ?? '')) session.setName(given);
  };
  name.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(sendName, NAME_DELAY);
  });
  name.addEventListener('change', sendName);
  name.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') sendName();
  });
  color.addEventListener('change', () => session.setColor(color.value));

  const draw = (): void => {
    const people = session.people();
    const here = people.filter((person) => person.isHere);
    counter.textContent = String(here.length);
    button.setAttribute('aria-label', here.length === 1 ? 'People: only you' : `People: ${here.length} here`);
    if (!panel.isOpen) return;
    const own = people.find((person) => person.isSelf);
    // What is being typed is not overwritten by what was sent before.
    if (timer === undefined && document.activeElement !== name) name.value = own?.name ?? '';
    if (own && COLOUR.test(own.color) && document.activeElement !== color) color.value = own.color;
    const others = here.filter((person) => !person.isSelf);
    const away = people.filter((person) => !person.isHere && !person.isSelf);
    const rows = [...others, ...away.slice(0, MOST_AWAY)].map(row);
    if (rows.length === 0) rows.push(h('li', { class: 'people-note' }, 'Nobody else has been here yet.'));
    if (away.length > MOST_AWAY) rows.push(h('li', { class: 'people-note' }, `and ${away.length - MOST_AWAY} more who wrote here`));
    list.replaceChildren(...rows);
  };
  const panel = attachPanel(button, 'People', () => requestAnimationFrame(draw));
  panel.body.append(h('div', { class: 'own' }, color, name), list);
  draw();
  return oncePerFrame(draw);
}

function self(session: Session): Person | undefined {
  return session.people().find((person) => person.isSelf);
}

function row(person: Person): HTMLLIElement {
  const swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
  // Through the object model: the value cannot be anything but a colour there.
  swatch.style.backgroundColor = person.color;
  const name = h('span', { class: 'person-name', dir: 'auto' }, person.name ?? 'Unnamed');
  const item = h('li', { class: person.isHere ? 'person' : 'person person-away' }, swatch, name);
  if (!person.isHere) item.append(h('span', { class: 'person-note' }, 'was here'));
  return item;
}
