// What the tests in a browser do from JavaScript.

const thrownBy = (call) => { try { return call(); } catch (error) { return error; } };
export const opened = (file, text) => thrownBy(() => {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 7) {
    file.push(bytes.subarray(at, at + 7));
    while (!file.advance(1).needsMore) {}
  }
  return file.finish();
});
export const shown = (slider) => slider.text(0, slider.length);
export const written = (patch) => [[...patch.changes].join(), patch.text, [...patch.formatted].join()];
export const seek = (slider, rev) => thrownBy(() => slider.seek(rev, 0));
export const receiveHistory = (slider, message) => thrownBy(() => slider.receive(message, 0));
export const types = (slider) => slider.takeEffects().map(({ type, rev }) => `${type} ${rev ?? ""}`.trim()).join();
export const removed = (slider, from, to) => slider.difference(from, to).removed;
export const blame = (slider, from, to) => {
  slider.beginBlame(from, to);
  while (slider.advanceBlame(1, 0) === "working") {}
  return JSON.stringify(slider.blameRuns());
};
export const json = (slider, call, ...numbers) => JSON.stringify(slider[call](...numbers)) ?? "undefined";

export const joined = (Pad, text, rev) => {
  const pad = new Pad();
  pad.receive(JSON.stringify({ type: "CLIENT_VARS", data: { userId: "a.me", collab_client_vars: {
    padId: "pad", rev, initialAttributedText: { text, attribs: `|${text.split("\n").length - 1}+${text.length.toString(36)}` },
    apool: { numToAttrib: {}, nextNum: 0 } } } }));
  pad.takeEffects();
  return pad;
};
const room = (data) => JSON.stringify({ type: "COLLABROOM", data });
const item = (newRev, changeset, author) => ({ newRev, changeset, author, currentTime: 1, timeDelta: 1,
  apool: { numToAttrib: { 0: ["author", author] }, attribToNum: {}, nextNum: 1 } });
export const single = (pad, rev, changeset) => pad.receive(room({ type: "NEW_CHANGES", ...item(rev, changeset, "a.you") }));
export const batch = (pad, rev, changesets) =>
  pad.receive(room({ type: "NEW_CHANGES_BATCH", changes: changesets.map((changeset, i) => item(rev + i, changeset, "a.you")) }));
export const receive = (pad, text) => thrownBy(() => void pad.receive(text));
export const edit = (pad, changes, text) => thrownBy(() => void pad.edit(new Uint32Array(changes), text));
export const committed = (pad) => JSON.parse(pad.commit()).data.changeset;
export const textOf = (pad) => pad.text(0, pad.length);
export const flush = (pad) => { const { changes, text, formatted } = pad.flush(); return [[...changes].join(), text, [...formatted].join()]; };
export const effects = (pad) => JSON.stringify(pad.takeEffects());
export const runs = (pad) => [...pad.runs(0, pad.length)].join();
export const attribs = (pad, number) => pad.attribs(number).join();
export const paste = (pad, text) => pad.insertFragment(0, 0, { lines: [{ heading: 1, runs: [{ text, formats: ["bold"] }] }, { runs: [] }] });
export const line = (pad, at) => JSON.stringify(pad.lineFormat(at));
export const isError = (value) => value instanceof Error;
export const half = (which) => "a😀b".slice(which, which + 1);
export const free = (pad) => pad.free();
export const memory = (exports) => exports.buffer.byteLength;
