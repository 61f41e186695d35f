// Builds everything and serves a pad. Arguments go to the server: npm start -- --port 8080

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildPackage, buildPages, buildServer } from './build.mjs';
import { root } from './run.mjs';

buildPackage();
buildPages();
buildServer();
const name = process.platform === 'win32' ? 'easysync-server.exe' : 'easysync-server';
const server = spawn(join(root, 'target', 'release', name), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => process.exit(code ?? 0));
