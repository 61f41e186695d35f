// Writes docs/benchmarks.md and its plots from bench/results/latest.json, and the table of README.md between two marks.
//
//   node bench/peers/charts.mjs

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';
import { needPackages } from '../../scripts/setup.mjs';
import { aims } from './aims.mjs';
import { format } from './table.mjs';

needPackages(join(root, 'bench'), '--ignore-scripts');
const { dots, growth } = await import('./plots.mjs');

const { machine, versions, cases, results } = JSON.parse(readFileSync(join(root, 'bench', 'results', 'latest.json'), 'utf8'));
const folder = join(root, 'docs', 'benchmarks');
mkdirSync(folder, { recursive: true });

const of = (bench, where) => results.filter((result) => result.bench === bench && (!where || result.where === where));
const traces = (list) => [...new Set(list.map(({ trace }) => trace))];
const SIZES = { '10 kB': 1e4, '100 kB': 1e5, '1 MB': 1e6, '10 MB': 1e7 };
const batches = { field: 'batch', title: 'changes in a message', sort: ['1', '10', '200'] };
const byTrace = (list, title) => ({ field: 'trace', title, sort: traces(list) });

const plots = {
  remote: () => dots(of('remote', 'node'), { kind: batches, facet: byTrace(of('remote')) }),
  chromium: () => dots(of('remote', 'chromium'), { kind: batches, facet: byTrace(of('remote')) }),
  sizes: () => growth(of('sizes').map((result) => ({ ...result, document_size: SIZES[result.trace] }))),
  authors: () => dots(of('authors'), { kind: byTrace(of('authors'), 'taking turns') }),
  pending: () => dots(of('pending'), { kind: byTrace(of('pending'), 'operations of the user') }),
  history: () => dots(of('history'), { kind: byTrace(of('history'), 'document') }),
  page: () => dots(of('page'), { kind: byTrace(of('page'), 'changes') }),
};
for (const [name, plot] of Object.entries(plots)) {
  if (of(name === 'chromium' ? 'remote' : name).length > 0) writeFileSync(join(folder, `${name}.svg`), `${await plot()}\n`);
}
writeFileSync(join(root, 'docs', 'benchmarks.md'), document());
writeFileSync(join(root, 'README.md'), summarised(readFileSync(join(root, 'README.md'), 'utf8')));

function document() {
  const loads = cases.flatMap(({ load }) => [load.before, load.after]);
  const range = [Math.min(...loads), Math.max(...loads)].map((load) => load.toFixed(1)).join(' to ');
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version.replace(/^v/, '')}`);
  const commits = [...new Set(cases.map(({ commit }) => commit))];
  return `# easysync beside other libraries

Made by \`npm run bench -- charts\` from \`bench/results/latest.json\`, which \`npm run bench -- peers\` writes. ${machine.cores} cores of
${machine.model}, load average ${range} before and after each case (garbage is
collected in threads of its own), ${cases[0].date.slice(0, 10)}, commit ${commits.join(', ')};
${names.join(', ')}.
${Math.max(...loads) > 2 * machine.cores ? '\n**The machine had other work at the time:** these figures are too high and scatter; they compare only within one table, and roughly.\n' : ''}
## What is measured

The time from the bytes of a message to the updated text and what an editor is told of it. Everyone gets the same changes, each as the
bytes that its own sending side makes of them (not timed), and must end with the same text; an editor that follows only what it is told
must have it too. Each subject has a process or a page of its own; they take turns, and the median of at least five runs is shown with the
least and the greatest. Who cannot take in the whole trace within the time of a run takes in its beginning, where the document is
smaller than later: this favours the slow ones.

| | takes | tells |
|---|---|---|
| easysync | \`NEW_CHANGES\` as text, with the author of what is inserted | the patch of \`Pad.receiveAndFlush\` |
| easysync, two calls | the same | the patch of \`Pad.flush\` behind every \`Pad.receive\` |
| easysync, objects | the same, parsed by somebody else (not timed) | the patch of \`Pad.receiveAndFlush\` |
| Etherpad | the same text; \`JSON.parse\`, the changeset tracker of its client, no DOM | the changeset for the editor |
| CodeMirror | \`ChangeSet\`s as JSON, plain text; \`fromJSON\`, composed, applied to its \`Text\` | the \`ChangeSet\` |
| JS string | positions and text as JSON; two slices | the same |
| Yjs, ywasm | updates (merged where they come in batches) | the delta of the text's event |
| Loro | updates (\`importBatch\` where they come in batches) | the delta of the text's event |
| Automerge | changes | the patches of \`patchCallback\` |
| diamond-types | patches | the operations moved to the text (\`xfSince\`) |

Etherpad and easysync carry who wrote what; the others are given plain text. CRDTs keep what merging without a server needs; the others do
not.

## Aims

${markdown(['', 'wanted', 'measured', ''], aims(results).map(({ aim, limit, measured, isReached }) => [aim, limit, measured, isReached ? 'reached' : '**missed**']))}

## Remote changes, in Node

![Microseconds per change for each trace, in Node](benchmarks/remote.svg)

${tables(of('remote', 'node').filter(({ batch }) => batch === 1))}

### Without WebAssembly

The engine by itself, in Rust on the same machine (\`cargo bench --bench trace\`): what is left when nothing crosses into JavaScript.

${native()}

## Remote changes, in Chromium

![Microseconds per change for each trace, in Chromium](benchmarks/chromium.svg)

${tables(of('remote', 'chromium').filter(({ batch }) => batch === 1))}

## Size of the document

Somebody types some thirty keys at each of many random places.

![Microseconds per change over the size of the document](benchmarks/sizes.svg)

${tables(of('sizes'))}

## Authors

Each types at a place of their own, one key each in turn, in 100 kB.

![Microseconds per change for one, two and 200 authors](benchmarks/authors.svg)

${tables(of('authors'))}

## In turns

Between two tables the machine may become faster or slower. So what the aims compare was measured once more, each run of the one
beside a run of the other:

${inTurns()}

## Pending changes of the user

What the user has typed at 1 or 10,000 places in the first half of 100 kB is not sent yet; what arrives is in the second half.

![Microseconds per change with nothing, one and 10,000 pending](benchmarks/pending.svg)

${tables(of('pending'))}

## History

Following the newest revision where each can be undone: \`Slider\`, and what Etherpad's timeslider does without its DOM (\`inverse\`,
\`mutateAttributionLines\`, \`mutateTextLines\`).

![Microseconds per change of a history](benchmarks/history.svg)

${tables(of('history'))}

## A page with CodeMirror

Chromium draws each change with CodeMirror as it comes, each message with a transaction of its own; the time is all for which the main thread
is busy, drawing included. Etherpad's own page draws with other code, and is measured by \`npm run bench -- page\`.

![Main thread per change in a page with CodeMirror](benchmarks/page.svg)

${tables(of('page'))}
`;
}

/** The README with a table of who takes how long for a change. */
function summarised(readme) {
  const [begin, end] = ['<!-- npm run bench -- charts -->', '<!-- end -->'];
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`README.md has no ${begin} with ${end} behind it`);
  const columns = {
    'automerge-paper': (result) => result.bench === 'remote' && result.trace === 'automerge-paper' && result.batch === 1,
    '10 kB': (result) => result.bench === 'sizes' && result.trace === '10 kB',
    '10 MB': (result) => result.bench === 'sizes' && result.trace === '10 MB',
    '10,000 pending': (result) => result.bench === 'pending' && result.trace === '10000 pending',
  };
  const lists = Object.values(columns).map((isIn) => results.filter((result) => result.where === 'node' && isIn(result)));
  const subjects = lists[0].toSorted((a, b) => a.us_per_change.median - b.us_per_change.median).map(({ subject }) => subject);
  const cell = (list, subject) => list.find((result) => result.subject === subject)?.us_per_change.median;
  const rows = subjects.map((subject) => [subject, ...lists.map((list) => cell(list, subject)).map((median) => (median === undefined ? '' : format(median)))]);
  return `${before}${begin}\n\n${markdown(['µs per change, median', ...Object.keys(columns)], rows)}\n\n${end}${after}`;
}

function native() {
  const subjects = [...new Set(of('native').map(({ subject }) => subject))];
  const rows = traces(of('native')).map((trace) => {
    const medians = subjects.map((subject) => of('native').find((result) => result.trace === trace && result.subject === subject));
    return [trace, ...medians.map(({ us_per_change: { min, median, max } }) => [min, median, max].map(format).join(' / '))];
  });
  return rows.length > 0 ? markdown(['min / median / max', ...subjects], rows) : 'Not measured.';
}

function inTurns() {
  const rows = of('extremes').map(({ trace, us_per_change: { min, median, max }, runs }) => [trace, ...[min, median, max].map(format), String(runs)]);
  return rows.length > 0 ? markdown(['easysync', 'min', 'median', 'max', 'runs'], rows) : 'Not measured.';
}

/** A table for each trace. */
function tables(list) {
  return traces(list)
    .map((trace) => {
      const rows = list.filter((result) => result.trace === trace).sort((a, b) => a.us_per_change.median - b.us_per_change.median);
      const hasFrames = rows.some(({ frames }) => frames);
      const heads = [trace, 'changes', 'min', 'median', 'max', '× easysync', ...(hasFrames ? ['frames dropped'] : [])];
      const ours = rows.find(({ subject }) => /^easysync(, history)?$/.test(subject));
      return markdown(
        heads,
        rows.map(({ subject, changes, changes_in_trace: all, us_per_change: time, frames }) => [
          subject,
          changes === all ? String(changes) : `${changes} of ${all}`,
          format(time.min),
          format(time.median),
          format(time.max),
          ours ? format(time.median / ours.us_per_change.median) : '',
          ...(hasFrames ? [`${frames.dropped} of ${frames.dropped + frames.drawn}`] : []),
        ]),
      );
    })
    .join('\n\n');
}

function markdown(heads, rows) {
  const rule = heads.map((_, column) => (column === 0 ? '---' : '---:'));
  return [heads, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
