// The history of a pad that follows the newest revision: easysync's, and the path of Etherpad's timeslider without its DOM.

import Changeset from 'ep_etherpad-lite/static/js/Changeset.js';
import { init, Slider } from '../../../pkg/history-node.js';
import { WireSender } from '../wire.mjs';
import { easysync } from './easysync.mjs';
import { poolFrom, revisionsOf, splicesOf } from './etherpad.mjs';

export const easysyncHistory = {
  name: 'easysync, history',
  load: init,
  sender: (start) => new WireSender(start),
  open(start) {
    const slider = new Slider();
    slider.receive(start, 0);
    slider.takeEffects();
    slider.seek(slider.head, 0);
    return {
      receive(message) {
        slider.receive(message, 0);
        slider.takeEffects();
        return slider.seek(slider.head, 0);
      },
      text: () => slider.text(0, slider.length - 1),
      close: () => slider.free(),
    };
  },
  splices: easysync.splices,
};

export const etherpadHistory = {
  name: 'Etherpad, history',
  sender: (start) => new WireSender(start),
  open(start) {
    const { initialAttributedText, apool } = JSON.parse(start).data.collab_client_vars;
    const pool = poolFrom(apool);
    const textLines = Changeset.splitTextLines(initialAttributedText.text);
    const attributionLines = Changeset.splitAttributionLines(initialAttributedText.attribs, initialAttributedText.text);
    return {
      receive(message) {
        const shown = [];
        for (const { changeset, apool: wirePool } of revisionsOf(JSON.parse(message))) {
          const moved = Changeset.moveOpsToNewPool(changeset, poolFrom(wirePool), pool);
          const back = Changeset.inverse(moved, textLines, attributionLines, pool);
          Changeset.mutateAttributionLines(moved, attributionLines, pool);
          Changeset.mutateTextLines(moved, textLines);
          shown.push({ changeset: moved, back });
        }
        return shown;
      },
      text: () => textLines.join('').slice(0, -1),
      close() {},
    };
  },
  *splices(shown) {
    for (const { changeset } of shown) yield* splicesOf(changeset);
  },
};
