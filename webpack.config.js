// Builds the pages of www/ into dist/: the HTML files beside each other, everything that they load under dist/static/ with a hash in its name.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import CssMinimizerPlugin from 'css-minimizer-webpack-plugin';
import HtmlWebpackPlugin from 'html-webpack-plugin';
import MiniCssExtractPlugin from 'mini-css-extract-plugin';

const root = path.dirname(fileURLToPath(import.meta.url));

/** One entry for each page: its module, its template, and the file that is made of it. `early` is loaded first, and runs as soon as it is there. */
const pages = {
  pad: { entry: './www/pad/main.ts', early: './www/pad/early.ts', template: './www/pad/pad.html', file: 'pad.html' },
  timeslider: { entry: './www/timeslider/main.ts', template: './www/timeslider/timeslider.html', file: 'timeslider.html' },
  home: { entry: './www/home/main.ts', template: './www/index.html', file: 'index.html' },
};

/** The engine of the pages that have an early script. */
const ENGINE = /^easysync_pad_bg\..*\.wasm$/;

const preload = (href) => HtmlWebpackPlugin.createHtmlTagObject('link', { rel: 'preload', as: 'fetch', type: 'application/wasm', crossorigin: true, href });

const earlyName = (name) => `${name}-early`;

/** The entries of a page. What the early one has loaded, the other uses. */
function entriesOf([name, { entry, early }]) {
  if (!early) return [[name, entry]];
  return [
    [earlyName(name), early],
    [name, { import: entry, dependOn: earlyName(name) }],
  ];
}

/** Lets the early scripts wait for nothing, not even for the page around them, and their engine not for them. */
class RunEarly {
  constructor(names) {
    this.names = names;
  }

  apply(compiler) {
    compiler.hooks.compilation.tap('RunEarly', (compilation) => {
      HtmlWebpackPlugin.getHooks(compilation).alterAssetTagGroups.tap('RunEarly', (data) => {
        const isEarly = ({ tagName, attributes }) => tagName === 'script' && this.names.some((name) => attributes.src?.includes(`/${name}.`));
        const early = data.headTags.filter(isEarly);
        for (const tag of early) tag.attributes = { src: tag.attributes.src, async: true };
        const ahead = early.length === 0 ? [] : Object.keys(compilation.assets).filter((file) => ENGINE.test(file)).map((file) => preload(data.publicPath + file));
        data.headTags = [...early, ...ahead, ...data.headTags.filter((tag) => !isEarly(tag))];
        return data;
      });
    });
  }
}

/** Writes `.br` and `.gz` files next to what is worth compressing, so that a server need not do it for each request. */
class Precompress {
  apply(compiler) {
    const { Compilation, sources } = compiler.webpack;
    const ways = [
      ['.br', promisify(zlib.brotliCompress)],
      ['.gz', (data) => promisify(zlib.gzip)(data, { level: 9 })],
    ];
    compiler.hooks.thisCompilation.tap('Precompress', (compilation) => {
      const stage = Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_TRANSFER;
      compilation.hooks.processAssets.tapPromise({ name: 'Precompress', stage }, async (assets) => {
        const names = Object.keys(assets).filter((name) => /\.(js|css|wasm|svg)$/.test(name));
        const jobs = names.flatMap((name) =>
          ways.map(async ([suffix, compress]) => {
            const data = await compress(assets[name].buffer());
            compilation.emitAsset(name + suffix, new sources.RawSource(data));
          }),
        );
        await Promise.all(jobs);
      });
    });
  }
}

export default (_env, argv = {}) => {
  const production = argv.mode !== 'development';
  return {
    mode: production ? 'production' : 'development',
    context: root,
    // `eval`, which other kinds of source map need, is forbidden by the pages' content security policy.
    devtool: 'source-map',
    entry: Object.fromEntries(Object.entries(pages).flatMap(entriesOf)),
    output: {
      path: path.join(root, 'dist/static'),
      publicPath: '/static/',
      filename: '[name].[contenthash].js',
      chunkFilename: '[name].[contenthash].js',
      assetModuleFilename: '[name].[contenthash][ext]',
      clean: true,
    },
    resolve: {
      extensions: ['.ts', '.js'],
      extensionAlias: { '.js': ['.ts', '.js'] },
      alias: { 'easysync-wasm': path.join(root, 'pkg') },
    },
    module: {
      rules: [
        {
          test: /\.ts$/,
          loader: 'ts-loader',
          // Types are checked by `tsc -p www`, once for all pages.
          options: { configFile: path.join(root, 'www/tsconfig.json'), transpileOnly: true },
        },
        { test: /\.css$/, use: [MiniCssExtractPlugin.loader, 'css-loader'] },
      ],
    },
    optimization: {
      minimizer: ['...', new CssMinimizerPlugin()],
    },
    performance: { hints: false },
    plugins: [
      new MiniCssExtractPlugin({ filename: '[name].[contenthash].css' }),
      ...Object.entries(pages).map(
        ([name, page]) =>
          new HtmlWebpackPlugin({
            template: page.template,
            filename: `../${page.file}`,
            chunks: page.early ? [earlyName(name), name] : [name],
            scriptLoading: 'defer',
          }),
      ),
      new RunEarly(Object.keys(pages).filter((name) => pages[name].early).map(earlyName)),
      ...(production ? [new Precompress()] : []),
    ],
  };
};
