// The page of a pad's history: brings history, editor and the parts around them together.

import { StateEffect } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { Slider, init } from 'easysync-wasm/history';
import type { Patch } from 'easysync-wasm/history';
import { Editor, drawScreenful } from '../editor';
import type { Host } from '../editor';
import type { EditorEngine } from '../editor/engine';
import { Notices } from '../pad/notices';
import { attachPreferences } from '../pad/preferences';
import { Banner } from '../shared/banner';
import { byId, h, oncePerFrame } from '../shared/dom';
import { icon } from '../shared/icons';
import type { IconName } from '../shared/icons';
import { cspNonce, padAddress, padName, serverOrigin } from '../shared/page';
import { takeFile } from '../shared/handover';
import { followLook, onSettings, settings } from '../shared/settings';
import '../shared/base.css';
import '../pad/pad.css';
import '../editor/editor.css';
import './timeslider.css';
import { readPlace, writePlace } from './address';
import type { Place } from './address';
import { blame } from './blame';
import { changes, clearChanges, stepEffects } from './changes';
import { Comparison } from './compare';
import { grouped } from './dates';
import { Deck } from './deck';
import { readingEngine } from './engine';
import { showHelp } from './help';
import { History } from './history';
import { Opener } from './opening';
import { attachExport, attachLegend } from './panels';

declare global {
  interface Window {
    /** For tests and curious people. There once the page is. */
    easysyncHistory?: { readonly history: History | null; view: EditorView };
  }
}

/** The address does not change with every frame: browsers refuse that. */
const ADDRESS_DELAY = 250;
/** What more revisions have changed is not the work of a moment: it is not marked, and the view stays where it is. */
const NEAR = 100;
/** How long after the text is there the page makes ready for the first step, in milliseconds. */
const REHEARSAL_DELAY = 500;
/** A wait that is shorter is not worth a word. */
const WAIT_DELAY = 200;

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

class HistoryPage {
  private history: History | null = null;
  private banner: Banner | null = null;
  /** What the editor reads; before there is a history, one without text. */
  private engine: EditorEngine = readingEngine(new Slider());
  private readonly editor: Editor;
  private readonly keepPlace: () => void;
  private readonly deck: Deck;
  private readonly comparison: Comparison;
  private readonly opener: Opener;
  private readonly notices = new Notices(byId('notices', HTMLElement));
  private readonly status = byId('status', HTMLElement);
  private readonly drawLegend: () => void;
  private readonly refreshAuthors = oncePerFrame(() => this.editor.refreshAuthors());
  /** Whether nothing of the present history has been shown yet. */
  private isFresh = true;
  private head = 0;
  private rev = 0;
  /** What the address asks for, until it is shown. */
  private asked: Place | null = readPlace(location.hash);
  private addressTimer: ReturnType<typeof setTimeout> | undefined;
  private waitTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const { lineNumbers, authorColours } = settings();
    const failed = (error: Error): void => this.notices.trouble(error);
    const current = (): History | null => this.history;
    this.editor = new Editor({
      parent: byId('stage', HTMLElement),
      host: this.editorHost(failed),
      label: 'Text of the revision',
      placeholder: 'This revision has no text.',
      readOnly: true,
      lineNumbers,
      authorColours,
      nonce: cspNonce(),
      keys: [],
      changed: () => undefined,
    });
    const { view } = this.editor;
    this.keepPlace = drawScreenful(view);
    view.dispatch({ effects: StateEffect.appendConfig.of([changes(), blame(current, (rev) => this.deck.choose(rev))]) });
    this.deck = new Deck(byId('deck', HTMLElement), { history: current, announce: (text) => this.announce(text), failed });
    this.opener = new Opener({
      notices: byId('notices', HTMLElement),
      opened: (name, slider) => this.openFile(name, slider),
      failed,
    });
    const place = byId('actions', HTMLElement);
    const compared = (base: number | null): void => {
      this.deck.track.setBase(base);
      this.showColours();
      this.writeAddress();
    };
    this.comparison = new Comparison({ place, ribbon: byId('comparing', HTMLElement), view, history: current, changed: compared, failed });
    this.drawLegend = attachLegend(place, current);
    attachExport(place, serverOrigin(), current);
    this.attachOpen(place);
    attachPreferences(place, showHelp);
    onSettings(({ lineNumbers: numbers }) => {
      this.editor.setLineNumbers(numbers);
      this.showColours();
    });
    this.listenToKeys();
    addEventListener('hashchange', () => this.goTo(readPlace(location.hash)));
    window.easysyncHistory = {
      view,
      get history() {
        return current();
      },
    };
  }

  /** Shows the history of a pad on the server. */
  openPad(name: string): void {
    this.setName(name);
    const back = h('a', { class: 'tool', href: padAddress(name), title: 'Back to the pad', 'aria-label': 'Back to the pad', 'data-testid': 'back-to-pad' }, icon('close'));
    byId('actions', HTMLElement).append(back);
    this.use(History.ofPad(name, serverOrigin()));
  }

  /** Nothing is to be shown but a file: one that another page has left, or one that the user is invited to open. */
  invite(): void {
    const button = h('button', { type: 'button', class: 'button button-main' }, 'Open a file…');
    button.addEventListener('click', () => this.opener.choose());
    const text = h('p', {}, 'Open a .etherpad file, or drop one here. It stays in this page.');
    byId('skeleton', HTMLElement).replaceWith(h('div', { class: 'invitation', id: 'skeleton' }, text, button));
    this.showStatus();
    takeFile().then(
      (file) => file && this.opener.open(file),
      (error: unknown) => this.notices.trouble(asError(error)),
    );
  }

  private openFile(name: string, slider: Slider): void {
    for (const notice of document.querySelectorAll('.notice-final')) notice.remove();
    this.setName(name);
    this.asked = null;
    const history = History.ofFile(name, slider);
    history.takeAuthors();
    this.use(history);
    this.joined(history);
  }

  private use(history: History): void {
    const before = this.history;
    this.comparison.set(null);
    this.history = history;
    this.engine = readingEngine(history.slider);
    this.isFresh = true;
    this.head = history.head;
    before?.close();
    this.deck.use(history);
    history.on('joined', () => this.joined(history));
    history.on('shown', (rev, patch) => this.shown(history, rev, patch));
    history.on('head', (rev) => this.grown(history, rev));
    history.on('arrived', () => this.refreshFacts(history));
    history.on('people', () => {
      this.refreshAuthors();
      this.refreshFacts(history);
      this.drawLegend();
    });
    history.on('failed', (rev, error) => this.notices.trouble(new Error(`Revision ${grouped(rev)} cannot be shown: ${error.message}.`)));
    this.banner?.done();
    const banner = new Banner(byId('notices', HTMLElement), { name: 'Catching up', cancel: () => history.cancelCatchUp(), resume: () => history.resumeCatchUp() });
    this.banner = banner;
    history.on('progress', (progress) => banner.show(progress));
    history.on('trouble', (error) => {
      if (!banner.tells(error)) this.notices.trouble(error);
    });
    history.on('connection', (state, reason) => {
      this.showStatus();
      if (state === 'disconnected') this.notices.disconnected(reason, null);
    });
    this.showStatus();
  }

  private joined(history: History): void {
    this.head = history.head;
    this.deck.refresh();
    const { asked } = this;
    history.seek(asked?.rev ?? history.head);
    this.watchWait(history);
  }

  private shown(history: History, rev: number, patch: Patch): void {
    const { editor, deck, comparison } = this;
    if (this.isFresh) {
      this.isFresh = false;
      editor.reload();
      clearChanges(editor.view);
      document.getElementById('skeleton')?.remove();
      document.documentElement.dataset.state = 'ready';
      deck.refresh();
      const base = this.asked?.base ?? null;
      this.asked = null;
      if (base !== null) comparison.set(base);
      setTimeout(() => this.rehearse(history, rev), REHEARSAL_DELAY);
    } else {
      const isStep = comparison.base === null && Math.abs(rev - this.rev) <= NEAR;
      editor.show(patch, isStep ? stepEffects(patch, deck.isFollowing) : []);
      this.keepPlace();
      if (comparison.base !== null) comparison.draw();
    }
    this.rev = rev;
    deck.show(rev);
    this.drawLegend();
    this.writeAddress();
    this.watchWait(history);
  }

  /** Takes a first step that leads nowhere, unless the user has taken one, or has done something with the text. */
  private rehearse(history: History, rev: number): void {
    const { editor, comparison } = this;
    const isUntouched = this.history === history && history.rev === rev && comparison.base === null;
    if (!isUntouched || editor.view.hasFocus || !editor.view.state.selection.main.empty) return;
    history.rehearse();
    editor.rehearse();
  }

  /** Whoever looks at the newest revision goes on looking at the newest. */
  private grown(history: History, rev: number): void {
    const isLive = history.target === this.head && !this.deck.player.isPlaying;
    this.head = rev;
    this.deck.refresh();
    if (isLive) history.seek(rev);
  }

  /** More may be known now of what is shown. */
  private refreshFacts(history: History): void {
    if (history.rev !== null) this.deck.show(history.rev);
    this.watchWait(history);
  }

  private goTo(place: Place | null): void {
    const { history } = this;
    if (!place || !history) return;
    if (history.rev === null) {
      this.asked = place;
      return;
    }
    this.deck.choose(place.rev);
    if (place.base !== this.comparison.base) this.comparison.set(place.base);
  }

  private writeAddress(): void {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      const { history, comparison } = this;
      if (!history || history.rev === null) return;
      // The address of this page means nothing to a file.
      const isPlain = history.isFile || (history.rev === history.head && comparison.base === null);
      const hash = isPlain ? '' : writePlace({ rev: history.rev, base: comparison.base });
      if (hash !== location.hash) window.history.replaceState(null, '', hash || location.pathname + location.search);
    }, ADDRESS_DELAY);
  }

  private watchWait(history: History): void {
    if (!history.isWaiting) {
      clearTimeout(this.waitTimer);
      this.waitTimer = undefined;
      this.showStatus();
      return;
    }
    this.waitTimer ??= setTimeout(() => {
      this.waitTimer = undefined;
      this.showStatus();
    }, WAIT_DELAY);
  }

  private showStatus(): void {
    const [state, name, text] = this.statusNow();
    if (this.status.dataset.state === state) return;
    this.status.dataset.state = state;
    this.status.replaceChildren(icon(name), h('span', { class: 'status-text' }, text));
  }

  private statusNow(): readonly [state: string, icon: IconName, text: string] {
    const { history } = this;
    if (!history) return ['none', 'open', 'No file'];
    if (history.connection === 'disconnected') return ['disconnected', 'offline', 'Disconnected'];
    if (history.isFile) return ['file', 'open', 'File'];
    if (history.connection === 'reconnecting') return ['reconnecting', 'offline', 'Reconnecting…'];
    if (history.connection === 'connecting') return ['connecting', 'busy', 'Connecting…'];
    return history.isWaiting ? ['connecting', 'busy', 'Loading…'] : ['saved', 'check', 'Live'];
  }

  /** Colours of authors and of changes together could not be told apart. */
  private showColours(): void {
    this.editor.setAuthorColours(settings().authorColours && this.comparison.base === null);
  }

  private setName(name: string): void {
    const title = name.replaceAll('_', ' ');
    byId('pad-name', HTMLElement).textContent = title;
    document.title = `${title} – History – easysync`;
  }

  private announce(text: string): void {
    byId('announcer', HTMLElement).textContent = text;
  }

  private attachOpen(place: HTMLElement): void {
    const label = 'Open a .etherpad file';
    const button = h('button', { type: 'button', class: 'tool tool-optional', title: label, 'aria-label': label, 'data-testid': 'open' }, icon('open'));
    button.addEventListener('click', () => this.opener.choose());
    place.append(button);
  }

  private listenToKeys(): void {
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(event.target instanceof Element)) return;
      const { target, key } = event;
      if (target.closest('dialog, .panel, input:not([type="range"]), select, textarea')) return;
      const run = this.keyAction(key, event.shiftKey, target);
      if (!run) return;
      event.preventDefault();
      run();
    });
  }

  private keyAction(key: string, isFar: boolean, target: Element): (() => void) | null {
    const { deck } = this;
    if (key === ' ') return target.closest('button, a') ? null : () => deck.player.toggle();
    if (key === '[') return () => deck.toMark(-1);
    if (key === ']') return () => deck.toMark(1);
    // In the text these move the caret.
    if (target.closest('.cm-editor') || (target.closest('input') && !isFar)) return null;
    if (key === 'ArrowLeft') return () => deck.step(isFar ? -100 : -1);
    if (key === 'ArrowRight') return () => deck.step(isFar ? 100 : 1);
    if (key === 'Home') return () => deck.choose(0);
    if (key === 'End') return () => deck.choose(this.history?.head ?? 0);
    return null;
  }

  private editorHost(failed: (error: Error) => void): Host {
    const engine = (): EditorEngine => this.engine;
    return {
      get engine() {
        return engine();
      },
      edited: () => undefined,
      hold: () => undefined,
      release: () => undefined,
      // Names are told by the page's own note at the pointer.
      author: (id) => ({ name: null, color: this.history?.writer(id).color ?? '' }),
      failed: (error) => {
        failed(asError(error));
        return false;
      },
    };
  }
}

/**
 * While nothing is selected, CodeMirror asks the browser at each change whether there is a selection now, and that makes it lay out the page an extra time.
 * An empty one at the very start is seen by nobody.
 */
function settleSelection(): void {
  const selection = document.getSelection();
  if (selection?.rangeCount === 0) selection.collapse(document.body, 0);
}

async function start(): Promise<void> {
  followLook();
  try {
    await init();
    settleSelection();
    const page = new HistoryPage();
    const name = padName();
    if (name === null) page.invite();
    else page.openPad(name);
  } catch (error) {
    document.documentElement.dataset.state = 'disconnected';
    const notices = new Notices(byId('notices', HTMLElement));
    notices.disconnected('initsocketfail', null);
    notices.trouble(asError(error));
  }
}

void start();
