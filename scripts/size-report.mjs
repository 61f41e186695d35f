// What a page loads of each build, what is in it, and what would be saved by leaving some of it out.
//
//   npm run size [-- --write]   --write: writes it to docs/size.md

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bind, buildPackage, compile, named, optimise } from './build.mjs';
import { BUILDS } from './builds.mjs';
import { root } from './run.mjs';
import { compressed, sizes } from './size.mjs';
import { contents, withoutExports } from './wasm.mjs';

/** What a pad needs that only shows what others write. */
const READING = /^pad_(?:new|inputAt|inputKept|memory|receiveInput|flushOutput|takePatch|toldAt|takeError|takeEffects|length|text|rev)$/;
/** Methods of a pad that belong together. */
const METHODS = {
  'undo and redo': ['undo', 'redo'],
  'formats, lists and headings': [
    ...['clearAuthorship', 'clearFormatting', 'formatsAt', 'hasFormat', 'indent', 'lineFormat', 'setHeading', 'toggleFormat', 'toggleList'],
    ...['enter', 'deleteBackward'],
  ],
  'copying and pasting with formats': ['html', 'plainText', 'insertFragment'],
  'export of text and HTML': ['exportText', 'exportHtml'],
  'carets of others': ['carets', 'caretToTell', 'placeCaret', 'removeCaret', 'trackCarets', 'expire'],
  'what was typed and not saved outlives the page': ['unsaved', 'restore', 'unplaced', 'discard'],
};

buildPackage();
const folder = mkdtempSync(join(tmpdir(), 'easysync-size-'));
const text = [...loaded(), ...BUILDS.flatMap(consistsOf), ...savings()].join('\n');
rmSync(folder, { recursive: true });
console.log(text);
if (process.argv.includes('--write')) writeFileSync(join(root, 'docs', 'size.md'), `${text}\n`);

function loaded() {
  return [
    '# What a page loads',
    '',
    'Made by `npm run size -- --write`. After brotli, in bytes:',
    '',
    '| build | wasm | glue | entry | in all |',
    '|---|---|---|---|---|',
    ...sizes().map(({ name, wasm, glue, entry }) => `| \`${name}\` | ${wasm} | ${glue} | ${entry} | ${wasm + glue + entry} |`),
  ];
}

function consistsOf({ name, level }) {
  const parts = contents(optimised(readFileSync(named(name)), level, '-g'));
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  const row = ([part, bytes]) => `| ${part} | ${bytes} | ${((100 * bytes) / total).toFixed(1)} |`;
  return [
    '',
    `What the wasm of \`${name}\` consists of, before compression; parts below half a percent are left out:`,
    '',
    '| | bytes | % |',
    '|---|---|---|',
    ...parts.filter(([, bytes]) => bytes * 200 >= total).map(row),
  ];
}

/** What `pad` would be without some of what it can do. */
function savings() {
  const pad = BUILDS.find(({ name }) => name === 'pad');
  const size = (wasm) => compressed(optimised(wasm, pad.level, '--strip-debug', '--strip-producers'));
  const whole = readFileSync(named('pad'));
  const all = size(whole);
  const without = (isLeftOut) => size(withoutExports(whole, isLeftOut));
  const withoutMethods = (methods) => without((name) => methods.includes(name.replace(/^pad_/, '')));
  const row = (what, left) => `| ${what} | ${left} | ${all - left} |`;
  bind(compile({ ...pad, name: 'small', level: 's' }), folder, 'small');
  const small = optimised(readFileSync(join(folder, 'small_bg.wasm')), 's', '--strip-debug', '--strip-producers');
  return [
    '',
    'What each further saving in `pad` would cost: the wasm after brotli, in bytes, if a pad had not these methods; what they share with others',
    'stays. The last line is the same pad optimised for size, in which a message takes a fifth longer.',
    '',
    '| without | wasm | less by |',
    '|---|---|---|',
    ...Object.entries(METHODS).map(([what, methods]) => row(what, withoutMethods(methods))),
    row('all of these', withoutMethods(Object.values(METHODS).flat())),
    row('all but showing what others write', without((name) => name.startsWith('pad_') && !READING.test(name))),
    row('a fifth of its speed', compressed(small)),
  ];
}

function optimised(wasm, level, ...options) {
  const file = join(folder, 'optimised.wasm');
  writeFileSync(file, wasm);
  optimise(file, level, ...options);
  return readFileSync(file);
}
