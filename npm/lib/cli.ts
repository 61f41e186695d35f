#!/usr/bin/env node
// The command `easysync`: pads at the command line.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Patch } from '../index.js';
import { PadError, connect, openHistory } from './node.js';
import type { OnlineHistory, OnlinePad } from './node.js';
import { splices } from './splices.js';

const HELP = `easysync: pads at the command line

  easysync cat URL                  prints the text of a pad
  easysync append URL [WORDS...]    adds words, or what comes in, as lines at its end
  easysync watch URL                prints what others change, until it is stopped
  easysync replay URL               shows the pad as it was written

URL is the address of the pad's page: https://example.org/p/NAME

  --name NAME          what others see                     (append, watch)
  --color #RRGGBB      the colour of what is written       (append, watch)
  --json               one JSON object per line            (watch, replay)
  --html               HTML instead of plain text          (cat)
  --raw                with the markers of lists           (cat)
  --speed FACTOR       as it was written, so many times as fast; 10 by default; pauses are cut short   (replay)
  --rate NUMBER        so many revisions a second instead  (replay)
  --from REV, --to REV where to begin and to end           (replay)
  --timeout SECONDS    how long to try to connect, and to wait for the server; 15 by default
  --help               this text
  --version            the version

Exit codes: 0 done, and for append: the server has it. 1 it failed. 2 the command is wrong. 3 the server cannot be reached or does not
answer. 4 the server does not let one in, or ended the session. 5 something was not saved. 130 it was stopped.
`;

const USAGE = 2;
const STOPPED = 130;
/** The longest pause that is played, in milliseconds. */
const LONGEST_PAUSE = 2000;
const DEFAULT_SPEED = 10;
const DEFAULT_TIMEOUT = 15;

/** A command that cannot be meant. */
class UsageError extends Error {}

function read(args: string[]) {
  const string = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    name: string, color: string, json: flag, html: flag, raw: flag, speed: string, rate: string, from: string, to: string, timeout: string,
    help: { ...flag, short: 'h' }, version: flag,
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

type Values = ReturnType<typeof read>['values'];

/** A number that an option gives. */
function number(values: Values, name: 'speed' | 'rate' | 'from' | 'to' | 'timeout', least: number): number | null {
  const given = values[name];
  if (given === undefined) return null;
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value < least) throw new UsageError(`--${name} wants a number, not “${given}”`);
  return value;
}

async function main(args: string[], signal: AbortSignal): Promise<void> {
  const { values, positionals } = read(args);
  const [command, url, ...words] = positionals;
  if (values.help || command === 'help') return write(HELP);
  if (values.version) return write(`${version()}\n`);
  const commands = { cat, append, watch, replay };
  if (command === undefined) throw new UsageError('a command is missing');
  if (!Object.hasOwn(commands, command)) throw new UsageError(`there is no command “${command}”`);
  if (url === undefined) throw new UsageError('the address of a pad is missing');
  if (words.length > 0 && command !== 'append') throw new UsageError(`“${words[0]}” is too much`);
  await commands[command as keyof typeof commands]({ url, words, values, signal });
}

interface Call {
  url: string;
  words: string[];
  values: Values;
  signal: AbortSignal;
}

function join({ url, values, signal }: Call): Promise<OnlinePad> {
  const { name, color } = values;
  return connect(url, { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }), signal, timeout: patience(values) });
}

/** How long to wait for the server, in milliseconds. */
function patience(values: Values): number {
  return 1000 * (number(values, 'timeout', 0) ?? DEFAULT_TIMEOUT);
}

async function cat(call: Call): Promise<void> {
  const { html, raw } = call.values;
  const pad = await join(call);
  const shown = html ? pad.engine.exportHtml(pad.name) : raw ? pad.text : pad.exportText();
  await pad.close();
  await write(shown);
}

async function append(call: Call): Promise<void> {
  const given = call.words.length > 0 ? call.words.join(' ') : await input(call.signal);
  const lines = given.replace(/\r\n/g, '\n').replace(/\n$/, '');
  const pad = await join(call);
  // What is there already ends its line first.
  if (lines !== '' || call.words.length > 0) pad.append((/(?:^|\n)\n$/.test(pad.text) ? '' : '\n') + lines);
  const late = setTimeout(() => pad.giveUp(), patience(call.values));
  try {
    await pad.close();
  } finally {
    clearTimeout(late);
  }
}

async function input(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: true })) {
    if (signal.aborted) throw new PadError('aborted', 'stopped');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function watch(call: Call): Promise<void> {
  const pad = await join(call);
  let text = pad.text;
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  const name = (id: string | null): string => pad.people().find((person) => person.id === id)?.name ?? id ?? '';
  let authors: (string | null)[] = [];
  if (call.values.json) out(JSON.stringify({ rev: pad.rev, text }));
  pad.on('revision', ({ author }) => {
    if (!authors.includes(author)) authors.push(author);
  });
  pad.on('change', (patch) => {
    const who = authors.map(name);
    authors = [];
    const { changes, after } = described(text, patch);
    text = after;
    if (call.values.json) out(JSON.stringify({ rev: pad.rev, authors: who, changes }));
    else for (const { from, removed, insert } of changes) out(line(pad.rev, who.join(', '), from, removed, insert));
  });
  pad.on('reset', () => {
    text = pad.text;
    out(call.values.json ? JSON.stringify({ rev: pad.rev, text }) : `${pad.rev}: another text`);
  });
  pad.on('connection', (state) => {
    if (state === 'reconnecting') process.stderr.write('easysync: the connection is lost; it is tried again\n');
  });
  await new Promise<never>((_, reject) => pad.on('end', reject));
}

interface Described {
  from: number;
  removed: string;
  insert: string;
}

/** A patch with what it removed, and the text after it. */
function described(before: string, patch: Patch): { changes: Described[]; after: string } {
  const changes: Described[] = [];
  let after = '';
  let at = 0;
  for (const { from, to, insert } of splices(patch)) {
    changes.push({ from, removed: before.slice(from, to), insert });
    after += before.slice(at, from) + insert;
    at = to;
  }
  return { changes, after: after + before.slice(at) };
}

function line(rev: number, who: string, from: number, removed: string, insert: string): string {
  const parts = [removed === '' ? '' : ` -${JSON.stringify(removed)}`, insert === '' ? '' : ` +${JSON.stringify(insert)}`];
  return `${rev}${who === '' ? '' : ` ${who}`} @${from}${parts.join('')}`;
}

async function replay(call: Call): Promise<void> {
  const { values, signal } = call;
  const [speed, rate] = [number(values, 'speed', 0.001) ?? DEFAULT_SPEED, number(values, 'rate', 0.001)];
  const history = await openHistory(call.url, { signal, timeout: patience(values) });
  const from = Math.min(number(values, 'from', 0) ?? 0, history.head);
  const to = Math.min(number(values, 'to', 0) ?? history.head, history.head);
  const isScreen = process.stdout.isTTY && !values.json;
  let due = Date.now();
  let text = '';
  for (let rev = from; rev <= to; rev += 1) {
    const patch = await history.seek(rev);
    const { changes, after } = described(text === '' ? '' : text, patch);
    text = after;
    const { author, time } = history.revision(rev);
    if (rev > from) {
      const pause = rate === null ? written(history, rev) / speed : 1000 / rate;
      due = Math.max(due + pause, Date.now() - LONGEST_PAUSE);
      // Revisions that are due in the same moment are not waited for one by one.
      if (due - Date.now() > 2) await sleep(due - Date.now(), undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) throw new PadError('aborted', 'stopped');
    const who = author === null || author === '' ? null : (history.author(author)?.name ?? author);
    if (isScreen) screen(history, rev, to, who, time);
    else await write(`${JSON.stringify({ rev, author: who, time, changes })}\n`);
  }
  if (isScreen) await write('\n');
  history.close();
}

/** How long it took to write a revision, in milliseconds; pauses are cut short. */
function written(history: OnlineHistory, rev: number): number {
  const [before, after] = [history.revision(rev - 1).time, history.revision(rev).time];
  return before === null || after === null ? 0 : Math.min(Math.max(0, after - before), LONGEST_PAUSE * DEFAULT_SPEED);
}

/** Draws the end of the text as large as the terminal is. */
function screen(history: OnlineHistory, rev: number, to: number, who: string | null, time: number | null): void {
  const { rows = 24, columns = 80 } = process.stdout;
  const head = `${rev} of ${to}${who === null ? '' : `, ${who}`}${time === null ? '' : `, ${new Date(time).toISOString()}`}`;
  // Control characters in a text must not reach the terminal.
  const lines = history.exportText().replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '\u{fffd}').split('\n');
  const shown = lines.slice(-(rows - 2)).map((one) => one.slice(0, columns));
  process.stdout.write(`\x1b[H\x1b[J\x1b[7m${head.slice(0, columns)}\x1b[0m\n${shown.join('\n')}`);
}

/** Prints, and waits until it is out. */
function write(what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(what, (error) => (error ? reject(error) : resolve()));
  });
}

function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return found;
}

/** What a failure is to the shell. */
function exitCode(error: unknown, isStopped: boolean): number {
  if (error instanceof UsageError) return USAGE;
  if (!(error instanceof PadError)) return 1;
  if (error.code === 'aborted' && isStopped) return STOPPED;
  if (error.unsaved !== null || error.code === 'not-saved' || error.code === 'read-only') return 5;
  if (error.code === 'bad-address') return USAGE;
  if (error.code === 'unreachable' || error.code === 'no-answer') return 3;
  return error.code === 'denied' || error.code === 'disconnected' ? 4 : 1;
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
// Whoever reads no further has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await main(process.argv.slice(2), stop.signal);
  process.exitCode = 0;
} catch (error) {
  const code = exitCode(error, stop.signal.aborted);
  if (code !== STOPPED) process.stderr.write(`easysync: ${(error as Error).message}\n${code === USAGE ? 'See easysync --help.\n' : ''}`);
  process.exitCode = code;
}
