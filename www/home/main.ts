// The start page: opens a pad by its name, one that nobody has thought of yet, or the history in a file.

import { byId } from '../shared/dom';
import { PAD_FILES, fileField, takeDropped } from '../shared/files';
import { leaveFile } from '../shared/handover';
import { historyAddress, padAddress } from '../shared/page';
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

/** The page of histories asks for the file itself if none could be left for it. */
async function openFile(file: File): Promise<void> {
  await leaveFile(file).catch((error: unknown) => console.error(error));
  location.assign(historyAddress());
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

const field = fileField(PAD_FILES, 'history-file', (file) => void openFile(file));
document.body.append(field);
byId('file', HTMLButtonElement).addEventListener('click', () => field.click());
takeDropped((file) => void openFile(file));
