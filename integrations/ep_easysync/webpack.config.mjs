// The engine as one CommonJS module, for Etherpad: it wraps a file in a function with `require`, `exports` and `module`.

import { fileURLToPath } from 'node:url';
import webpack from 'webpack';

export default {
  mode: 'production',
  target: ['web', 'es2022'],
  entry: fileURLToPath(new URL('bundle/easysync.js', import.meta.url)),
  output: { path: fileURLToPath(new URL('static/js', import.meta.url)), filename: 'easysync.js', library: { type: 'commonjs-module' } },
  module: {
    // The engine is in the file; nothing is loaded from beside it.
    parser: { javascript: { url: false } },
    rules: [{ test: /\.wasm$/, type: 'asset/inline', generator: { dataUrl: (content) => content.toString('base64') } }],
  },
  plugins: [new webpack.DefinePlugin({ 'import.meta.url': '""' })],
  performance: { hints: false },
};
