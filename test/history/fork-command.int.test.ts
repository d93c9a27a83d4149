/** skein fork and skein replay as a person uses them: what they say, and their exit codes. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { CHECK, greeterRepository, linkCompilers, RENAME } from '../support/line-repository.ts';
import { openHome, told, type SkeinHome } from '../support/run-skein.ts';

let home: SkeinHome;
let original: string;

const missionIn = (text: string): string => /^mission (\S+)$/mu.exec(text)?.[1] ?? '';

before(async () => {
  const repository = greeterRepository();
  linkCompilers(repository);
  home = openHome();
  const run = await home.run('run', RENAME, '--repo', repository.top, '--yes', '--check', CHECK);
  assert.equal(run.code, 0, told(run));
  original = missionIn(run.stdout);
});

describe('skein fork', () => {
  it('goes on at once with what was approved, and says where it comes from', async () => {
    const fork = await home.run('fork', original, '--at', 'task 1');
    assert.equal(fork.code, 0, told(fork));
    const mission = missionIn(fork.stdout);
    assert.notEqual(mission, original);
    assert.match(fork.stderr, /forked from mission \S+ at \S+, 1 task done/u);
    const show = await home.run('show', mission);
    assert.match(show.stdout, new RegExp(`^forked from mission ${original} at event `, 'mu'));
    const log = await home.run('log', mission, '--json');
    const [first] = log.stdout.split('\n');
    assert.equal((JSON.parse(first ?? '') as { type: string }).type, 'mission.forked');
    assert.equal((await home.run('verify')).code, 0);
  });

  it('asks about what was not approved, and leaves a plan that waits', async () => {
    const asked = await home.run('fork', original, '--jobs', '2');
    assert.equal(asked.code, 8, told(asked));
    const answered = await home.run('fork', original, '--jobs', '2', '--yes');
    assert.equal(answered.code, 0, told(answered));
    const detached = await home.run('fork', original, '--detach', '--json');
    assert.equal((JSON.parse(detached.stdout) as { status: string }).status, 'running');
  });

  it('refuses what it can not read', async () => {
    const cases = [
      [['--at', 'task 99'], 3],
      [['--at', '0123abcd'], 3],
      [['--at', 'soon'], 2],
      [['--budget', 'much'], 2],
      [['--goal', 'make it nice'], 2],
    ] as const;
    for (const [words, code] of cases) {
      const ended = await home.run('fork', original, ...words);
      assert.equal(ended.code, code, told(ended));
    }
    assert.equal((await home.run('fork', '01ffffff')).code, 3);
  });
});

describe('skein replay', () => {
  it('ends with the same state hash, and says what it did', async () => {
    const replay = await home.run('replay', original);
    assert.equal(replay.code, 0, told(replay));
    assert.match(replay.stdout, /^same state hash [0-9a-f]{64}$/mu);
    assert.match(replay.stdout, /^\d+ events folded in [\d.]+ s, \d+ a second/mu);
    assert.match(replay.stdout, /^(\d+) of \1 commands decided again$/mu);
    assert.match(
      replay.stdout,
      /^no model was asked, no program but git was run, nothing was written$/mu,
    );
    const json = await home.run('replay', original, '--at', 'approved', '--json');
    const report = JSON.parse(json.stdout) as { difference: null; events: number };
    assert.equal(report.difference, null);
    assert.ok(report.events > 0);
  });

  it('tells the first difference, and fails', async () => {
    const fork = await home.run('fork', original, '--at', 'task 1');
    const mission = missionIn(fork.stdout);
    // Nothing goes on from the fork, so its contents may go.
    const pruned = await home.run('prune', '--older-than', '0', '--keep-missions', '0', '--yes');
    assert.equal(pruned.code, 0, told(pruned));
    const replay = await home.run('replay', mission);
    assert.equal(replay.code, 1, told(replay));
    assert.match(replay.stdout, /^difference at its first event$/mu);
    assert.match(
      replay.stdout,
      /^ {2}Cannot read the event after the beginning: its body was pruned$/mu,
    );
    const again = await home.run('fork', mission);
    assert.equal(again.code, 3, told(again));
  });
});
