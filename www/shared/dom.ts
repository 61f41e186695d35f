// Small helpers to build a page's elements. Text always becomes text, never markup.

type Attributes = Record<string, string | boolean | undefined>;

/** Makes an element. Attributes that are `false` or `undefined` are left out, `true` ones are empty. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The element of the page with this id; a page without it is an error of the program. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} called ${id}`);
  return element;
}

/** Makes, of a way to do something later, a way to do it once however often it was asked for meanwhile. */
export function once(later: (run: () => void) => void): (work: () => void) => () => void {
  return (work) => {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      later(() => {
        asked = false;
        work();
      });
    };
  };
}

/** Runs `work` once in the next frame, however often it was asked for. A hidden page draws no frames, and nobody sees it. */
export const oncePerFrame = once((run) => requestAnimationFrame(run));

/** Puts work off until the present task is done, and does it once however often it was asked for: what follows from a frame belongs to that frame. */
export const oncePerTask = once(queueMicrotask);

/** Puts text on the clipboard. Resolves to whether that worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not a secure context, or not permitted: the older way still works from a click.
    const area = h('textarea', { 'aria-hidden': 'true', class: 'off-screen' });
    area.value = text;
    // While a dialog is open, nothing outside of it can be selected.
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** Offers text as a file. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has to read it first.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
