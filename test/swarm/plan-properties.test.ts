/** Plans by chance: whatever the files and the parts are, each file has one group, and graphs end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlannedChange, PlannedPart } from '#supervisor/recipe.ts';
import { planTasks, type KnownTask } from '#supervisor/plan/plan-tasks.ts';
import { groupPaths } from '#supervisor/plan/share-out.ts';
import { graphProblem, readyTasks, type PlannedTask } from '#supervisor/plan/task-graph.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';

const ROUNDS = 300;

/** Paths in folders of any depth and size, each once. */
function randomPaths(random: SeededRandom): readonly string[] {
  const names = ['a', 'b', 'src', 'lib', 'packages'];
  const paths = new Set<string>();
  const count = random.below(random.pick([4, 30, 300]));
  for (let index = 0; index < count; index += 1) {
    const folders = Array.from({ length: random.below(4) }, () => random.pick(names));
    paths.add([...folders, `f${random.below(400)}.ts`].join('/'));
  }
  return random.shuffle([...paths]);
}

/** Tasks of which each may come after some that are named before it. */
const randomTasks = (random: SeededRandom): readonly PlannedTask[] =>
  Array.from({ length: 1 + random.below(12) }, (_, index): PlannedTask => {
    const after = Array.from({ length: index }, (_none, other) => `m.${other + 1}`).filter(
      () => random.below(3) === 0,
    );
    return { id: `m.${index + 1}`, title: '', role: 'coder', writeSet: [`f${index}`], after };
  });

const swap = (
  tasks: readonly PlannedTask[],
  at: number,
  more: Partial<PlannedTask>,
): PlannedTask[] => tasks.map((task, index) => (index === at ? { ...task, ...more } : task));

/** Whether `before` must be done before `task` may begin. */
function leadsTo(tasks: readonly PlannedTask[], before: string, task: string): boolean {
  const after = tasks.find(({ id }) => id === task)?.after ?? [];
  return after.includes(before) || after.some((each) => leadsTo(tasks, before, each));
}

describe('groups of files', () => {
  it('have every file exactly once, are eight at most, and do not depend on the order', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < ROUNDS; round += 1) {
      const paths = randomPaths(random);
      const groups = groupPaths(paths);
      assert.deepEqual(groups.flat().toSorted(), paths.toSorted());
      assert.ok(groups.length <= 8, `${groups.length} groups of ${paths.length}`);
      assert.ok(groups.every((group) => group.length > 0));
      assert.deepEqual(groupPaths(random.shuffle(paths)), groups);
    }
  });
});

describe('graphs of tasks', () => {
  it('that are drawn in order end, whatever order they are named in', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < ROUNDS; round += 1) {
      const tasks = random.shuffle(randomTasks(random));
      assert.equal(graphProblem(tasks), undefined);
      const done = new Set<string>();
      while (done.size < tasks.length) {
        const ready = readyTasks(tasks, (id) => (done.has(id) ? 'done' : 'ready'));
        assert.ok(ready.length > 0, `stuck after ${[...done].join(' ')}`);
        done.add(random.pick(ready).id);
      }
    }
  });

  it('with a planted circle name it', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < ROUNDS; round += 1) {
      const tasks = randomTasks(random);
      const at = random.below(tasks.length);
      const { id, after = [] } = tasks[at] as PlannedTask;
      const later = tasks.filter((task) => task.id === id || leadsTo(tasks, id, task.id));
      const planted = swap(tasks, at, { after: [...after, random.pick(later).id] });
      const problem = graphProblem(random.shuffle(planted)) ?? '';
      assert.match(problem, /^tasks wait for each other: /u);
      const named = problem.slice(problem.indexOf(': ') + 2).split(' after ');
      assert.equal(named[0], named.at(-1));
      for (const [index, task] of named.slice(0, -1).entries()) {
        const before = planted.find((each) => each.id === task)?.after ?? [];
        assert.ok(before.includes(named[index + 1] ?? ''), problem);
      }
    }
  });

  it('with a planted predecessor that is not there name it', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < ROUNDS; round += 1) {
      const tasks = randomTasks(random);
      const at = random.below(tasks.length);
      const planted = swap(tasks, at, { after: [...(tasks[at]?.after ?? []), 'm.99'] });
      assert.match(graphProblem(planted) ?? '', /comes after m\.99, which is not in the plan/u);
    }
  });

  it('with one path in two tasks are refused when these are in no order, and only then', (context) => {
    const random = seededFor(context);
    let refused = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const tasks = randomTasks(random);
      const [one, two] = [random.below(tasks.length), random.below(tasks.length)];
      if (one === two) continue;
      const shared = swap(swap(tasks, one, { writeSet: ['x'] }), two, { writeSet: ['y', 'x'] });
      const [a, b] = [`m.${one + 1}`, `m.${two + 1}`];
      const isOrdered = leadsTo(tasks, a, b) || leadsTo(tasks, b, a);
      const problem = graphProblem(random.shuffle(shared));
      assert.equal(problem === undefined, isOrdered, problem ?? `${a} and ${b}`);
      if (!isOrdered) refused += 1;
    }
    assert.ok(refused > ROUNDS / 20, `only ${refused} were refused`);
  });
});

/** Parts that come after others, each with files of its own. */
const randomParts = (random: SeededRandom): readonly PlannedPart[] =>
  Array.from({ length: 1 + random.below(8) }, (_, index): PlannedPart => {
    const after = Array.from({ length: index }, (_none, other) => `p${other}`).filter(
      () => random.below(4) === 0,
    );
    const paths = Array.from({ length: 1 + random.below(3) }, (_none, file) => `${index}/${file}`);
    return { key: `p${index}`, title: `Part ${index}`, paths, after, expects: '' };
  });

const changeOf = (parts: readonly PlannedPart[]): PlannedChange => {
  const about = { title: '', summary: '', engine: '', listed: [], warnings: [], names: null };
  return { ...about, edits: [], parts };
};

describe('plans that change', () => {
  it('keep the id of what is the same, and number the rest anew', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < ROUNDS; round += 1) {
      const parts = randomParts(random);
      const request = { mission: 'm', checks: ['test'], known: [], highest: 0 };
      const before = planTasks({ ...request, change: changeOf(random.shuffle(parts)) });
      const known = before.map((task): KnownTask => {
        const status = random.pick(['ready', 'done']);
        return { ...task, status, isUnchanged: random.below(4) > 0 };
      });
      const added: PlannedPart = {
        ...(parts[0] as PlannedPart),
        key: 'new',
        title: 'New',
        paths: ['new'],
      };
      const highest = before.length + random.below(3);
      const change = changeOf(random.shuffle([...parts, added]));
      const after = planTasks({ ...request, change, known, highest });
      assert.equal(new Set(after.map(({ id }) => id)).size, after.length);
      for (const task of after) {
        const old = known.find(({ id }) => id === task.id);
        if (old === undefined) assert.ok(Number(task.id.slice(2)) > highest, task.id);
        else
          assert.deepEqual(
            [old.kind, old.title, old.writeSet],
            [task.kind, task.title, task.writeSet],
          );
      }
      for (const old of known.filter(({ kind, isUnchanged }) => kind === 'edit' && isUnchanged)) {
        assert.ok(
          after.some(({ id }) => id === old.id),
          `${old.id} was lost`,
        );
      }
    }
  });
});
