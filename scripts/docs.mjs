// Builds the documentation in site/: the guides and the npm package by typedoc, the crate by rustdoc.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage } from './build.mjs';
import { root, run } from './run.mjs';

const site = join(root, 'site');

buildPackage();
rmSync(site, { recursive: true, force: true });
run('documentation of the package', ['typedoc', '--treatWarningsAsErrors']);
run('documentation of the crate', ['cargo', 'doc', '--no-deps', '-p', 'easysync'], { env: { RUSTDOCFLAGS: '-D warnings' } });
cpSync(join(root, 'target', 'doc'), join(site, 'rust'), { recursive: true });
console.log('\nOpen site/index.html');
