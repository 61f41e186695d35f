// The page of a pad: brings session, editor and the parts around them together.

import type { EditorView } from '@codemirror/view';
import { isTrap } from 'easysync-wasm';
import { Editor } from '../editor';
import type { Host } from '../editor';
import { Banner } from '../shared/banner';
import { byId, h, oncePerFrame } from '../shared/dom';
import { icon } from '../shared/icons';
import { cspNonce, padAddress } from '../shared/page';
import { confirmDialog } from '../shared/panel';
import { followLook, onSettings, settings } from '../shared/settings';
import '../shared/base.css';
import './pad.css';
import '../editor/editor.css';
import { actionKeys } from './actions';
import { engine, joining } from './early';
import { attachExchange } from './exchange';
import { showHelp } from './help';
import { Notices } from './notices';
import { attachPeople } from './people';
import { attachPreferences } from './preferences';
import { Presence } from './presence';
import { makeReport, showReport } from './report';
import { offerText } from './rescue';
import { Session } from './session';
import type { Facts } from './session';
import { attachShare } from './share';
import { Status } from './status';
import { buildToolbar } from './toolbar';
import type { Toolbar } from './toolbar';
import { followViewport } from './viewport';

declare global {
  interface Window {
    /** For plugins and tests. There once the session exists. */
    easysync?: { session: Session; view: EditorView };
  }
}

type PageState = 'loading' | 'ready' | 'disconnected';

function setState(state: PageState): void {
  document.documentElement.dataset.state = state;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** What the editor is given of a session. */
function hostFor(session: Session, edited: () => void): Host {
  return {
    get engine() {
      return session.engine;
    },
    edited: (now) => {
      session.edited(now);
      edited();
    },
    hold: () => session.hold(),
    release: () => session.release(),
    author: (id) => session.person(id),
    failed: (error) => session.failed(error),
  };
}

class PadPage {
  /** There once the pad has been joined. */
  private editor: Editor | null = null;
  private toolbar: Toolbar | null = null;
  private presence: Presence | null = null;
  private drawPeople: () => void = () => undefined;

  constructor(
    private readonly session: Session,
    private readonly server: string,
    private readonly status: Status,
    private readonly notices: Notices,
  ) {
    this.listen();
    this.listenToTrouble();
    this.status.update(session);
  }

  private listen(): void {
    const { session, status } = this;
    session.on('joined', () => this.joined());
    session.on('patch', (patch) => this.editor?.show(patch));
    session.lookAt((from, to) => this.editor?.shows(from, to) ?? false);
    const authors = oncePerFrame(() => this.editor?.refreshAuthors());
    session.on('people', () => {
      this.drawPeople();
      authors();
    });
    session.on('save', () => status.update(session));
    session.on('connection', (state, reason) => {
      status.update(session);
      if (state === 'disconnected') this.disconnected(reason);
    });
    addEventListener('beforeunload', (event) => {
      if (session.wouldLose) event.preventDefault();
    });
  }

  private listenToTrouble(): void {
    const { session, notices } = this;
    const place = byId('notices', HTMLElement);
    const banner = new Banner(place, { name: 'Catching up', cancel: () => session.cancelCatchUp(), resume: () => session.resumeCatchUp() });
    session.on('progress', (progress) => banner.show(progress));
    session.on('trouble', (error) => {
      if (!banner.tells(error)) notices.trouble(error);
    });
    session.on('restarted', (error, facts) => this.restarted(error, facts));
    session.on('unplaced', (unplaced) => offerText(notices, session.padName, unplaced, () => session.discard(unplaced.id)));
    // What is thrown where nobody catches it: in a frame, in a timer, in a part of the editor.
    addEventListener('error', ({ error }) => {
      if (isTrap(error)) session.failed(error);
    });
    addEventListener('unhandledrejection', ({ reason }) => {
      if (isTrap(reason)) session.failed(reason);
    });
  }

  /** The engine is another one, which has no text yet. What is shown stays, and the user goes on. */
  private restarted(error: Error, facts: Facts): void {
    this.editor?.detach();
    this.notices.tell('A part of this page failed and was started again. What you wrote was kept.', 'restarted', [this.reportButton(error, facts)]);
  }

  private reportButton(error: Error, facts: Facts): HTMLButtonElement {
    const report = makeReport(this.session, error, facts);
    const button = h('button', { type: 'button', class: 'button', 'data-testid': 'show-report' }, 'Report…');
    button.addEventListener('click', () => showReport(report, () => this.shownText()));
    return button;
  }

  private disconnected(reason: string | null): void {
    const { session, notices } = this;
    setState('disconnected');
    this.editor?.setReadOnly(true);
    this.toolbar?.disable();
    const report = makeReport(session, new Error(`disconnected: ${reason ?? 'no reason'}`));
    notices.disconnected(reason, {
      padName: session.padName,
      text: () => this.wholeText(),
      report: () => showReport(report, () => this.shownText()),
      ...(session.saveState === 'notSaved' ? { discard: () => void this.discardUnsaved() } : {}),
    });
  }

  /** For changes that the server refuses, however often they are sent. */
  private async discardUnsaved(): Promise<void> {
    const question = 'What the server does not have of your changes is gone then, unless you have copied or downloaded it.';
    if (!(await confirmDialog('Give up your last changes?', question, 'Give up'))) return;
    await this.session.discardUnsaved();
    location.reload();
  }

  /** The text as it would be exported; if the engine is no more, as it is shown. */
  private wholeText(): string {
    const { session } = this;
    return session.hasNoText ? this.shownText() : session.engine.exportText();
  }

  private shownText(): string {
    return this.editor?.text ?? '';
  }

  /** The document is there, for the first time or as a whole again. */
  private joined(): void {
    const { session } = this;
    const readOnly = session.readOnly || session.connection === 'disconnected';
    if (this.editor) {
      this.editor.reload();
      this.editor.setReadOnly(readOnly);
    } else {
      this.showFirst(readOnly);
    }
    this.status.update(session);
    this.drawPeople();
    this.toolbar?.refresh();
    setState(session.connection === 'disconnected' ? 'disconnected' : 'ready');
  }

  private showFirst(readOnly: boolean): void {
    const { session } = this;
    const { lineNumbers, authorColours } = settings();
    byId('skeleton', HTMLElement).remove();
    document.documentElement.classList.toggle('read-only', session.readOnly);
    const editor = new Editor({
      parent: byId('stage', HTMLElement),
      host: hostFor(session, () => this.toolbar?.refresh()),
      label: 'Text of the pad',
      placeholder: 'Write something. Everybody who opens this page sees it at once.',
      readOnly,
      lineNumbers,
      authorColours,
      nonce: cspNonce(),
      keys: actionKeys(),
      changed: () => {
        this.toolbar?.refresh();
        this.presence?.moved();
      },
    });
    this.editor = editor;
    this.presence = new Presence(session, editor);
    window.easysync = { session, view: editor.view };
    editor.onScroll(() => session.catchUp());
    onSettings((now) => {
      editor.setLineNumbers(now.lineNumbers);
      editor.setAuthorColours(now.authorColours);
    });
    this.attachTools(editor);
    if (!session.readOnly) editor.view.focus();
  }

  private attachTools(editor: Editor): void {
    const { session, server } = this;
    const place = byId('actions', HTMLElement);
    const tools = byId('tools', HTMLElement);
    if (session.readOnly) {
      tools.replaceWith(h('p', { class: 'read-only-note', 'data-testid': 'read-only' }, 'You can read this pad, but not change it.'));
    } else {
      this.toolbar = buildToolbar(tools, editor, () => session.engine);
    }
    const find = h('button', { type: 'button', class: 'tool tool-optional', title: 'Find', 'aria-label': 'Find', 'data-testid': 'find' }, icon('search'));
    find.addEventListener('click', () => editor.openSearch());
    const href = padAddress(session.padName, '/timeslider');
    place.append(find, h('a', { class: 'tool', href, title: 'History', 'aria-label': 'History', 'data-testid': 'history' }, icon('history')));
    attachExchange(place, { session, editor, server, failed: (error) => this.notices.trouble(error) });
    attachPreferences(place, showHelp);
    attachShare(place, session);
    this.drawPeople = attachPeople(place, session);
    document.addEventListener('keydown', (event) => {
      const save = event.key.toLowerCase() === 's' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const toTools = event.key === 'F9' && event.altKey;
      if (!save && !toTools) return;
      event.preventDefault();
      if (save) this.status.tell();
      else this.toolbar?.focus();
    });
  }
}

async function start(): Promise<void> {
  followLook();
  followViewport();
  const status = new Status(byId('status', HTMLElement), byId('announcer', HTMLElement));
  const notices = new Notices(byId('notices', HTMLElement));
  const failed = (reason: string): void => {
    status.failed();
    setState('disconnected');
    notices.disconnected(reason, null);
  };
  if (!joining) {
    failed('denied');
    return;
  }
  const { padName: name, server } = joining;
  byId('pad-name', HTMLElement).textContent = name.replaceAll('_', ' ');
  document.title = `${name.replaceAll('_', ' ')} – easysync`;
  try {
    await engine;
    const session = new Session(joining);
    new PadPage(session, server, status, notices);
    session.begin();
  } catch (error) {
    joining.connection.close();
    failed('initsocketfail');
    notices.trouble(asError(error));
  }
}

void start();
