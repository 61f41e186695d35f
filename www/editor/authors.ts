// One class for each author, in a style sheet of our own: colours are set through the object model, so the content security policy needs no exception,
// and a colour that changes costs one rule.

import { DARK, LIGHT, behindText, parseColour } from './colour';
import type { Host } from './host';

/** Class names and colours of authors. */
export class AuthorStyles {
  private readonly sheet = new CSSStyleSheet();
  private readonly classes = new Map<string, string>();
  private readonly owners = new Map<string, string>();

  constructor(private readonly host: Host) {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
  }

  /** The classes of text by this author. */
  classOf(id: string): string {
    let name = this.classes.get(id);
    if (name === undefined) {
      name = `es-author-${this.classes.size}`;
      this.classes.set(id, name);
      this.owners.set(name, id);
      this.addRule(name, id);
    }
    return `es-author ${name}`;
  }

  /** The author whose class is among those of an element. */
  authorOf(element: Element): string | undefined {
    for (const name of element.classList) {
      const id = this.owners.get(name);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  /** Takes over the colours that the host has now. */
  refresh(): void {
    while (this.sheet.cssRules.length > 0) this.sheet.deleteRule(0);
    for (const [id, name] of this.classes) this.addRule(name, id);
  }

  destroy(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.sheet);
  }

  private addRule(name: string, id: string): void {
    const colour = parseColour(this.host.author(id)?.color ?? '');
    if (!colour) return;
    const rule = `.es-colours .${name} { background: light-dark(${behindText(colour, LIGHT)}, ${behindText(colour, DARK)}); }`;
    this.sheet.insertRule(rule, this.sheet.cssRules.length);
  }
}
