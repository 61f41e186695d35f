// Files that are opened by the picker or dropped onto the page.

import type { EasysyncError, Slider } from 'easysync-wasm/history';
import { Banner } from '../shared/banner';
import { PAD_FILES, fileField, takeDropped } from '../shared/files';
import { readHistory } from './reading';

/** What a host of files needs to give. */
export interface Opening {
  /** Where progress is shown. */
  notices: HTMLElement;
  opened: (name: string, slider: Slider) => void;
  failed: (error: Error) => void;
}

/** Takes files, one at a time. */
export class Opener {
  private readonly field = fileField(PAD_FILES, 'open-file', (file) => void this.open(file));
  private running: AbortController | null = null;

  constructor(private readonly opening: Opening) {
    document.body.append(this.field);
    takeDropped((file) => void this.open(file));
  }

  /** Lets the user choose a file. */
  choose(): void {
    this.field.click();
  }

  /** Reads a file; one that is being read is given up. */
  async open(file: File): Promise<void> {
    this.running?.abort();
    const control = new AbortController();
    this.running = control;
    const banner = new Banner(this.opening.notices, { name: `Reading “${file.name}”`, cancel: () => control.abort(), resume: () => void this.open(file) });
    banner.running({ done: 0, total: null, rate: 0, left: null }, true);
    try {
      const slider = await readHistory(file, (progress) => banner.running(progress), control.signal);
      if (control.signal.aborted) slider?.free();
      else if (slider) this.opening.opened(file.name.replace(/\.gz$/i, '').replace(/\.etherpad$/i, ''), slider);
    } catch (error) {
      if (!control.signal.aborted) this.opening.failed(described(file.name, error));
    } finally {
      banner.done();
      if (this.running === control) this.running = null;
    }
  }
}

/** What is wrong with a file, for people: the record, and what the matter is with it. */
function described(name: string, error: unknown): Error {
  const { code, record, message } = error as Partial<EasysyncError>;
  const what = message ?? String(error);
  if (code === 'not-a-pad-file' && record?.startsWith('(first)')) return new Error(`“${name}” is not a .etherpad file.`);
  if (record === undefined) return new Error(`“${name}” cannot be read: ${what}`);
  return new Error(`“${name}” cannot be shown. Record ${record}: ${what.replace(`record ${record}: `, '')}.`);
}
