// What the deltas of Yjs, Loro and others have in common.

/** The splices of a delta, in the text as the ones before have left it. */
export function* splicesOfDelta(delta) {
  let at = 0;
  for (const { retain = 0, insert = '', delete: removed = 0 } of delta) {
    at += retain;
    if (insert !== '' || removed > 0) yield [at, removed, insert];
    at += insert.length;
  }
}
