// Plots of what was measured, as SVG.

import * as vega from 'vega';
import { compile } from 'vega-lite';

const TIME = 'microseconds per change';
const OURS = '#c2410c';
const OTHERS = ['#1d4ed8', '#0e7490', '#15803d', '#7c3aed', '#a16207', '#be185d', '#475569', '#0f766e', '#4d7c0f'];
/** Of the plot of lines and of a name in it, in pixels. */
const [HEIGHT, LABEL] = [420, 16];
const CONFIG = {
  font: 'Helvetica, Arial, sans-serif',
  background: '#ffffff',
  view: { stroke: null },
  axis: { gridColor: '#e5e7eb', domainColor: '#9ca3af', tickColor: '#9ca3af', labelColor: '#374151', titleColor: '#374151', titleFontWeight: 'normal', labelFontSize: 11 },
  header: { labelFontSize: 13, labelFontWeight: 'bold', labelColor: '#111827' },
  legend: { labelColor: '#374151', titleColor: '#374151', titleFontWeight: 'normal', titleLimit: 300, orient: 'top' },
};

/**
 * Dots with the range of all runs, a row for each subject.
 *
 * @param {object[]} results
 * @param {{kind: {field: string, title: string, sort: string[]}, facet?: {field: string, sort: string[]}}} options What the colours tell, and what has a plot of its own.
 */
export function dots(results, { kind, facet }) {
  const colours = ['#c2410c', '#1d4ed8', '#15803d'];
  const y = { field: 'subject', type: 'nominal', title: null, sort: { field: 'median', op: 'min' }, axis: { grid: true } };
  const x = (field) => ({ field, type: 'quantitative', scale: { type: 'log', nice: true }, title: TIME, axis: { format: '~g', tickCount: 6 } });
  const color = { field: kind.field, type: 'nominal', title: kind.title, sort: kind.sort, scale: { domain: kind.sort, range: colours } };
  const layer = [
    { mark: { type: 'rule', strokeWidth: 2, opacity: 0.45 }, encoding: { y, x: x('min'), x2: { field: 'max' }, color } },
    { mark: { type: 'point', filled: true, size: 55, opacity: 1 }, encoding: { y, x: x('median'), color } },
  ];
  const size = { width: 330, height: { step: 18 } };
  const shape = facet
    ? { facet: { field: facet.field, type: 'nominal', title: null, sort: facet.sort }, columns: 2, spec: { ...size, layer } }
    : { ...size, width: 620, layer };
  return svg({ data: { values: flat(results) }, ...shape });
}

/** A line for each subject over the size of the document, named at its end. */
export function growth(results) {
  const subjects = [...new Set(results.map(({ subject }) => subject))];
  const scale = { domain: subjects, range: subjects.map((name, index) => (name.startsWith('easysync') ? OURS : OTHERS[index % OTHERS.length])) };
  const color = { field: 'subject', type: 'nominal', scale, legend: null };
  const x = { field: 'size', type: 'quantitative', scale: { type: 'log', nice: false }, title: 'code units in the document', axis: { format: '~s', values: [1e4, 1e5, 1e6, 1e7] } };
  const y = { field: 'median', type: 'quantitative', scale: { type: 'log' }, title: TIME, axis: { format: '~g' } };
  const ours = { condition: { test: "datum.subject === 'easysync'", value: 3.5 }, value: 1.5 };
  return svg({
    data: { values: flat(results) },
    width: 520,
    height: HEIGHT,
    encoding: { x, y, color },
    layer: [
      { mark: { type: 'line', point: true }, encoding: { strokeWidth: ours } },
      { data: { values: labels(results) }, mark: { type: 'text', align: 'left', dx: 8, fontSize: 11 }, encoding: { text: { field: 'subject' } } },
    ],
  });
}

/** The names at the ends of the lines, moved up where they would lie on each other. */
function labels(results) {
  const size = Math.max(...results.map(({ document_size }) => document_size));
  const medians = results.map(({ us_per_change }) => us_per_change.median);
  const apart = (Math.max(...medians) / Math.min(...medians)) ** (LABEL / HEIGHT);
  let lowest = 0;
  return flat(results.filter(({ document_size }) => document_size === size))
    .sort((a, b) => a.median - b.median)
    .map(({ subject, median }) => {
      const at = Math.max(median, lowest);
      lowest = at * apart;
      return { subject, size, median: at };
    });
}

function flat(results) {
  return results.map(({ us_per_change: time, document_size: size, ...result }) => ({ ...result, ...time, size, batch: String(result.batch) }));
}

async function svg(spec) {
  const view = new vega.View(vega.parse(compile({ ...spec, config: CONFIG }).spec), { renderer: 'none' });
  return view.toSVG();
}
