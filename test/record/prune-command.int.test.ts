/** skein prune as a person types it: what would go, what goes, what still works afterwards. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { PrunePoint } from '#ledger/prune/erase-pruned.ts';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended, type SkeinHome } from '../support/run-skein.ts';

const BACK = 'rename welcome to greet';
/** It prints more than an event holds. */
const LOUD = `node -e "console.log('loud '.repeat(2000))"`;
const ALL = ['--older-than', '0', '--keep-missions', '0'];

const folder = mkdtempSync(join(tmpdir(), 'skein-prune-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a call that must end well. */
async function ok(skein: SkeinHome, ...words: readonly string[]): Promise<Ended> {
  const ended = await skein.run(...words);
  assert.equal(ended.code, 0, `skein ${words.join(' ')}: ${told(ended)}`);
  return ended;
}

const runGoal = (skein: SkeinHome, { top }: TempRepository, goal: string): Promise<Ended> =>
  ok(skein, 'run', goal, '--repo', top, '--yes', '--merge', '--check', CHECK, '--check', LOUD);

/** The missions of the home, oldest first. */
async function missionsOf(skein: SkeinHome): Promise<{ id: string; status: string }[]> {
  const { stdout } = await ok(skein, 'missions', '--json');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; status: string });
}

describe('skein prune', () => {
  const skein = openHome();
  const repository = greeterRepository();
  let first = '';
  let refused = '';
  before(async () => {
    await runGoal(skein, repository, RENAME);
    // One whose plan was refused has no git commit: its change lies in blobs alone.
    const waits = await skein.run('plan', BACK, '--repo', repository.top, '--check', CHECK);
    assert.equal(waits.code, 0, told(waits));
    [first = '', refused = ''] = (await missionsOf(skein)).map(({ id }) => id);
    await ok(skein, 'reject', refused);
    await ok(skein, 'backup', join(folder, 'before'));
  });

  it('says first what would go and what it costs, and does nothing', async () => {
    const shown = await ok(skein, 'prune', ...ALL);
    assert.match(shown.stdout, /the contents of 2 missions would go: \d+ events \(.* kB\)/u);
    assert.match(shown.stdout, /rewind, replay and fork no longer work/u);
    assert.match(shown.stdout, new RegExp(`${first.slice(0, 13)} .* ${RENAME}`, 'u'));
    assert.match(shown.stdout, /to do it: the same with --yes/u);
    assert.match((await ok(skein, 'verify')).stdout, /: whole {2}\d+ commits, \d+ events, /u);
    assert.match(
      (await ok(skein, 'prune')).stdout,
      /nothing to prune\n {2}kept: 2 among the last/u,
    );
  });

  it('lets go of outputs only: all else works as before', async () => {
    const pruned = await ok(skein, 'prune', ...ALL, '--outputs-only', '--yes');
    assert.match(pruned.stdout, /the outputs of 1 mission are gone: 1 blob/u);
    const shown = await ok(skein, 'show', first);
    assert.match(shown.stdout, /^pruned on .* by person:owner: what programs printed/mu);
    assert.match((await ok(skein, 'log', first)).stdout, /goal: rename greet to welcome/u);
    assert.match((await ok(skein, 'verify')).stdout, /: whole/u);
    assert.match((await ok(skein, 'replay', first)).stdout, /same state hash/u);
    await ok(skein, 'rewind', first, '--at', 'approved');
  });

  it('lets go of the contents, and the record tells of it', async () => {
    const pruned = await ok(skein, 'prune', ...ALL, '--yes', '--json');
    const report = JSON.parse(pruned.stdout) as {
      missions: { events: number }[];
      before: { ledger: number };
      after: { ledger: number };
    };
    const events = report.missions.reduce((sum, mission) => sum + mission.events, 0);
    assert.ok(report.after.ledger < report.before.ledger && events > 50, pruned.stdout);
    const verified = await ok(skein, 'verify');
    assert.match(verified.stdout, new RegExp(`: whole .* \\(${events} of them pruned\\)`, 'u'));
    const logged = await ok(skein, 'log', first);
    assert.match(logged.stdout, /pruned: what|pruned: bodies of events/u);
    assert.doesNotMatch(logged.stdout, /goal:/u);
    const { stdout } = await ok(skein, 'log', first, '--json');
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
      ['record.pruned', 'record.pruned'],
    );
  });

  it('leaves what missions are: show, missions, and the diff of a git commit', async () => {
    assert.deepEqual(
      (await missionsOf(skein)).map(({ status }) => status),
      ['done', 'rejected'],
    );
    const shown = await ok(skein, 'show', first);
    assert.match(shown.stdout, /the bodies of \d+ events/u);
    assert.match(shown.stdout, /done: git commit [0-9a-f]{40}/u);
    assert.match((await ok(skein, 'diff', first)).stdout, /^\+export function welcome/mu);
    // Of the other one nothing is left to compare with.
    assert.match((await ok(skein, 'show', refused)).stdout, /^pruned on /mu);
    for (const [words, code] of [
      [['rewind', first], 3],
      [['fork', first, '--at', 'approved', '--budget', '0'], 3],
      [['replay', first], 1],
    ] as const) {
      const ended = await skein.run(...words);
      assert.equal(ended.code, code, told(ended));
      assert.match(ended.stdout + ended.stderr, /pruned/u);
    }
    const diff = await skein.run('diff', refused);
    assert.equal(diff.code, 3, told(diff));
    assert.match(diff.stderr, /blob-missing[\s\S]*skein log/u);
    assert.match(diff.stderr, /it was pruned on \d{4}-/u);
  });

  it('leaves a record that is written to, folded anew, backed up, restored and repaired', async () => {
    await runGoal(skein, repository, BACK);
    await ok(skein, 'backup', join(folder, 'after'));
    await ok(skein, 'repair', '--yes');
    const restored = await ok(skein, 'restore', join(folder, 'after'), '--replace');
    assert.match(restored.stdout, /commits restored/u);
    assert.match((await ok(skein, 'verify')).stdout, /: whole .* of them pruned/u);
    assert.equal((await missionsOf(skein)).length, 3);
    // An older backup still has all of it.
    await ok(skein, 'restore', join(folder, 'before'), '--replace');
    assert.match((await ok(skein, 'verify')).stdout, /: whole {2}\d+ commits, \d+ events, /u);
    assert.match((await ok(skein, 'log', first)).stdout, /goal: rename greet to welcome/u);
  });

  it('is told by doctor: sizes, growth, and what could be pruned', async () => {
    const { stdout } = await ok(skein, 'doctor', '--json');
    const findings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; detail: string; facts?: object });
    const growth = findings.find(({ name }) => name === 'growth');
    assert.match(
      growth?.detail ?? '',
      /since \d{4}-.* a day in the last 7 days.*largest missions: /u,
    );
    assert.ok(growth?.facts !== undefined && 'largest' in growth.facts);
    assert.match(findings.find(({ name }) => name === 'prune')?.detail ?? '', /nothing to prune/u);
  });

  it('refuses what is no number, and options it does not know', async () => {
    for (const words of [['--older-than', 'soon'], ['--keep-missions', '-1'], ['--all']]) {
      const ended = await skein.run('prune', ...words);
      assert.equal(ended.code, 2, told(ended));
    }
  });
});

describe('skein prune beside missions', () => {
  it('waits for none: it refuses while one is at work', async () => {
    const skein = openHome();
    const { top } = greeterRepository();
    const words = ['run', RENAME, '--repo', top, '--yes', '--check', CHECK];
    const running = skein.start(words, { env: { SKEIN_PAUSE_AT: 'after-intent edit' } });
    await skein.logged('paused at after-intent edit');
    const shown = await ok(skein, 'prune', ...ALL);
    assert.match(shown.stdout, /nothing to prune\n {2}kept: 1 not ended/u);
    const refused = await skein.run('prune', ...ALL, '--yes');
    assert.equal(refused.code, 7, told(refused));
    assert.match(refused.stderr, /1 missions are at work/u);
    process.kill((await skein.nodePid()) ?? 0, 'SIGKILL');
    await running.ended;
  });

  it('keeps what a fork came from, for as long as the fork is there', async () => {
    const skein = openHome();
    const repository = greeterRepository();
    await runGoal(skein, repository, RENAME);
    const [{ id: parent } = { id: '' }] = await missionsOf(skein);
    const forked = await skein.run('fork', parent, '--at', 'approved', '--yes', '--budget', '0');
    assert.equal(forked.code, 0, told(forked));
    const kept = await ok(skein, 'prune', '--older-than', '0', '--keep-missions', '1', '--yes');
    assert.match(kept.stdout, /kept: .*1 needed by a fork/u);
    assert.match((await ok(skein, 'log', parent)).stdout, /goal: /u);
    assert.match((await ok(skein, 'prune', ...ALL)).stdout, /the contents of 2 missions would go/u);
  });
});

describe('kill -9 of a node that prunes', { concurrency: 2 }, () => {
  // All die over copies of one home with a mission that has ended.
  const model = openHome();
  before(async () => {
    await runGoal(model, greeterRepository(), RENAME);
    await ok(model, 'down');
  });
  const points: Readonly<Record<PrunePoint, boolean>> = {
    prepared: false,
    announced: true,
    'blobs-gone': true,
    'bodies-gone': true,
  };
  for (const [point, isAnnounced] of Object.entries(points)) {
    it(`${point}: the next node finishes what was announced`, async () => {
      const skein = openHome();
      cpSync(model.home, skein.home, { recursive: true });
      const env = { SKEIN_PAUSE_AT: `${point} prune` };
      const running = skein.start(['prune', ...ALL, '--yes'], { env });
      await skein.logged(`paused at ${point} prune`);
      process.kill((await skein.nodePid()) ?? 0, 'SIGKILL');
      assert.equal((await running.ended).code, 75);
      const verified = await ok(skein, 'verify');
      assert.equal(/of them pruned/u.test(verified.stdout), isAnnounced, told(verified));
      const again = await ok(skein, 'prune', ...ALL, '--yes');
      assert.match(
        again.stdout,
        isAnnounced ? /nothing to prune/u : /contents of 1 mission are gone/u,
      );
      assert.match((await ok(skein, 'verify')).stdout, /: whole .* of them pruned/u);
    });
  }
});
