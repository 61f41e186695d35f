// Simulated pads, and whether they find bugs that are put in on purpose.
//
//   npm run simulate -- --seeds 10000             ten thousand runs, each from its seed
//   npm run simulate -- --seeds 1 --seed 4711     one run again
//   npm run simulate -- --mutations               each planted bug, and after how many runs it is found

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { output, root, run } from './run.mjs';

/** So many runs a planted bug may hide. */
const SEEDS = 2000;

/** Each planted bug: what it is, the file, what stands there, and what is put in its place. */
const MUTATIONS = [
  ['duplicates are not dropped', 'src/client/order.rs', 'return Placed::Duplicate;', 'return Placed::Next(item);'],
  ['what comes early is taken at once', 'src/client/order.rs', 'if rev == self.rev + 1 {', 'if rev > self.rev {'],
  ['what was held is not taken out', 'src/client/order.rs', 'self.take(self.rev + 1)', 'self.take(self.rev + 2)'],
  ['the revision advances before it is applied', 'src/client/session/inbound.rs', 'let for_editor = layers.apply_remote(&changeset, &self.pool).map_err(failed)?;', 'self.order.advance();\n        let for_editor = layers.apply_remote(&changeset, &self.pool).map_err(failed)?;'],
  ['what was submitted is forgotten with the connection', 'src/client/session/mod.rs', 'self.inbound.keep_revisions();', 'if let Some(layers) = &mut self.layers { let _gone = layers.accept(&self.pool); }\n        self.inbound.keep_revisions();'],
  ['own commits are not recognised', 'src/client/session/inbound.rs', 'if let Some(index) = submitted {', 'if let Some(index) = submitted.filter(|_| false) {'],
  ['own commits are only recognised if they come again', 'src/client/session/inbound.rs', 'is_own_author && (origin.is_replay || sent.may_be_stored);', 'is_own_author && origin.is_replay && sent.seq != Some(u32::MAX);'],
  ['the order at one place is the wrong way round', 'src/client/local.rs', 'changeset.follow(&past_submitted, Tie::OtherFirst, pool)?;\n            past_submitted = past_submitted.follow(changeset, Tie::SelfFirst, pool)?;', 'changeset.follow(&past_submitted, Tie::SelfFirst, pool)?;\n            past_submitted = past_submitted.follow(changeset, Tie::OtherFirst, pool)?;'],
  ['what is pending does not move', 'src/client/local.rs', 'let pending = self.pending.follow(&past_submitted, Tie::SelfFirst, pool)?;', 'let pending = self.pending.clone();'],
  ['what is pending is not kept', 'src/client/session/restore.rs', 'pending: Some(layers.pending()).filter(|pending| !pending.is_identity()).map(wire),', 'pending: layers.submitted().is_none().then(|| wire(layers.pending())),'],
  ['what is submitted is not kept', 'src/client/session/restore.rs', '.map(|commit| KeptCommit { wire: wire(&commit.changeset), id: commit.sent.id.clone() })', '.take(0)\n                    .map(|commit| KeptCommit { wire: wire(&commit.changeset), id: commit.sent.id.clone() })'],
  ['what is kept is put back twice', 'src/client/session/restore.rs', 'self.restoring.remove(index);', 'if self.changes % 2 == 0 { self.restoring.remove(index); }'],
  ['what is kept is put back before others\' revisions have come', 'src/client/session/restore.rs', 'std::cmp::Ordering::Equal if start > rev => Step::Ready,', 'std::cmp::Ordering::Less => Step::Ready,\n            std::cmp::Ordering::Equal if start > rev => Step::Ready,'],
  ['what stands ready does not go along', 'src/client/session/restore.rs', '(Step::Ready, Some(moved)) if moved.rev + 1 == rev => moved.past(changeset, can_be_own, &self.pool),', '(Step::Ready, Some(moved)) if moved.rev + 9 == rev => moved.past(changeset, can_be_own, &self.pool),'],
  ['kept changes are not recognised among the revisions', 'src/client/session/restore.rs', '|_| can_be_own, pool) {', '|_| can_be_own && self.rev == 0, pool) {'],
  ['an acknowledgement that comes early is taken at once', 'src/client/session/inbound.rs', 'return self.arrive(new_rev, Arrival::Accept(seq));', 'let _rev = self.accept_submitted(new_rev)?;\n            self.flight.taken();\n            return Ok(());'],
  ['what is sent again gets what came since', 'src/client/session/mod.rs', 'let wire = match layers.resend(out, &self.author, &mut self.pool)? {', 'let wire = match layers.prepare(&self.author, &mut self.pool)? {'],
  ['a missing revision is waited for without end', 'src/client/session/mod.rs', 'if self.gap_since.is_over(gap, now, GAP_MS) {', 'if self.gap_since.is_over(gap, now, f64::INFINITY) {'],
  ['a commit without answer is waited for without end', 'src/client/session/mod.rs', 'if self.commit_since.is_over(commit, now, limit) {', 'if self.commit_since.is_over(commit, now, f64::INFINITY) {'],
  ['a slice loses its last revision', 'src/client/session/inbound.rs', 'waiting.push(Work::End(end));', 'waiting.pop();\n        waiting.push(Work::End(end));'],
  ['a repeated commit is stored again', 'src/server/rebase.rs', 'if author == submission.author && (*revision == submitted || *revision == rebased) {', 'if false && author == submission.author && (*revision == submitted || *revision == rebased) {'],
  ['a commit that changed nothing hides the one after it', 'src/client/local.rs', 'before.all(|changeset| changeset.old_len() == changeset.new_len()).then_some(index)', '(before.count() == 0).then_some(index)'],
  ['the second commit is moved as if the first were not there', 'src/server/pipeline.rs', 'past = past.follow(commit, Tie::SelfFirst, pool)?;', ''],
  ['a commit that is sent again does not say as which it was sent first', 'src/client/session/flight.rs', 'first: sent.id.clone().filter(|_| is_repeat)', 'first: None'],
  ['that a commit had no effect is taken for an answer of any kind', 'src/client/session/inbound.rs', '(Answer::First, Some(seq)) if no_changes && new_rev > self.rev() => {', '(Answer::First, Some(seq)) if false && no_changes && new_rev > self.rev() => {'],
  ['another history is asked for again without end', 'src/client/session/mod.rs', '*last == error || is_other(last) && is_other(&error)', '*last == error && !is_other(last)'],
  ['what does not fit into a commit is dropped', 'src/client/cut.rs', 'layers.edit(&rest, pool)?;', 'if rest.char_bank().len() % 3 > 0 { layers.edit(&rest, pool)?; }'],
];

const args = process.argv.slice(2);
if (args[0] === '--mutations') plantBugs(args.slice(1));
else run('simulation', ['cargo', 'run', '--release', '--quiet', '-p', 'easysync-simulate', '--', ...args]);

/** Puts each bug into a copy of the sources, and runs seeds until one finds it. */
function plantBugs(names) {
  const copy = join(root, 'target', 'mutations');
  rmSync(join(copy, 'src'), { recursive: true, force: true });
  for (const file of output('git', 'ls-files').split('\n')) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  const missed = [];
  const wanted = MUTATIONS.filter(([what]) => names.length === 0 || names.some((name) => what.includes(name)));
  for (const [what, file, old, planted] of wanted) {
    const source = readFileSync(join(copy, file), 'utf8');
    if (source.split(old).length !== 2) throw new Error(`${what}: ${file} does not have exactly once: ${old}`);
    writeFileSync(join(copy, file), source.replace(old, () => planted));
    const found = seedsUntilFound(copy);
    console.log(`${found === undefined ? 'MISSED' : `found after ${String(found).padStart(4)} runs`}  ${what}`);
    if (found === undefined) missed.push(what);
    writeFileSync(join(copy, file), source);
  }
  console.log(`${wanted.length - missed.length} of ${wanted.length} planted bugs found`);
  if (missed.length > 0) process.exit(1);
}

function seedsUntilFound(copy) {
  const build = spawnSync('cargo', ['build', '--release', '--quiet', '-p', 'easysync-simulate'], {
    cwd: copy,
    // Built quickly rather than well: there are many to build.
    env: { ...process.env, CARGO_TARGET_DIR: join(copy, 'target'), CARGO_PROFILE_RELEASE_OPT_LEVEL: '1', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' },
    encoding: 'utf8',
  });
  if (build.status !== 0) throw new Error(build.stderr);
  const program = join(copy, 'target', 'release', 'easysync-simulate');
  const { status, stdout } = spawnSync(program, ['--seeds', String(SEEDS), '--stop'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return undefined;
  return Number(/^seeds +(\d+)/m.exec(stdout)?.[1] ?? 0);
}
