// The controls under the text: slider, playback, revision, date and author.

import { h, once } from '../shared/dom';
import { icon } from '../shared/icons';
import type { IconName } from '../shared/icons';
import { attachPanel } from '../shared/panel';
import { afterFrame } from './slices';
import { load, store } from '../shared/storage';
import { writerName } from './blame';
import { fieldValue, grouped, longDate, revisionAt } from './dates';
import type { History } from './history';
import { Player } from './player';
import type { Speed } from './player';
import { Track } from './track';

/** The speeds that can be chosen, by the name under which the choice is kept. */
const SPEEDS: ReadonlyMap<string, readonly [label: string, speed: Speed]> = new Map<string, readonly [string, Speed]>([
  ['time-1', ['Real time', { kind: 'time', factor: 1 }]],
  ['time-10', ['Real time ×10', { kind: 'time', factor: 10 }]],
  ['time-100', ['Real time ×100', { kind: 'time', factor: 100 }]],
  ['rate-1', ['1 a second', { kind: 'rate', perSecond: 1 }]],
  ['rate-10', ['10 a second', { kind: 'rate', perSecond: 10 }]],
  ['rate-100', ['100 a second', { kind: 'rate', perSecond: 100 }]],
  ['whole-30', ['All in 30 seconds', { kind: 'whole', seconds: 30 }]],
]);
const DEFAULT_SPEED = 'rate-10';
const SPEED_NAME = 'easysync.history-speed';
const FOLLOW_NAME = 'easysync.history-follow';
/** How often facts of revisions are shown that quickly follow each other, in milliseconds: each time costs a frame, and nobody reads faster. */
const FACTS_INTERVAL = 100;

/** What the deck needs of the page. */
export interface DeckHost {
  history: () => History | null;
  /** Says something to a screen reader. */
  announce: (text: string) => void;
  failed: (error: Error) => void;
}

/** The controls. */
export class Deck {
  readonly track: Track;
  readonly player: Player;
  private readonly playButton: HTMLButtonElement;
  private readonly rev = h('input', { type: 'number', class: 'field rev-field', min: '0', value: '0', 'aria-label': 'Revision', 'data-testid': 'rev' });
  private readonly total = h('span', { class: 'rev-total', 'data-testid': 'head' });
  private readonly date = h('span', { class: 'fact-date', 'data-testid': 'date' });
  private readonly author = h('span', { class: 'fact-author', dir: 'auto', 'data-testid': 'author' });
  private readonly swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
  private factsShown = Number.NEGATIVE_INFINITY;
  private readonly showFactsSoon = once((run) => {
    const wait = this.factsShown + FACTS_INTERVAL - performance.now();
    if (wait > 0) setTimeout(run, wait);
    else afterFrame(run);
  })(() => this.showFacts());
  private follows = load(FOLLOW_NAME) !== 'no';

  constructor(
    element: HTMLElement,
    private readonly host: DeckHost,
  ) {
    this.track = new Track((rev) => this.choose(rev));
    const kept = load(SPEED_NAME) ?? DEFAULT_SPEED;
    const name = SPEEDS.has(kept) ? kept : DEFAULT_SPEED;
    this.player = new Player(host.history, SPEEDS.get(name)?.[1] ?? { kind: 'rate', perSecond: 10 }, () => this.showPlaying());
    this.playButton = tool('play', 'Play', 'play', () => this.player.toggle());
    const transport = h(
      'div',
      { class: 'transport', role: 'group', 'aria-label': 'Playback' },
      tool('first', 'First revision', 'first', () => this.choose(0)),
      tool('before', 'One back', 'back', () => this.step(-1)),
      this.playButton,
      tool('next', 'One on', 'next', () => this.step(1)),
      tool('newest', 'Newest revision', 'newest', () => this.choose(host.history()?.head ?? 0)),
      this.speedSelect(name),
    );
    const facts = h(
      'div',
      { class: 'facts' },
      h('label', { class: 'rev' }, h('span', { class: 'rev-label' }, 'Revision'), this.rev, this.total),
      this.date,
      h('span', { class: 'fact-who' }, this.swatch, this.author),
    );
    element.append(this.track.element, h('div', { class: 'deck-row' }, transport, facts, h('div', { class: 'deck-more' }, this.followButton(), this.dateJump())));
    this.rev.addEventListener('change', () => this.rev.value !== '' && this.choose(Number(this.rev.value)));
  }

  /** Whether the place of a change is brought into sight. */
  get isFollowing(): boolean {
    return this.follows;
  }

  /** Takes another history. */
  use(history: History): void {
    this.player.pause();
    this.track.use(history);
    this.refresh();
  }

  /** There are new revisions. */
  refresh(): void {
    const history = this.host.history();
    if (!history) return;
    this.total.textContent = `of ${grouped(history.head)}`;
    this.rev.max = String(history.head);
    this.rev.style.setProperty('--digits', String(this.rev.max.length));
    this.track.refresh();
    if (history.rev !== null) this.show(history.rev);
  }

  /** Another revision is shown. What is said of it follows a frame later, so that the text need not wait for it. */
  show(rev: number): void {
    this.track.show(rev);
    this.showFactsSoon();
  }

  private showFacts(): void {
    const history = this.host.history();
    if (!history || history.rev === null) return;
    this.factsShown = performance.now();
    const { rev } = history;
    const { author, time } = history.facts(rev);
    if (document.activeElement !== this.rev || this.player.isPlaying) this.rev.value = String(rev);
    this.date.textContent = time === null ? '' : longDate(time);
    this.author.textContent = writerName(history, author);
    this.swatch.style.backgroundColor = author ? history.writer(author).color : 'transparent';
    this.track.describe(this.describe(rev));
  }

  /** The revision as a sentence. */
  describe(rev: number): string {
    const history = this.host.history();
    if (!history) return '';
    const { author, time } = history.facts(rev);
    return `Revision ${grouped(rev)} of ${grouped(history.head)}${time === null ? '' : `, ${longDate(time)}`}, by ${writerName(history, author)}`;
  }

  /** Goes to a revision, as the user wishes; what is played stops. */
  choose(rev: number): void {
    this.player.pause();
    this.host.history()?.seek(rev);
  }

  step(by: number): void {
    const history = this.host.history();
    if (history) this.choose((history.target ?? 0) + by);
  }

  /** The next marked revision in a direction. */
  toMark(direction: 1 | -1): void {
    const history = this.host.history();
    if (!history) return;
    const at = history.target ?? 0;
    const marks = history.savedRevisions.map(({ rev }) => rev);
    const found = direction > 0 ? marks.find((rev) => rev > at) : marks.reverse().find((rev) => rev < at);
    if (found !== undefined) this.choose(found);
  }

  private showPlaying(): void {
    const { isPlaying } = this.player;
    const label = isPlaying ? 'Pause' : 'Play';
    this.playButton.replaceChildren(icon(isPlaying ? 'pause' : 'play'));
    this.playButton.title = label;
    this.playButton.setAttribute('aria-label', label);
    const rev = this.host.history()?.rev;
    if (!isPlaying && rev != null) this.host.announce(this.describe(rev));
  }

  private speedSelect(chosen: string): HTMLSelectElement {
    const options = [...SPEEDS].map(([value, [label]]) => h('option', { value }, label));
    const select = h('select', { class: 'tool-select', 'aria-label': 'Speed', title: 'Speed. Long pauses are cut short.', 'data-testid': 'speed' }, ...options);
    select.value = chosen;
    select.addEventListener('change', () => {
      const speed = SPEEDS.get(select.value)?.[1];
      if (!speed) return;
      this.player.speed = speed;
      store(SPEED_NAME, select.value);
    });
    return select;
  }

  private followButton(): HTMLButtonElement {
    const button = tool('follow', 'Follow the changes', 'follow', () => {
      this.follows = !this.follows;
      store(FOLLOW_NAME, this.follows ? 'yes' : 'no');
      button.setAttribute('aria-pressed', String(this.follows));
    });
    button.setAttribute('aria-pressed', String(this.follows));
    return button;
  }

  private dateJump(): HTMLElement {
    const button = h('button', { type: 'button', class: 'tool', title: 'Go to a date', 'aria-label': 'Go to a date', 'data-testid': 'date-jump' }, icon('calendar'));
    const box = h('div', { class: 'menu menu-up' }, button);
    const field = h('input', { type: 'datetime-local', class: 'field', 'aria-label': 'Date and time', 'data-testid': 'date-field' });
    const go = h('button', { type: 'button', class: 'button button-main', 'data-testid': 'date-go' }, 'Go');
    const panel = attachPanel(button, 'Go to a date', () => {
      const history = this.host.history();
      const time = history && history.rev !== null ? history.facts(history.rev).time : null;
      if (time !== null) field.value = fieldValue(time);
    });
    const jump = async (): Promise<void> => {
      const history = this.host.history();
      const time = new Date(field.value).getTime();
      if (!history || Number.isNaN(time)) return;
      panel.close();
      this.player.pause();
      const rev = await revisionAt(history, time + 59_999);
      if (rev === null) this.host.failed(new Error('The dates of this history are not known.'));
      else this.choose(rev);
    };
    go.addEventListener('click', () => void jump());
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') void jump();
    });
    panel.body.append(h('div', { class: 'share-line' }, field, go), h('p', { class: 'note' }, 'Shows the text as it was then.'));
    return box;
  }
}

function tool(name: IconName, label: string, testId: string, run: () => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'tool', title: label, 'aria-label': label, 'data-testid': testId }, icon(name));
  button.addEventListener('click', run);
  return button;
}
