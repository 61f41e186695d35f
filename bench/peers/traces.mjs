// What is replayed: recorded sessions, and sessions from a seed.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { root } from '../../scripts/run.mjs';
import { typing } from './synthetic.mjs';

const FOLDER = process.env.EASYSYNC_TRACES ?? join(root, '..', 'shared', 'traces');
const SUFFIX = '.json.gz';

/** The names of the recorded sessions, in the folder that EASYSYNC_TRACES names. */
export function recorded() {
  try {
    return readdirSync(FOLDER).filter((name) => name.endsWith(SUFFIX)).sort().map((name) => basename(name, SUFFIX));
  } catch {
    return [];
  }
}

/** A recorded session for a name, or one from a seed for the options of `typing`. */
export function traceOf(what) {
  if (typeof what !== 'string') return typing(what);
  const { startContent, txns } = JSON.parse(gunzipSync(readFileSync(join(FOLDER, what + SUFFIX))).toString());
  return { name: what, start: startContent, patches: txns.flatMap(({ patches }) => patches) };
}
