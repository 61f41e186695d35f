// The JavaScript side of the edge. One file, so that a page without a bundler loads one.

export const newPatch = (changes, text, formatted) => ({ changes, text, formatted });

export const shownEffect = (rev, patch) => ({ type: 'shown', rev, patch });
export const newDifference = (changes, removed, formatted) => ({ changes, removed, formatted });
export const newCaret = (author, anchor, head) => ({ author, anchor, head });
