'use strict';

// Several changes in one message, for a client that does not know such messages: it gets them one by one, each revision once. What listens
// to single changes (`handleClientMessage_NEW_CHANGES`) hears of each.

const splitBatches = (socket, rev) => {
  const listeners = socket.listeners('message').slice();
  let newest = rev;

  const parts = (message) => {
    if (message.type === 'CLIENT_VARS') newest = message.data.collab_client_vars.rev;
    const data = message.type === 'COLLABROOM' ? message.data : {};
    const changes = data.type === 'NEW_CHANGES_BATCH' ? data.changes : [data];
    const isNews = (change) => data.type !== 'NEW_CHANGES_BATCH' || change.newRev > newest;
    return changes.filter(isNews).map((change) => {
      if (change.newRev > newest) newest = change.newRev;
      return change === data ? message : Object.assign({}, message, {data: Object.assign({}, change, {type: 'NEW_CHANGES'})});
    });
  };

  socket.off('message');
  socket.on('message', (message, ...rest) => {
    const messages = typeof message === 'object' && message !== null ? parts(message) : [message];
    for (const part of messages) {
      for (const listener of listeners) listener.call(socket, part, ...rest);
    }
  });
};

exports.splitBatches = splitBatches;

// The first hook that a pad's page calls after CLIENT_VARS, and before any other message can come.
exports.aceEditorCSS = () => {
  splitBatches(require('ep_etherpad-lite/static/js/pad').pad.socket, window.clientVars.collab_client_vars.rev);
  return [];
};

exports.postTimesliderInit = () => {
  splitBatches(require('ep_etherpad-lite/static/js/timeslider').socket, -1);
};
