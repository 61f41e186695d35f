// One subject in a process of its own, so that what it leaves behind slows down no other.

import { Bench } from './measure.mjs';
import { SUBJECTS } from './subjects/index.mjs';
import { traceOf } from './traces.mjs';

const subject = SUBJECTS[process.argv[2]];
await subject.load?.();
const bench = new Bench(subject);

const answers = {
  prepare: (what) => bench.prepare({ ...what, trace: traceOf(what.trace) }),
  run: () => bench.run(),
};

process.on('message', ({ call, what }) => {
  try {
    process.send({ answer: answers[call](what) });
  } catch (error) {
    process.send({ error: error.stack ?? String(error) });
  }
});
process.send({ answer: 'ready' });
