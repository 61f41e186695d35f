import { Facet } from '@codemirror/state';
import type { EditorState, Text } from '@codemirror/state';
import type { EditorEngine } from './engine';

/** What the binding must know of somebody who wrote text. */
export interface Author {
  name: string | null;
  /** `#rgb` or `#rrggbb`. */
  color: string;
}

export type ShowTime = 'now' | 'soon' | 'later';

/** The surroundings of the editor: whoever owns the engine, sends its changes away and shows its patches. */
export interface Host {
  /** Asked for at each use, so that an engine can be replaced by another. */
  readonly engine: EditorEngine;
  /** The document has changed. Says when the patch that follows from it is to be shown: before this returns, right after the present task, or with others. */
  edited(show: ShowTime): void;
  /** No patches from now on, for the user composes a character. */
  hold(): void;
  release(): void;
  author(id: string): Author | undefined;
  /**
   * Something went wrong that the user should hear of. Says whether that was the end of the engine: another one comes, and until the editor is told to load
   * its text, there is none to be had.
   */
  failed(error: unknown): boolean;
}

const missing = (): never => {
  throw new Error('the editor has no host');
};

/** The host of an editor state. */
export const hostFacet = Facet.define<Host, () => Host>({
  combine: (hosts) => {
    const host = hosts[0];
    return host ? () => host : missing;
  },
});

/**
 * Whether the engine has as much text as the editor shows. Between a change that the engine refused and the correction that follows, it has not, and
 * positions of the one mean nothing to the other.
 */
export function inStep(host: Host, doc: Text): boolean {
  let isInStep = false;
  attempt(host, () => {
    isInStep = host.engine.length === doc.length + 1;
  });
  return isInStep;
}

/**
 * Does work that asks the engine. Says whether that was done: if the engine fails, the host is told, and CodeMirror is not, for it would never again call
 * the part that the failure came through.
 */
export function attempt(host: Host, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    // Not within an update of the view.
    queueMicrotask(() => host.failed(error));
    return false;
  }
}

/** The host of `state`; throws if there is none, which is an error of the program. */
export function hostOf(state: EditorState): Host {
  return state.facet(hostFacet)();
}
