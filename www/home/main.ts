// The start page: opens a pad by its name, or one that nobody has thought of yet.

import { byId } from '../shared/dom';
import { padAddress } from '../shared/page';
import { followLook } from '../shared/settings';
import '../shared/base.css';
import './home.css';

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const NAME_LENGTH = 14;

/** A name that cannot be guessed: whoever knows the name of a pad can write in it. */
function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(NAME_LENGTH));
  // 32 letters, so that the low bits of a byte choose all of them equally often.
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('');
}

/** Why a name cannot be a pad's, or `null`. */
function problemWith(name: string): string | null {
  if (name === '') return 'Give the pad a name.';
  if (name === '.' || name === '..') return 'This name has a meaning of its own in addresses.';
  if (/[/$\u0000-\u001f\u007f]/.test(name)) return 'A name has neither “/” nor “$” in it.';
  return null;
}

followLook();

const input = byId('name', HTMLInputElement);
const problem = byId('problem', HTMLElement);

byId('open', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const name = input.value.trim().replace(/\s+/g, '_');
  const found = problemWith(name);
  problem.textContent = found ?? '';
  if (found === null) location.assign(padAddress(name));
  else input.focus();
});
input.addEventListener('input', () => {
  problem.textContent = '';
});
byId('new', HTMLButtonElement).addEventListener('click', () => location.assign(padAddress(randomName())));
