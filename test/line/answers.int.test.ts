/** A plan and its answer: who is asked, what a yes and a no do, and which answers count. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newCommandId } from '#cli/new-id.ts';
import { makeNodeClient, type NodeClient } from '#cli/node-client.ts';
import { homePaths } from '#daemon/home/home-paths.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended } from '../support/run-skein.ts';

const skein = openHome();

type Mission = MissionState & { readonly id: string; readonly space: string };

const client = (): NodeClient =>
  makeNodeClient(homePaths(skein.home, { XDG_RUNTIME_DIR: skein.person }));

async function latest(): Promise<Mission> {
  const { stdout } = await skein.run('missions', '--json');
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Mission;
}

/** A mission that waits for its answer. */
async function waitingMission(): Promise<Mission & { readonly top: string }> {
  const { top } = greeterRepository();
  const waiting = await skein.run('run', RENAME, '--repo', top, '--check', CHECK);
  assert.equal(waiting.code, 8, told(waiting));
  assert.match(waiting.stderr, /skein approve \S+ {3}or {3}skein reject/);
  return { ...(await latest()), top };
}

const worktreeOf = ({ id }: Mission): string => join(skein.home, 'worktrees', id);

describe('without a terminal and without --yes', () => {
  it('the plan waits (exit 8); approve carries it out', async () => {
    const mission = await waitingMission();
    const diff = await skein.run('diff');
    assert.match(diff.stdout, /\+export function welcome/);
    const done = await skein.run('approve', mission.id.slice(0, 20));
    assert.equal(done.code, 0, told(done));
    assert.match(done.stdout, /^branch skein\//mu);
    const again = await skein.run('approve', mission.id);
    assert.equal(again.code, 7, told(again));
  });

  it('two approvals at once carry it out once', async () => {
    const { top } = await waitingMission();
    const both = await Promise.all([skein.run('approve'), skein.run('approve')]);
    for (const { code } of both) assert.ok(code === 0 || code === 7, told(both[0]) + told(both[1]));
    assert.ok(both.some(({ code }) => code === 0));
    const { stdout } = spawnSync('git', ['rev-list', '--all', '--count'], {
      cwd: top,
      encoding: 'utf8',
    });
    assert.equal(stdout.trim(), '2');
  });

  it('reject ends it: the worktree is gone, a later approval is refused', async () => {
    const mission = await waitingMission();
    assert.ok(existsSync(worktreeOf(mission)));
    const rejected = await skein.run('reject', '--reason', 'not now');
    assert.equal(rejected.code, 0, told(rejected));
    assert.equal(existsSync(worktreeOf(mission)), false);
    assert.equal((await skein.run('approve', mission.id)).code, 7);
    assert.match((await skein.run('show')).stdout, /rejected: not now/);
  });

  it('cancel ends it too', async () => {
    const mission = await waitingMission();
    const cancelled = await skein.run('cancel', mission.id);
    assert.equal(cancelled.code, 0, told(cancelled));
    assert.equal(existsSync(worktreeOf(mission)), false);
    assert.equal((await skein.run('resume', mission.id)).code, 7);
  });
});

describe('an answer binds to the plan that was seen', () => {
  const answer = (name: string, { id, space }: Mission, hash: string): Promise<unknown> => {
    const input = { mission: id, hash, from: 'test', reason: 'test' };
    return client().post({ id: newCommandId(), name, input, space });
  };

  it('another hash is refused, the right one is not', async () => {
    const mission = await waitingMission();
    const stale = 'f'.repeat(64);
    await assert.rejects(answer('mission.approve', mission, stale), { name: 'plan-stale' });
    await assert.rejects(answer('mission.reject', mission, stale), { name: 'plan-stale' });
    assert.equal((await latest()).status, 'waiting');
    await answer('mission.reject', mission, mission.hash ?? '');
    assert.equal((await latest()).status, 'rejected');
  });

  it('a plan of a base that has moved is refused: 7, with both places; reject ends it', async () => {
    const { id, top } = await waitingMission();
    const git = (...args: readonly string[]): string =>
      spawnSync('git', args, {
        cwd: top,
        encoding: 'utf8',
        env: { ...process.env, HOME: skein.person },
      }).stdout.trim();
    const base = git('rev-parse', '--short=10', 'HEAD');
    git('commit', '--quiet', '--allow-empty', '--message', 'Moved');
    const refused = await skein.run('approve', id);
    assert.equal(refused.code, 7, told(refused));
    const moved = git('rev-parse', '--short=10', 'HEAD');
    assert.notEqual(moved, base);
    assert.match(refused.stderr, new RegExp(`planned at ${base}, and .* is at ${moved} now`, 'u'));
    assert.match(refused.stderr, /State the goal again[^]*skein reject /u);
    assert.equal((await latest()).status, 'waiting');
    assert.equal((await skein.run('reject', id)).code, 0);
  });
});

describe('--detach and --json', () => {
  it('--detach leaves at once, and the mission goes on', async () => {
    const { top } = greeterRepository();
    const left = await skein.run(
      'run',
      RENAME,
      '--repo',
      top,
      '--yes',
      '--detach',
      '--check',
      CHECK,
    );
    assert.equal(left.code, 0, told(left));
    assert.equal((await latestEnded()).status, 'done');
  });

  it('--json: every line of stdout is JSON, in a good run, a waiting one and a refused one', async () => {
    const { top } = greeterRepository();
    const run = (...flags: readonly string[]): Promise<Ended> =>
      skein.run('run', ...flags, '--repo', top, '--json', '--check', CHECK);
    const calls: Ended[] = [
      await run(RENAME, '--yes'),
      await run(RENAME),
      await run(RENAME, '--detach'),
      await run(RENAME, '--yes', '--detach'),
      await run('rename nothing to nowhere', '--yes'),
    ];
    assert.deepEqual(
      calls.map(({ code }) => code),
      [0, 8, 0, 0, 3],
    );
    for (const verb of ['missions', 'show', 'log', 'diff', 'status', 'verify', 'doctor', 'clean']) {
      calls.push(await skein.run(verb, '--json'));
    }
    for (const call of calls) {
      for (const line of call.stdout.split('\n').slice(0, -1)) {
        assert.doesNotThrow(() => JSON.parse(line), told(call));
      }
    }
    const problem = JSON.parse(calls[4]?.stderr.trim().split('\n').at(-1) ?? '') as {
      code: number;
    };
    assert.equal(problem.code, 5401);
  });
});

/** The latest mission, when it is neither planned nor worked on any more. */
async function latestEnded(): Promise<Mission> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const mission = await latest();
    if (!['planning', 'waiting', 'running'].includes(mission.status)) return mission;
    assert.ok(performance.now() < deadline, `it is still ${mission.status}`);
    await sleep(100);
  }
}
