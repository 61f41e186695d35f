// Subjects in Node.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a process for a subject. */
export async function startNode(subject) {
  const child = fork(fileURLToPath(new URL('child.mjs', import.meta.url)), [subject], { execArgv: ['--expose-gc', '--max-old-space-size=6000'] });
  const gone = new AbortController();
  child.once('exit', (...why) => gone.abort(new Error(`the process of ${subject} ended (${why.join(' ')})`)));
  const answer = async () => {
    const [{ answer: given, error }] = await once(child, 'message', { signal: gone.signal }).catch(({ cause }) => {
      throw cause;
    });
    if (error !== undefined) throw new Error(error);
    return given;
  };
  const call = (name, what) => {
    const answered = answer();
    child.send({ call: name, what });
    return answered;
  };
  await answer();
  return {
    prepare: (what) => call('prepare', what),
    run: () => call('run'),
    close: async () => {
      child.kill();
    },
  };
}
