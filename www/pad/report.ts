// A report for whoever has to find out what went wrong. It says nothing of the text unless the user wants it to.

import type { EasysyncError } from 'easysync-wasm';
import { copyText, download, h } from '../shared/dom';
import { showDialog } from '../shared/panel';
import type { Facts, Session } from './session';

/** What a report says. */
export interface Report extends Facts {
  time: string;
  page: string;
  browser: string;
  error: { name: string; code: string | null; message: string; stack: string | null };
  messages: ReturnType<Session['log']['entries']>;
  text?: string;
}

/** What can be told at this moment; `facts` are those of the moment that matters. */
export function makeReport(session: Session, error: Error, facts: Facts = session.facts()): Report {
  const { code } = error as Partial<EasysyncError>;
  return {
    time: new Date().toISOString(),
    // Who has the address of a pad can read it.
    page: location.pathname.replace(/\/p\/[^/]+/, '/p/…'),
    browser: navigator.userAgent,
    error: { name: error.name, code: code ?? null, message: error.message, stack: error.stack ?? null },
    ...facts,
    messages: session.log.entries(),
  };
}

/** Shows a report, which can be copied and downloaded; with `text` in it if the user agrees. */
export function showReport(report: Report, text: () => string): void {
  const whole = (): string => JSON.stringify(agree.checked ? { ...report, text: text() } : report, null, 1);
  const area = h('textarea', { class: 'field report', readonly: true, rows: '10', 'aria-label': 'Report', 'data-testid': 'report' });
  const agree = h('input', { type: 'checkbox', 'data-testid': 'report-text' });
  const draw = (): void => {
    area.value = whole();
  };
  agree.addEventListener('change', draw);
  draw();
  const note = 'It tells what the last messages were about, which revisions they belonged to, and how long they were. It goes nowhere by itself.';
  const label = h('label', { class: 'check' }, agree, 'Add the text of the pad');
  showDialog('Report', [h('p', { class: 'note' }, note), area, label], takeAway(whole, 'easysync-report.json'), 'Close');
}

/** Buttons that copy and download a text. */
export function takeAway(text: () => string, fileName: string, [toCopy, toDownload]: readonly [string, string] = ['Copy', 'Download']): HTMLButtonElement[] {
  const copy = h('button', { type: 'button', class: 'button' }, toCopy);
  copy.addEventListener('click', () => {
    void copyText(text()).then((done) => {
      copy.textContent = done ? 'Copied' : 'Copying failed';
    });
  });
  const save = h('button', { type: 'button', class: 'button' }, toDownload);
  const type = fileName.endsWith('.json') ? 'application/json' : 'text/plain;charset=utf-8';
  save.addEventListener('click', () => download(fileName, type, text()));
  return [copy, save];
}
