// The builds of the engine for JavaScript: one wasm and its glue for each, so that a page loads only what it needs.

/**
 * @typedef {object} Build
 * @property {string} name The wasm is `easysync_NAME_bg.wasm`, its glue `easysync_NAME.js`.
 * @property {string[]} features Features of the crate: whose classes are in it.
 * @property {'2' | 's'} level Whether it is optimised for speed or for size: `s` is a seventh smaller, and a fifth slower. `3` is no faster than `2`.
 * @property {string} entry The modules of npm/ that load it: `ENTRY.js`, `ENTRY.d.ts`, and for Node `node.js` or `ENTRY-node.js`.
 */

/** @type {Build[]} */
export const BUILDS = [
  { name: 'pad', features: ['pad'], level: '2', entry: 'index' },
  { name: 'history', features: ['history'], level: 's', entry: 'history' },
  { name: 'changeset', features: ['changeset'], level: 's', entry: 'changeset' },
];
