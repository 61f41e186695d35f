// The engine's benches: recorded traces, growth with the document, and each operation by itself.

import { needRust } from './setup.mjs';
import { run } from './run.mjs';

needRust();
const benches = process.argv.slice(2);
for (const bench of benches.length > 0 ? benches : ['trace', 'scale', 'operations']) {
  run(`bench ${bench}`, ['cargo', 'bench', '--bench', bench]);
}
