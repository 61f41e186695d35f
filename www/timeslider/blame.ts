// Who wrote the text under the pointer, and when.

import type { Extension } from '@codemirror/state';
import { ViewPlugin, hoverTooltip } from '@codemirror/view';
import type { EditorView, PluginValue, ViewUpdate } from '@codemirror/view';
import type { BlameRun } from 'easysync-wasm/history';
import { breathe } from 'easysync-wasm/history';
import { grouped, longDate } from './dates';
import type { History } from './history';

/** How many steps are gone back in one go; one is a fraction of a microsecond to some. */
const STEPS = 2000;
/** How long a slice may take, in milliseconds. */
const SLICE = 4;
/** How long a server may take to tell what is needed, in milliseconds. */
const PATIENCE = 10_000;
const HOVER_TIME = 350;

/** How an author is called. */
export function writerName(history: History, author: string | null): string {
  if (author === null) return 'Unknown author';
  if (author === '') return 'The server';
  return history.writer(author).name ?? 'Unnamed author';
}

/** Finds out about one code unit of what is shown; `null` if that is given up. */
async function originOf(history: History, position: number, isWanted: () => boolean): Promise<BlameRun | null> {
  const { slider } = history;
  const rev = history.rev;
  const deadline = performance.now() + PATIENCE;
  slider.beginBlame(position, position + 1);
  for (;;) {
    const end = performance.now() + SLICE;
    let state: 'working' | 'waiting' | 'done';
    do state = slider.advanceBlame(STEPS, performance.now());
    while (state === 'working' && performance.now() < end);
    history.settle();
    if (state === 'done') return slider.blameRuns()[0] ?? null;
    if (state === 'waiting') await new Promise((resolve) => setTimeout(resolve, 50));
    else await breathe();
    if (!isWanted() || history.rev !== rev || performance.now() > deadline) return null;
  }
}

function describe(history: History, { author, firstRev, lastRev, time }: BlameRun, jump: (rev: number) => void): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'es-tip hs-origin';
  dom.dataset.testid = 'origin';
  const name = document.createElement('strong');
  name.textContent = writerName(history, author);
  const link = document.createElement('button');
  link.type = 'button';
  link.textContent = firstRev === lastRev ? `revision ${grouped(firstRev)}` : `revisions ${grouped(firstRev)} to ${grouped(lastRev)}`;
  link.addEventListener('click', () => jump(firstRev));
  dom.append(name, ' · ', link);
  if (time !== null) dom.append(` · ${longDate(time)}`);
  return dom;
}

/** A note at the pointer goes when the text changes, and CodeMirror waits for a movement. A pointer that rests asks again when the text rests. */
class RestingPointer implements PluginValue {
  private place: { clientX: number; clientY: number } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: EditorView) {
    view.dom.addEventListener('mousemove', this.moved);
    view.dom.addEventListener('mouseleave', this.left);
  }

  update({ docChanged }: ViewUpdate): void {
    if (!docChanged || !this.place) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), HOVER_TIME);
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.view.dom.removeEventListener('mousemove', this.moved);
    this.view.dom.removeEventListener('mouseleave', this.left);
  }

  private readonly moved = ({ clientX, clientY }: MouseEvent): void => {
    this.place = { clientX, clientY };
  };

  private readonly left = (): void => {
    this.place = null;
  };

  private ask(): void {
    const { place } = this;
    if (!place) return;
    const target = document.elementFromPoint(place.clientX, place.clientY);
    if (target && this.view.contentDOM.contains(target)) target.dispatchEvent(new MouseEvent('mousemove', { ...place, bubbles: true }));
  }
}

/** Tells of the text under the pointer who wrote it, when, and in which revision. */
export function blame(history: () => History | null, jump: (rev: number) => void): Extension {
  let asked = 0;
  const tip = hoverTooltip(
    async (view, position, side) => {
      const current = history();
      const at = side < 0 ? position - 1 : position;
      if (!current || current.rev === null || current.isWaiting || at < 0 || at >= view.state.doc.length) return null;
      asked += 1;
      const number = asked;
      const isWanted = (): boolean => asked === number && history() === current;
      const origin = await originOf(current, at, isWanted).catch(() => null);
      if (!origin || !isWanted()) return null;
      return { pos: at, above: true, create: () => ({ dom: describe(current, origin, jump) }) };
    },
    { hoverTime: HOVER_TIME, hideOnChange: true },
  );
  return [tip, ViewPlugin.fromClass(RestingPointer)];
}
