// Names of keys, as they are printed on this machine's keyboard.

const mac = /Mac|iPhone|iPad/.test(navigator.platform);

const NAMES: ReadonlyMap<string, string> = new Map(
  mac
    ? [
        ['Mod', '⌘'],
        ['Ctrl', '⌃'],
        ['Shift', '⇧'],
        ['Alt', '⌥'],
      ]
    : [['Mod', 'Ctrl']],
);

/** A CodeMirror key name such as `Mod-Shift-l` as a person reads it. */
export function keyLabel(key: string): string {
  const parts = key.split(/-(?=.)/).map((part) => NAMES.get(part) ?? (part.length === 1 ? part.toUpperCase() : part));
  return parts.join(mac ? '' : '+');
}
