'use strict';

// Etherpad has no hook that replaces a module of its editor. Before version 2.2 its server puts the editor's modules together from files that
// one function reads; that one is asked here first.

const fs = require('fs');
const path = require('path');

const BUNDLE = path.join(__dirname, 'static', 'js', 'easysync.js');
const MODULES = '/static/plugins/ep_etherpad-lite/static/js/';

/** What stands in place of the editor's modules. The first one has the engine in it. */
const replacements = () => ({
  'Changeset.js': fs.readFileSync(BUNDLE, 'utf8'),
  'AttributePool.js': "module.exports = require('./Changeset').AttributePool;\n",
  'changesettracker.js': "exports.makeChangesetTracker = require('./Changeset').makeChangesetTracker;\n",
});

const replaceClient = (minify, maxAge) => {
  const began = new Date().toUTCString();
  const modules = replacements();
  const readFiles = minify.requestURIs;
  minify.requestURIs = (locations, method, headers, callback) => {
    const ours = locations.map((location) => {
      const {pathname} = new URL(location);
      return pathname.startsWith(MODULES) ? modules[pathname.slice(MODULES.length)] : undefined;
    });
    const rest = locations.filter((_, index) => ours[index] === undefined);
    readFiles(rest, method, headers, (statuses, headersOfAll, contents) => {
      const now = Date.now();
      const ourHeaders = {
        'content-type': 'application/javascript',
        'date': new Date(now).toUTCString(),
        'last-modified': began,
        'expires': new Date(now + maxAge * 1000).toUTCString(),
        'cache-control': `max-age=${maxAge}`,
      };
      // The others come in their order.
      let next = 0;
      const answers = ours.map((content) => {
        if (content !== undefined) return [200, ourHeaders, method === 'HEAD' ? '' : content];
        const index = next++;
        return [statuses[index], headersOfAll[index], contents[index]];
      });
      callback(...[0, 1, 2].map((part) => answers.map((answer) => answer[part])));
    });
  };
};

/** The functions that both have; those that only Etherpad has stay as they are. */
const replaceServer = (changeset) => {
  const ours = require(BUNDLE);
  for (const name of Object.keys(changeset)) {
    if (typeof ours[name] === 'function') changeset[name] = ours[name];
  }
};

exports.loadSettings = async (hookName, {settings}) => {
  const {editor = true, server = false} = settings.ep_easysync || {};
  if (editor) {
    const minify = require('ep_etherpad-lite/node/utils/Minify');
    if (typeof minify.requestURIs === 'function') replaceClient(minify, settings.maxAge || 0);
    else console.warn('ep_easysync: this Etherpad builds its editor in a way that nothing can be put into; only batches of changes are handled');
  }
  if (server) replaceServer(require('ep_etherpad-lite/static/js/Changeset'));
};
