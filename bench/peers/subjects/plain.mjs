// JavaScript's own strings: what plain text costs with nothing else done.

const apply = (text, [at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed);

export const plain = {
  name: 'JS string',
  sender: (start) => ({ start, send: (patches) => JSON.stringify(patches.map((patch) => patch.slice(0, 3))) }),
  open(start) {
    let text = start;
    return {
      receive(message) {
        const patches = JSON.parse(message);
        text = patches.reduce(apply, text);
        return patches;
      },
      text: () => text,
      close() {},
    };
  },
  splices: (patches) => patches,
};
