// Builds everything and serves a pad. Arguments go to the server: npm start -- --port 8080

import { spawn } from 'node:child_process';
import { buildPackage, buildPages, buildServer } from './build.mjs';
import { root } from './run.mjs';

buildPackage();
buildPages();
const server = spawn(buildServer(), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => process.exit(code ?? 0));
