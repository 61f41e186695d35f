// A page with an editor: messages arrive at a steady rate, and whatever a subject tells of each is drawn by CodeMirror.

import { EditorState, Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/** How often messages come in, in milliseconds. */
const TICK = 5;

export class Screen {
  #subject;
  #state;

  constructor(subject) {
    this.#subject = subject;
  }

  /** Makes the messages, and an editor in place of the one before. */
  open({ trace }) {
    this.#close();
    const sender = this.#subject.sender(trace.start);
    const messages = trace.patches.map((patch) => sender.send([patch]));
    const doc = Text.of(trace.start.split('\n'));
    const view = new EditorView({ state: EditorState.create({ doc, extensions: [EditorView.lineWrapping] }), parent: document.body });
    view.dom.style.height = '700px';
    const receiver = this.#subject.open(sender.start);
    this.#state = { messages, view, receiver };
  }

  /** Takes in messages for some seconds, and counts them and the frames. */
  async play({ rate, seconds }) {
    const { messages, view, receiver } = this.#state;
    const began = performance.now();
    let taken = 0;
    const frames = countFrames(began + seconds * 1000);
    const timer = setInterval(() => {
      const due = Math.min(messages.length, Math.floor(((performance.now() - began) * rate) / 1000));
      for (; taken < due && performance.now() < began + seconds * 1000; taken += 1) this.#show(view, receiver.receive(messages[taken]));
    }, TICK);
    const counted = await frames;
    clearInterval(timer);
    const shown = view.state.doc.sliceString(0, view.state.doc.length, '\n');
    if (shown !== receiver.text()) throw new Error(`${this.#subject.name}: the editor has another text`);
    return { changes: taken, ...counted };
  }

  #show(view, event) {
    const specs = [];
    for (const [from, removed, insert] of this.#subject.splices(event)) specs.push({ changes: { from, to: from + removed, insert }, sequential: true });
    view.dispatch(...specs);
  }

  #close() {
    if (!this.#state) return;
    this.#state.view.destroy();
    this.#state.receiver.close();
    this.#state = undefined;
  }
}

/** Frames until a time, and how many more a screen of sixty a second would have shown. */
function countFrames(end) {
  const FRAME = 1000 / 60;
  return new Promise((resolve) => {
    let [last, dropped, drawn] = [performance.now(), 0, 0];
    const frame = (now) => {
      dropped += Math.max(0, Math.round((now - last) / FRAME) - 1);
      drawn += 1;
      last = now;
      if (now < end) requestAnimationFrame(frame);
      else resolve({ dropped, drawn });
    };
    requestAnimationFrame(frame);
  });
}
