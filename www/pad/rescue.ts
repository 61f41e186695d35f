// Text of an earlier visit that cannot be put into the pad: offered, and kept until the user has no more use for it.

import type { Unplaced } from 'easysync-wasm';
import { h } from '../shared/dom';
import { confirmDialog, showDialog } from '../shared/panel';
import type { Notices } from './notices';
import { takeAway } from './report';

/** Why it cannot be put back, by the engine's word for it. */
const REASONS: Readonly<Record<Unplaced['reason'], string>> = {
  padReset: 'The pad on the server is not the one that you wrote it in: it was deleted and begun anew, or set back.',
  otherPad: 'It belongs to a pad of another name.',
  otherAuthor: 'You are somebody else for the server now, and it takes no text in another name.',
  readOnly: 'You can only read this pad.',
  doesNotFit: 'It does not fit the text that the server has.',
  noAnswer: 'The server does not tell what others have changed since.',
};

/** Offers it above the text. `discard` is called when the user wants it no more. */
export function offerText(notices: Notices, padName: string, unplaced: Unplaced, discard: () => void): void {
  if (unplaced.text === '') {
    notices.tell('What you deleted or formatted on an earlier visit could not be done in this pad.', 'unplaced', []);
    discard();
    return;
  }
  const show = h('button', { type: 'button', class: 'button button-main', 'data-testid': 'show-unplaced' }, 'Show it…');
  const notice = notices.tell('Text that you wrote on an earlier visit could not be put into this pad.', 'unplaced', [show]);
  show.addEventListener('click', () => {
    showText(padName, unplaced, () => {
      notice.remove();
      discard();
    });
  });
}

function showText(padName: string, { reason, text }: Unplaced, discard: () => void): void {
  const area = h('textarea', { class: 'field report', readonly: true, rows: '8', 'aria-label': 'Your text', 'data-testid': 'unplaced-text' });
  area.value = text;
  const why = h('p', {}, REASONS[reason]);
  const note = h('p', { class: 'note' }, 'It stays in this browser until you discard it. Where it stood is not known any more.');
  const drop = h('button', { type: 'button', class: 'button button-bad', 'data-testid': 'discard' }, 'Discard');
  const dialog = showDialog('Your text', [why, area, note], [...takeAway(() => text, `${padName} (not sent).txt`), drop], 'Close');
  drop.addEventListener('click', () => {
    void confirmDialog('Discard the text?', 'It is nowhere else, unless you have copied or downloaded it.', 'Discard').then((confirmed) => {
      if (!confirmed) return;
      dialog.close();
      discard();
    });
  });
}
