// The builds of the engine for JavaScript: one wasm and its glue for each, so that a page loads only what it needs.

/**
 * @typedef {object} Build
 * @property {string} name The wasm is `easysync_NAME_bg.wasm`, its glue `easysync_NAME.js`.
 * @property {string[]} features Features of the crate: whose classes are in it.
 * @property {string} entry The modules of npm/ that load it: `ENTRY.js`, `ENTRY.d.ts`, and for Node `node.js` or `ENTRY-node.js`.
 */

/** @type {Build[]} */
export const BUILDS = [
  { name: 'pad', features: ['pad'], entry: 'index' },
  { name: 'history', features: ['history'], entry: 'history' },
];
