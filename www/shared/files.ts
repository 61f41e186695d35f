// Files that are chosen, or dropped onto the page.

import { h } from './dom';

/** What `.etherpad` files may be called and be told to be, packed ones as well. */
export const PAD_FILES = '.etherpad,.gz,application/json,application/gzip';

/** A field for one file that nobody sees: `click()` lets the user choose. */
export function fileField(accept: string, testId: string, take: (file: File) => void): HTMLInputElement {
  const field = h('input', { type: 'file', accept, hidden: true, 'data-testid': testId });
  field.addEventListener('change', () => {
    const file = field.files?.[0];
    // So that the same file can be chosen again.
    field.value = '';
    if (file) take(file);
  });
  return field;
}

/** Takes files that are dropped anywhere onto the page, which has the class `dropping` while one hangs over it. */
export function takeDropped(take: (file: File) => void): void {
  const { classList } = document.documentElement;
  addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    classList.add('dropping');
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) classList.remove('dropping');
  });
  addEventListener('drop', (event) => {
    classList.remove('dropping');
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}

/** The bytes of a file, unpacked if they are packed. */
export async function unpacked(file: Blob): Promise<ReadableStream<Uint8Array>> {
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isPacked = head[0] === 0x1f && head[1] === 0x8b;
  return isPacked ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
}
