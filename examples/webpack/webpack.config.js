import { copyFileSync, mkdirSync } from 'node:fs';

/** The page itself needs nothing done. */
const copyPage = (compiler) =>
  compiler.hooks.afterEmit.tap('page', () => {
    mkdirSync('dist', { recursive: true });
    copyFileSync('index.html', 'dist/index.html');
  });

export default { mode: 'production', entry: './src/index.js', plugins: [{ apply: copyPage }] };
