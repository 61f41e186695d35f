// Reads a `.etherpad` file within the page: in small slices, with progress, and no server.

import { EtherpadFile } from 'easysync-wasm/history';
import type { FileProgress, Slider } from 'easysync-wasm/history';
import type { Stand } from '../shared/banner';
import { unpacked } from '../shared/files';
import { breathe } from '../shared/slices';

/** How long a slice may take, in milliseconds: half a frame, so that the other half is left for the page. */
const SLICE = 7;
/** Records between two looks at the clock. */
const AT_ONCE = 64;
/** Bytes that are handed over in one go. */
const PIECE = 1 << 18;
const REPORT_INTERVAL = 100;

/** Reads a file; `.gz` as well. Resolves to `null` if it was cancelled, and rejects with what is wrong with the file. */
export async function readHistory(file: Blob & { name: string }, report: (stand: Stand) => void, signal: AbortSignal): Promise<Slider | null> {
  const reader = (await unpacked(file)).getReader();
  const engine = new EtherpadFile();
  const begin = performance.now();
  let reported = 0;
  let isUsedUp = false;
  let last: FileProgress = { done: 0, total: null, bytes: 0, needsMore: true };
  const tell = (): void => {
    const passed = (performance.now() - begin) / 1000;
    const rate = passed > 0 ? last.done / passed : 0;
    report({ done: last.done, total: last.total, rate, left: last.total !== null && rate > 0 ? (last.total - last.done) / rate : null });
  };
  try {
    let slice = performance.now() + SLICE;
    const rest = async (): Promise<void> => {
      if (performance.now() < slice) return;
      if (performance.now() - reported >= REPORT_INTERVAL) {
        reported = performance.now();
        tell();
      }
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
    tell();
    isUsedUp = true;
    return engine.finish();
  } finally {
    if (!isUsedUp) engine.free();
    void reader.cancel().catch(() => undefined);
  }
}
