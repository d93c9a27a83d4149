/**
 * kill -9 of the node at random instants of a mission: resumed, it ends as if nothing had been. With
 * SKEIN_LONG=1 a hundred missions are killed instead of a few.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type SkeinHome } from '../support/run-skein.ts';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';

const ROUNDS = process.env['SKEIN_LONG'] === undefined ? 4 : 100;
const MOST_KILLS = 3;

/** About as long as an undisturbed mission takes here, start of the node included. */
const MISSION_MS = 3_000;

interface End {
  readonly tree: string;
  readonly gitCommits: string;
  readonly kills: number;
}

async function killNode(skein: SkeinHome): Promise<boolean> {
  const pid = await skein.nodePid();
  if (pid === undefined) return false;
  process.kill(pid, 'SIGKILL');
  return true;
}

/** Runs a mission, killing its node at random instants, and resumes until it is done. */
async function runKilled(random: SeededRandom): Promise<End> {
  const skein = openHome();
  const { top, git } = greeterRepository();
  await skein.run('up');
  const order = ['run', RENAME, '--repo', top, '--yes', '--merge', '--check', CHECK];
  let running = skein.start(order);
  let kills = 0;
  for (; kills < MOST_KILLS; kills += 1) {
    await Promise.race([running.ended, sleep(random.below(MISSION_MS), undefined, { ref: false })]);
    if (running.child.exitCode !== null || !(await killNode(skein))) break;
    await running.ended;
    const listed = await skein.run('missions', '--json');
    // Killed before the goal was durable: it was never acknowledged, so it is stated again.
    const again = listed.stdout.trim() === '' ? order : ['resume', '--yes'];
    if (listed.stdout.includes('"status":"done"')) break;
    running = skein.start(again);
  }
  const last = await running.ended;
  const missions = await skein.run('missions', '--json');
  assert.match(missions.stdout, /"status":"done"/u, told(last) + told(missions));
  const verified = await skein.run('verify');
  assert.equal(verified.code, 0, told(verified));
  assert.doesNotMatch(git('fsck', '--lost-found', '--no-progress'), /dangling commit/u);
  assert.equal(git('status', '--porcelain'), '');
  assert.equal(git('worktree', 'list', '--porcelain').match(/^worktree /gmu)?.length, 1);
  await skein.run('down');
  return {
    tree: git('rev-parse', 'main^{tree}'),
    gitCommits: git('rev-list', '--count', '--all'),
    kills,
  };
}

describe('kill -9 at random instants of a mission', { concurrency: 2 }, () => {
  const undisturbed = runKilled({ ...makeRandom(1), below: () => 2 ** 30 });
  for (let round = 0; round < ROUNDS; round += 1) {
    it(`round ${round}: one git commit, the same tree, a whole record`, async (context) => {
      const { kills, ...end } = await runKilled(makeRandom(seededFor(context).seed + round));
      context.diagnostic(`killed ${kills} times`);
      const { tree } = await undisturbed;
      assert.deepEqual(end, { tree, gitCommits: '2\n' });
    });
  }
});
