// The JavaScript side of the edge. One file, so that a page without a bundler loads one.

const encoder = new TextEncoder();
let view = new Uint8Array();
export const encodeInto = (text, memory, at, room) => {
  if (text.length > room) return -1;
  if (view.buffer !== memory.buffer || view.byteOffset !== at || view.length !== room) {
    view = new Uint8Array(memory.buffer, at, room);
  }
  const { read, written } = encoder.encodeInto(text, view);
  return read === text.length ? written : -1;
};

const none = new Uint32Array();
export const newPatch = (changes, text, formatted) => ({ changes, text, formatted });
export const newPatchOfOne = (from, to, unit) => {
  const changes = new Uint32Array(3);
  changes[0] = from;
  changes[1] = to;
  changes[2] = unit < 0 ? 0 : 1;
  return { changes, text: unit < 0 ? '' : String.fromCharCode(unit), formatted: none };
};

export const shownEffect = (rev, patch) => ({ type: 'shown', rev, patch });
export const newDifference = (changes, removed, formatted) => ({ changes, removed, formatted });
export const newCaret = (author, anchor, head) => ({ author, anchor, head });
