// What Etherpad's timeslider keeps, without its page: the lines of one revision, and the changesets between revisions.

import { AttributePool } from './attribute-pool.js';
import { composeAll, eachAttribNumber, inverse, moveOpsToNewPool, mutateAttributionLines, mutateTextLines, splitAttributionLines, splitTextLines } from './changeset.js';

/** Which changesets lead from where to where. */
export class RevisionInfo {
  /** By revision, from where: the ways forwards and back, the longest first. */
  #ways = new Map();

  constructor(latest = -1) {
    /** The newest revision that is known. */
    this.latest = latest;
  }

  /** Adds the way between two revisions, in both directions; the time is the difference of theirs. */
  addChangeset(from, to, forwards, backwards, timeDelta) {
    this.#add(from, to, forwards, timeDelta);
    this.#add(to, from, backwards, -timeDelta);
    this.latest = Math.max(this.latest, from, to);
  }

  /** The changesets that lead to a revision, or as near to it as is known. */
  getPath(from, to) {
    const path = { fromRev: from, rev: from, status: 'partial', changesets: [], spans: [], times: [] };
    while (path.rev !== to) {
      const left = to - path.rev;
      const way = this.#ways.get(path.rev)?.find(({ span }) => Math.sign(span) === Math.sign(left) && Math.abs(span) <= Math.abs(left));
      if (!way) return path;
      path.changesets.push(way.changeset);
      path.spans.push(way.span);
      path.times.push(way.timeDelta);
      path.rev += way.span;
    }
    path.status = 'complete';
    return path;
  }

  #add(from, to, changeset, timeDelta) {
    const ways = this.#ways.get(from) ?? [];
    this.#ways.set(from, ways);
    const span = to - from;
    if (ways.some((way) => way.span === span)) return;
    ways.push({ span, changeset, timeDelta });
    ways.sort((a, b) => Math.abs(b.span) - Math.abs(a.span));
  }
}

/** The document of one revision, in lines; changed in place, so that only what a changeset touches costs anything. */
class Lines {
  constructor(lines, alines) {
    this.lines = lines;
    this.alines = alines;
  }

  clone() {
    return new Lines([...this.lines], [...this.alines]);
  }

  /** Applies a changeset, and tells each splice of lines. */
  apply(changeset, apool, onSplice = () => {}) {
    const { lines, alines } = this;
    mutateAttributionLines(changeset, alines, apool);
    mutateTextLines(changeset, {
      get: (index) => lines[index],
      length: () => lines.length,
      splice(start, removed, ...added) {
        lines.splice(start, removed, ...added);
        onSplice(start, removed, added, alines.slice(start, start + added.length));
      },
    });
  }
}

/**
 * Begins with a revision as CLIENT_VARS has it.
 *
 * `onSplice` is told which lines go and which come, with their attributions.
 */
export function makeBroadcastCore({ initialAttributedText: { text, attribs }, apool: apoolJsonable, rev, time }, onSplice) {
  const apool = new AttributePool().fromJsonable(apoolJsonable);
  const shown = new Lines(splitTextLines(text) ?? [], splitAttributionLines(attribs, text));
  const revisionInfo = new RevisionInfo(rev);
  // The newest revision, while another one is shown.
  let newest = null;

  const padContents = { currentRevision: rev, currentTime: time, currentLines: shown.lines, alines: shown.alines, apool };
  const carried = (changeset, jsonable) => moveOpsToNewPool(changeset, new AttributePool().fromJsonable(jsonable), apool);

  function applyChangeset(changeset, revision, timeDelta = 0) {
    if (newest === null && revision !== revisionInfo.latest) newest = shown.clone();
    shown.apply(changeset, apool, onSplice);
    padContents.currentRevision = revision;
    padContents.currentTime += timeDelta * 1000;
    if (revision === revisionInfo.latest) newest = null;
  }

  /** Takes a change that was made just now; false if it is not the next one. */
  function receiveNewChanges({ newRev, changeset, apool: jsonable, timeDelta = 0 }) {
    if (newRev !== revisionInfo.latest + 1) return false;
    const forwards = carried(changeset, jsonable);
    const { lines, alines } = newest ?? shown;
    const backwards = inverse(forwards, lines, alines, apool);
    const isShown = newest === null;
    if (!isShown) newest.apply(forwards, apool);
    revisionInfo.addChangeset(newRev - 1, newRev, forwards, backwards, timeDelta);
    if (isShown) applyChangeset(forwards, newRev, timeDelta);
    return true;
  }

  return {
    padContents,
    revisionInfo,
    applyChangeset,

    /** Goes to a revision, or as near to it as is known; gives the path there. */
    goToRevision(revision) {
      const path = revisionInfo.getPath(padContents.currentRevision, revision);
      if (path.changesets.length > 0) {
        applyChangeset(composeAll(path.changesets, apool), path.rev, path.times.reduce((sum, delta) => sum + delta, 0));
      }
      return path;
    },

    /** Takes the answer to a CHANGESET_REQ. */
    receiveChangesets({ start, granularity, forwardsChangesets, backwardsChangesets, actualEndNum, timeDeltas, apool: jsonable }) {
      forwardsChangesets.forEach((forwards, index) => {
        const from = start + index * granularity - 1;
        const to = Math.min(from + granularity, actualEndNum - 1);
        revisionInfo.addChangeset(from, to, carried(forwards, jsonable), carried(backwardsChangesets[index], jsonable), timeDeltas[index]);
      });
    },

    receiveNewChanges,

    /** Takes several changes that came as one message; those that are known are passed over. */
    receiveNewChangesBatch({ changes }) {
      return changes.filter((change) => receiveNewChanges(change)).length;
    },

    /** The authors of what is shown, sorted. */
    getActiveAuthors() {
      const authors = new Set();
      const seen = new Set();
      for (const aline of shown.alines) {
        eachAttribNumber(aline, (number) => {
          if (seen.has(number)) return;
          seen.add(number);
          if (apool.getAttribKey(number) === 'author' && apool.getAttribValue(number)) authors.add(apool.getAttribValue(number));
        });
      }
      return [...authors].sort();
    },
  };
}
