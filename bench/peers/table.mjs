// Tables for people.

const OURS = /^easysync/;

/** Prints a case: who took how long, and how many times as long as easysync in the same place. */
export function printCase({ name, results, failures }) {
  const isOfOne = results.every(({ trace }) => trace === results[0].trace);
  const rows = results.map((result) => {
    const { us_per_change: time, changes, changes_in_trace: all } = result;
    const ratio = OURS.test(result.subject) ? '' : ratioTo(results, result);
    return [isOfOne ? result.subject : `${result.subject}, ${result.trace}`, result.where, changes === all ? String(changes) : `${changes} of ${all}`, ...[time.min, time.median, time.max].map(format), ratio, ...framesOf(result)];
  });
  const heads = ['', 'in', 'changes', 'min', 'median', 'max', 'x easysync', ...(rows[0]?.length > 7 ? ['frames dropped of'] : [])];
  console.log(`\n${name}: microseconds per change, ${results[0]?.runs} runs`);
  const table = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table) console.log(row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '));
  for (const { subject, where, error } of failures) console.log(`${subject}, ${where}: ${error}`);
}

function ratioTo(results, { where, us_per_change: time }) {
  const ours = results.find((result) => OURS.test(result.subject) && result.where === where);
  return ours ? format(time.median / ours.us_per_change.median) : '';
}

function framesOf({ frames }) {
  return frames ? [`${frames.dropped} of ${frames.dropped + frames.drawn}`] : [];
}

export function format(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
