// What went over the wire lately, for whoever has to find out what went wrong. Facts about messages, not the messages themselves.

/** What is noted of a message. */
export interface Entry {
  /** Milliseconds since the page was opened. */
  at: number;
  way: 'in' | 'out';
  type: string;
  /** The revisions that it names, in order. */
  revs: number[];
  /** Code units. */
  length: number;
}

/** How many messages are remembered. */
const SIZE = 100;
/** How much of either end of a long message is looked at. */
const END = 600;
const MAX_REVS = 8;

/** Remembers the last messages. Noting one costs next to nothing; what is in it is looked up when somebody asks. */
export class Logbook {
  private readonly notes: { at: number; way: Entry['way']; ends: string; length: number }[] = [];
  private next = 0;

  note(way: Entry['way'], message: string): void {
    // A piece of a long text would keep all of it in memory.
    const ends = message.length <= 2 * END ? message : [...message.slice(0, END), ...message.slice(-END)].join('');
    this.notes[this.next % SIZE] = { at: Math.round(performance.now()), way, ends, length: message.length };
    this.next += 1;
  }

  /** The last messages, the oldest first. */
  entries(): Entry[] {
    const start = this.next % SIZE;
    return [...this.notes.slice(start), ...this.notes.slice(0, start)].map(({ at, way, ends, length }) => ({ at, way, ...facts(ends), length }));
  }
}

/** Types and revisions: words and numbers of the protocol, found without reading texts. Within a text the quotes would have backslashes. */
function facts(ends: string): { type: string; revs: number[] } {
  const types = [...ends.matchAll(/"type":"([A-Z_]{1,40})"/g)].map(([, type = '']) => type).filter((type) => type !== 'COLLABROOM');
  const end = /"(disconnect|accessStatus)":"(\w{1,40})"/.exec(ends);
  const revs = [...ends.matchAll(/"(?:newRev|baseRev|rev|start|headRev|actualEndNum)":(\d{1,10})\b/g)].map(([, rev]) => Number(rev));
  return { type: types[0] ?? (end ? `${end[1]} ${end[2]}` : 'unknown'), revs: revs.slice(0, MAX_REVS) };
}
