// Reads a `.etherpad` file within the page: in small slices, with progress, and no server.

import { EtherpadFile, Round, SLICE, breathe } from 'easysync-wasm/history';
import type { FileProgress, Slider } from 'easysync-wasm/history';
import type { Stand } from '../shared/banner';
import { unpacked } from '../shared/files';

/** Records between two looks at the clock. */
const AT_ONCE = 64;
/** Bytes that are handed over in one go. */
const PIECE = 1 << 18;

/** Reads a file; `.gz` as well. Resolves to `null` if it was cancelled, and rejects with what is wrong with the file. */
export async function readHistory(file: Blob & { name: string }, report: (stand: Stand) => void, signal: AbortSignal): Promise<Slider | null> {
  const reader = (await unpacked(file)).getReader();
  const engine = new EtherpadFile();
  const round = new Round<number | null>(null, report, (error) => reportError(error));
  let isUsedUp = false;
  let last: FileProgress = { done: 0, total: null, bytes: 0, needsMore: true };
  try {
    let slice = performance.now() + SLICE;
    const rest = async (): Promise<void> => {
      if (performance.now() < slice) return;
      round.total = last.total;
      round.reach(last.done);
      await breathe();
      slice = performance.now() + SLICE;
    };
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return null;
      if (done) break;
      for (let at = 0; at < value.length; at += PIECE) {
        engine.push(value.subarray(at, at + PIECE));
        do {
          last = engine.advance(AT_ONCE);
          await rest();
          if (signal.aborted) return null;
        } while (!last.needsMore);
      }
    }
    round.end('done', last.done);
    isUsedUp = true;
    return engine.finish();
  } finally {
    if (!isUsedUp) engine.free();
    void reader.cancel().catch(() => undefined);
  }
}
