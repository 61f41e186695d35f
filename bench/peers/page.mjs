// What runs in the page: the same measurements as in Node, of the subjects that browsers can load.

import { Bench } from './measure.mjs';
import { Screen } from './screen.mjs';
import { automerge } from './subjects/automerge.mjs';
import { codemirror } from './subjects/codemirror.mjs';
import { easysync, easysyncObjects } from './subjects/easysync.mjs';
import { etherpad } from './subjects/etherpad.mjs';
import { loro } from './subjects/loro.mjs';
import { plain } from './subjects/plain.mjs';
import { yjs } from './subjects/yjs.mjs';

const SUBJECTS = { easysync, easysyncObjects, codemirror, plain, yjs, loro, automerge, etherpad };
let bench;
let screen;

async function withTrace(what) {
  const answer = await fetch(`/trace?${encodeURIComponent(JSON.stringify(what.trace))}`);
  return { ...what, trace: await answer.json() };
}

window.peers = {
  async start(name) {
    await SUBJECTS[name].load?.();
    bench = new Bench(SUBJECTS[name]);
    screen = new Screen(SUBJECTS[name]);
  },
  prepare: async (what) => bench.prepare(await withTrace(what)),
  run: () => bench.run(),
  open: async (what) => screen.open(await withTrace(what)),
  play: (what) => screen.play(what),
};
