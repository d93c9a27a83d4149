/**
 * kill -9 at every named instant of every effect: after `skein resume` the mission has ended as
 * if nothing had happened, and nothing has happened twice. One mission is killed at the same instant
 * of each of its effects; with SKEIN_LONG=1 each of these deaths also has a mission of its own.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EffectKind } from '#protocol/events/effect.ts';
import type { PausePoint } from '#tasks/effects.ts';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type SkeinHome } from '../support/run-skein.ts';

const POINTS: readonly PausePoint[] = ['after-intent', 'after-effect', 'after-outcome'];
/** In the order in which a mission comes to them. */
const KINDS: readonly EffectKind[] = [
  'worktree',
  'check',
  'edit',
  'git-commit',
  'branch',
  'cleanup',
  'merge',
];

/** What one mission is killed at, one after the other. */
const DEATHS: readonly (readonly string[])[] = [
  ...POINTS.map((point) => KINDS.map((kind) => `${point} ${kind}`)),
  ...(process.env['SKEIN_LONG'] === undefined
    ? []
    : POINTS.flatMap((point) => KINDS.map((kind) => [`${point} ${kind}`]))),
];

const orderOf = (top: string): readonly string[] =>
  `run|${RENAME}|--repo|${top}|--yes|--merge|--check|${CHECK}`.split('|');

/** Runs until the node stands still at `instant`, and kills it there. */
async function killAt(
  skein: SkeinHome,
  instant: string,
  order: readonly string[] = ['resume', '--yes'],
): Promise<void> {
  const running = skein.start(order, { env: { SKEIN_PAUSE_AT: instant } });
  await skein.logged(`paused at ${instant}`);
  const pid = await skein.nodePid();
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  const left = await running.ended;
  assert.equal(left.code, 75, told(left));
  assert.match(left.stderr, /skein resume/);
}

/** The git tree that the mission leads to when nobody disturbs it. */
async function undisturbedTree(): Promise<string> {
  const skein = openHome();
  const { top, git } = greeterRepository();
  const done = await skein.run(...orderOf(top));
  assert.equal(done.code, 0, told(done));
  return git('rev-parse', 'main^{tree}');
}

/** One git commit more than before, its branch, a clean tree, no worktree left. */
function assertEnd({ git }: TempRepository, base: string, tree: string): void {
  assert.equal(git('rev-parse', 'main^{tree}'), tree);
  assert.equal(git('rev-parse', 'main^').trim(), base);
  assert.equal(git('status', '--porcelain'), '');
  assert.equal(git('worktree', 'list', '--porcelain').match(/^worktree /gmu)?.length, 1);
  // Not even a dangling one: a second git commit would have another date or parent.
  const made = git('fsck', '--lost-found', '--no-progress').match(/dangling commit/gu);
  assert.equal(made, null);
  const format = '--format=%(refname:short) %(objectname)';
  const refs = git('for-each-ref', format, 'refs/heads/').trim().split('\n');
  assert.equal(refs.length, 2);
  assert.equal(new Set(refs.map((ref) => ref.split(' ')[1])).size, 1);
}

describe('kill -9, then resume', { concurrency: 2 }, () => {
  const tree = undisturbedTree();
  for (const deaths of DEATHS) {
    it(deaths.join(', '), async () => {
      const skein = openHome();
      const repository = greeterRepository();
      const base = repository.git('rev-parse', 'main').trim();
      for (const [at, instant] of deaths.entries()) {
        await killAt(skein, instant, at === 0 ? orderOf(repository.top) : undefined);
      }
      const resumed = await skein.run('resume', '--yes');
      assert.equal(resumed.code, 0, told(resumed));
      assertEnd(repository, base, await tree);
      const verified = await skein.run('verify');
      assert.equal(verified.code, 0, told(verified));
      await skein.run('down');
    });
  }

  it('has a twin: a git commit that was made twice is seen', async () => {
    const skein = openHome();
    const repository = greeterRepository();
    const base = repository.git('rev-parse', 'main').trim();
    assert.equal((await skein.run(...orderOf(repository.top))).code, 0);
    assertEnd(repository, base, await tree);
    repository.git('commit-tree', 'main^{tree}', '-p', 'main^', '-m', 'Again');
    assert.throws(() => assertEnd(repository, base, repository.git('rev-parse', 'main^{tree}')));
  });

  it('twice in one mission', async () => {
    const skein = openHome();
    const repository = greeterRepository();
    const base = repository.git('rev-parse', 'main').trim();
    await killAt(skein, 'after-effect edit', orderOf(repository.top));
    await killAt(skein, 'after-intent git-commit', ['resume']);
    const resumed = await skein.run('resume');
    assert.equal(resumed.code, 0, told(resumed));
    assertEnd(repository, base, await tree);
  });
});
