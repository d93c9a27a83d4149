/** Checks as evidence: what is flaky, broken, or was so before; and plans that can't be carried out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evidence } from '#agents/runner.ts';
import { tell } from '#cli/terminal/story.ts';
import { PLAIN } from '#cli/terminal/style.ts';
import type { PlannedPart } from '#supervisor/recipe.ts';
import { assertEnded, dataOf, openSwarmWorld, type Ended, type SwarmWorld } from './swarm-world.ts';

/** Counts its runs in an ignored place and fails in those of `failing`. */
const failsIn = (...failing: readonly number[]): string =>
  `mkdir -p runs && echo x >> runs/n && case $(wc -l < runs/n | tr -d " ") in ${failing.join('|')}) exit 1;; esac`;

interface Run {
  readonly world: SwarmWorld;
  readonly end: Ended;
}

/** A mission that writes A into a.txt, proven by one check. */
async function runWith(check: string): Promise<Run> {
  const world = await openSwarmWorld({
    files: { 'a.txt': 'a\n', '.gitignore': 'runs\n' },
    goals: { go: { plan: () => ({ edits: { 'a.txt': 'A\n' } }) } },
  });
  return { world, end: await world.run('go', { checks: [check] }) };
}

/** How the check compares, as the last task of the mission says; and as a person is told. */
function evidenceOf({ end }: Run): { readonly said: string; readonly told: string } {
  const all = dataOf(end.events, 'task.done').flatMap(
    ({ checks }) => checks as readonly Evidence[],
  );
  const told = end.events.map((event) => tell(event, PLAIN)).join('\n');
  return { said: all.at(-1)?.comparison ?? 'nothing', told };
}

describe('a check', () => {
  it('that fails once and passes again on the same base is flaky, and proves nothing', async () => {
    const run = await runWith(failsIn(1));
    assertEnded(run.world, run.end, 'done');
    const { said, told } = evidenceOf(run);
    assert.equal(said, 'flaky');
    assert.match(told, /flaky/u);
    assert.equal(dataOf(run.end.events, 'check.done').length, 3);
  });

  it('that fails once and passes again on the same change is flaky', async () => {
    const run = await runWith(failsIn(2));
    assertEnded(run.world, run.end, 'done');
    assert.equal(evidenceOf(run).said, 'flaky');
  });

  it('that fails twice on the change is broken, and stops the mission', async () => {
    const { world, end } = await runWith(failsIn(2, 3));
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'check-failed');
    assert.equal(end.state.worktreeKept, true);
  });

  it('that the change breaks stops the mission', async () => {
    const { world, end } = await runWith('grep -q a a.txt');
    assertEnded(world, end, 'failed');
    assert.match(end.state.problem?.message ?? '', /passed before the change and fails after it/u);
    const [failed] = dataOf(end.events, 'expectation.failed');
    assert.equal(failed?.expects, 'exit code 0');
  });

  const harmless = [
    ['that passes on both sides', 'test -f ./a.txt', 'passed'],
    ['that the change repairs', 'grep -q A a.txt', 'fixed'],
    ['that failed before as well', 'test -f ./missing', 'failed-before-too'],
  ] as const;
  for (const [how, check, comparison] of harmless) {
    it(`${how} is ${comparison}`, async () => {
      const run = await runWith(check);
      assertEnded(run.world, run.end, 'done');
      assert.equal(evidenceOf(run).said, comparison);
    });
  }

  it('that writes files of the repository is named', async () => {
    const { world, end } = await runWith('echo x >> .gitignore');
    assertEnded(world, end, 'failed');
    assert.match(end.state.problem?.message ?? '', /\.gitignore/u);
  });
});

const part = (key: string, paths: readonly string[], after: readonly string[]): PlannedPart => ({
  key,
  title: `Part ${key}`,
  paths,
  after,
  expects: key,
});

describe('a recipe whose parts are no graph that ends', () => {
  const wrong: readonly (readonly [string, readonly PlannedPart[], RegExp])[] = [
    [
      'a circle',
      [part('x', ['a.txt'], ['y']), part('y', ['b.txt'], ['x'])],
      /wait for each other/u,
    ],
    ['a part after nothing known', [part('x', ['a.txt'], ['z'])], /x after z/u],
    [
      'one path in two parts at once',
      [part('x', ['a.txt'], []), part('y', ['a.txt'], [])],
      /both write a\.txt/u,
    ],
  ];
  for (const [what, parts, told] of wrong) {
    it(`is refused at planning: ${what}`, async () => {
      const edits = Object.fromEntries(
        parts.flatMap(({ paths }) => paths.map((path) => [path, 'x\n'])),
      );
      const world = await openSwarmWorld({
        files: { 'a.txt': 'a\n', 'b.txt': 'b\n' },
        goals: { go: { plan: () => ({ edits, parts }) } },
      });
      const end = await world.run('go');
      assertEnded(world, end, 'failed');
      assert.equal(end.state.problem?.error, 'recipe-invalid');
      assert.match(end.state.problem?.message ?? '', told);
      assert.ok((end.state.problem?.fix ?? '').length > 20);
      assert.equal(end.state.worktreeKept, false);
      assert.deepEqual(dataOf(end.events, 'task.created'), []);
    });
  }

  it('is carried out when the parts are in an order', async () => {
    const parts = [part('y', ['a.txt'], ['x']), part('x', ['a.txt', 'b.txt'], [])];
    const world = await openSwarmWorld({
      files: { 'a.txt': 'a\n', 'b.txt': 'b\n' },
      goals: { go: { plan: () => ({ edits: { 'a.txt': 'A\n', 'b.txt': 'B\n' }, parts }) } },
    });
    const end = await world.run('go');
    assertEnded(world, end, 'done');
    assert.equal(world.show(end.state.gitCommit ?? '', 'a.txt'), 'A\n');
  });
});
