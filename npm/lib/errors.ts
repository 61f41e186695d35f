// What goes wrong with a pad, apart from what the engine refuses.

/** Why a pad cannot be had, or cannot be had any more. */
export type PadErrorCode =
  /** The address is not that of a pad. */
  | 'bad-address'
  /** No server answers there. */
  | 'unreachable'
  /** The server answers, but does not let one in. */
  | 'denied'
  /** The server did not answer in time. */
  | 'no-answer'
  /** The caller's signal was aborted. */
  | 'aborted'
  /** The pad can only be read. */
  | 'read-only'
  /** What an earlier session has left cannot be put back. */
  | 'not-saved'
  /** A delta does not fit the text, or is not about text. */
  | 'bad-delta'
  /** A revision cannot be had. */
  | 'no-revision'
  /** The pad was closed, here. */
  | 'closed'
  /** The server ended the session; `reason` says why, in its word. */
  | 'disconnected'
  /** The pad on the server is not the one that was edited. */
  | 'desynchronised'
  /** The engine has come to its end. */
  | 'engine';

/** Thrown, or what a promise is rejected with, by everything that deals with a pad on a server. */
export class PadError extends Error {
  override readonly name = 'PadError';

  /**
   * @param code A stable name of what went wrong.
   * @param unsaved What the server has not acknowledged, to be given to `connect` as `restore` later on; `null` if there is nothing.
   */
  constructor(
    readonly code: PadErrorCode,
    message: string,
    readonly unsaved: string | null = null,
    readonly reason: string | null = null,
  ) {
    super(message);
  }
}
