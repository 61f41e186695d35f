// The page of a pad: brings session, editor and the parts around them together.

import type { EditorView } from '@codemirror/view';
import { Editor } from '../editor';
import type { Host } from '../editor';
import { byId, h, oncePerFrame } from '../shared/dom';
import { icon } from '../shared/icons';
import { cspNonce, padAddress } from '../shared/page';
import { followLook, onSettings, settings } from '../shared/settings';
import '../shared/base.css';
import './pad.css';
import '../editor/editor.css';
import { actionKeys } from './actions';
import { attachExchange } from './exchange';
import { showHelp } from './help';
import { Notices } from './notices';
import { attachPeople } from './people';
import { attachPreferences } from './preferences';
import { engine, joining } from './early';
import { Session } from './session';
import { attachShare } from './share';
import { Status, hasUnsaved } from './status';
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
function hostFor(session: Session, notices: Notices, edited: () => void): Host {
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
    failed: (error) => notices.trouble(asError(error)),
  };
}

class PadPage {
  /** There once the pad has been joined. */
  private editor: Editor | null = null;
  private toolbar: Toolbar | null = null;
  private drawPeople: () => void = () => undefined;

  constructor(
    private readonly session: Session,
    private readonly server: string,
    private readonly status: Status,
    private readonly notices: Notices,
  ) {
    this.listen();
    this.status.update(session);
  }

  private listen(): void {
    const { session, status, notices } = this;
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
      if (state === 'disconnected') {
        setState('disconnected');
        this.editor?.setReadOnly(true);
        this.toolbar?.disable();
        notices.disconnected(reason, session);
      }
    });
    session.on('trouble', (error) => notices.trouble(error));
    addEventListener('beforeunload', (event) => {
      if (hasUnsaved(session)) event.preventDefault();
    });
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
    const { session, notices } = this;
    const { lineNumbers, authorColours } = settings();
    byId('skeleton', HTMLElement).remove();
    document.documentElement.classList.toggle('read-only', session.readOnly);
    const editor = new Editor({
      parent: byId('stage', HTMLElement),
      host: hostFor(session, notices, () => this.toolbar?.refresh()),
      label: 'Text of the pad',
      placeholder: 'Write something. Everybody who opens this page sees it at once.',
      readOnly,
      lineNumbers,
      authorColours,
      nonce: cspNonce(),
      keys: actionKeys(),
      changed: () => this.toolbar?.refresh(),
    });
    this.editor = editor;
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
