// Everything there is to test. Installs what is missing; the second time is quick.

import { needEtherpad, needRust } from './setup.mjs';
import { run } from './run.mjs';

needRust();
needEtherpad();

run('format', ['cargo', 'fmt', '--all', '--check']);
run('lints', ['cargo', 'clippy', '--workspace', '--all-targets', '--', '-D', 'warnings']);
run('lints of the fuzz targets', ['cargo', 'clippy', '--manifest-path', 'fuzz/Cargo.toml', '--all-targets', '--', '-D', 'warnings']);
run('documentation', ['cargo', 'doc', '--workspace', '--no-deps'], { env: { RUSTDOCFLAGS: '-D warnings' } });
run('tests', ['cargo', 'test', '--workspace', '--', '--nocapture'], { env: { EASYSYNC_REQUIRE_ORACLE: '1' } });
run('tests on small trees', [
  'cargo', 'test', '--features', '__small_tree', '--lib', '--test', 'laws', '--test', 'errors', '--test', 'regressions',
]);
console.log('\nAll tests passed.');
