// Everything there is to test. Installs what is missing; the second time is quick.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage, buildPages, serverProgram } from './build.mjs';
import { BUILDS } from './builds.mjs';
import { facadeTests } from './etherpad.mjs';
import { root, run } from './run.mjs';
import { needBrowser, needEtherpad, needLints, needPackages, needPostgres, needRust, needWasm } from './setup.mjs';

const WASM = ['--target', 'wasm32-unknown-unknown'];
const DENY = ['--', '-D', 'warnings'];

needRust();
needLints();
needPackages();
needEtherpad();
needWasm();
const { chromium, chromedriver } = needBrowser();
const postgres = needPostgres();

run('format', ['cargo', 'fmt', '--all', '--check']);
run('lints', ['cargo', 'clippy', '--workspace', '--all-targets', ...DENY]);
run('lints of the bindings', ['cargo', 'clippy', '--lib', '--tests', ...WASM, ...DENY]);
for (const { name, features } of BUILDS) {
  run(`lints of the bindings, ${name} alone`, ['cargo', 'clippy', '--lib', ...WASM, '--no-default-features', '--features', features.join(), ...DENY]);
}
run('lints of the fuzz targets', ['cargo', 'clippy', '--manifest-path', 'fuzz/Cargo.toml', '--all-targets', ...DENY]);
run('documentation', ['cargo', 'doc', '--workspace', '--no-deps'], { env: { RUSTDOCFLAGS: '-D warnings' } });
// The comparison with Etherpad draws other cases each time; by itself it takes 100,000.
run('tests', ['cargo', 'test', '--workspace', '--', '--nocapture'], {
  env: { EASYSYNC_REQUIRE_ORACLE: '1', EASYSYNC_REQUIRE_POSTGRES: '1', POSTGRES_BIN: postgres, EASYSYNC_DIFF_CASES: '40000' },
});
run('tests on small trees', [
  'cargo', 'test', '--features', '__small_tree', '--lib', '--test', 'laws', '--test', 'errors', '--test', 'regressions',
]);
// The runner's own web server leaves a connection waiting for ever if the browser opens more than it has threads for, which happens.
// What is built beforehand does not count against the limit.
const browserTests = ['cargo', 'test', '--lib', ...WASM];
const env = {
  CHROMEDRIVER: chromedriver,
  CARGO_PROFILE_TEST_DEBUG: '0',
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: 'wasm-bindgen-test-runner',
  WASM_BINDGEN_TEST_ONLY_WEB: '1',
};
run('tests for a browser', [...browserTests, '--no-run'], { env });
run('tests in a browser', browserTests, { env, limit: 120_000, tries: 3 });

buildPackage();
run('size of the npm package', ['size-limit']);
run('npm package', ['publint', 'pkg', '--strict']);
const wasm = BUILDS.map(({ name }) => `easysync_${name}_bg.wasm`);
run('types of the npm package', ['attw', '--pack', 'pkg', '--profile', 'esm-only', '--exclude-entrypoints', ...wasm]);
run('documentation of the npm package', ['typedoc', '--treatWarningsAsErrors', '--emit', 'none']);
run('npm publish, without doing it', ['npm', 'publish', '--dry-run', './pkg']);
// That what is packed compiles, the tests have shown.
run('cargo publish, without doing it', ['cargo', 'publish', '--dry-run', '--allow-dirty', '--no-verify', '-p', 'easysync']);
const packageTests = readdirSync(join(root, 'tests', 'package')).sort().map((name) => join('tests', 'package', name));
// The server that the tests of the workspace have built.
const servers = { CHROMIUM: chromium, EASYSYNC_SERVER: serverProgram('debug') };
run('npm package, installed and used', ['node', '--test', '--test-concurrency=1', '--test-reporter=spec', ...packageTests], { env: servers });
facadeTests();
run('types of the pages', ['tsc', '--noEmit', '-p', 'www']);
buildPages();
run('end to end', ['node', 'scripts/e2e.mjs'], { env: servers });
console.log('\nAll tests passed.');
