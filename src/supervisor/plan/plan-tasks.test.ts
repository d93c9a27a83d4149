/** The tasks of a plan, of a changed plan, and of what is no plan. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlannedChange, PlannedPart } from '../recipe.ts';
import { highestNumber, planTasks, type KnownTask, type TaskRequest } from './plan-tasks.ts';
import type { PlannedTask } from './task-graph.ts';

const part = (
  key: string,
  paths: readonly string[],
  after: readonly string[] = [],
): PlannedPart => ({
  key,
  title: `Part ${key}`,
  paths,
  after,
  expects: `${key} is done`,
});

const change = (parts: readonly PlannedPart[], edited?: readonly string[]): PlannedChange => ({
  title: 'A change',
  summary: '',
  engine: 'test',
  edits: (edited ?? [...new Set(parts.flatMap(({ paths }) => paths))]).map((path) => ({
    path,
    baseHash: '',
    afterHash: '',
    after: Buffer.alloc(0),
    changes: 1,
    lines: [1],
  })),
  listed: [],
  warnings: [],
  names: null,
  parts,
});

const plan = (
  parts: readonly PlannedPart[],
  more: Partial<TaskRequest> = {},
): readonly PlannedTask[] =>
  planTasks({
    mission: 'm',
    change: change(parts),
    checks: ['test'],
    known: [],
    highest: 0,
    ...more,
  });

const shown = (tasks: readonly PlannedTask[]): readonly string[] =>
  tasks.map(({ id, kind, after = [] }) => `${id} ${kind} ${after.join(' ')}`.trim());

/** The tasks of a plan before, with what became of each. */
const known = (
  tasks: readonly PlannedTask[],
  status: (task: PlannedTask) => string,
  isUnchanged: (task: PlannedTask) => boolean = () => true,
): readonly KnownTask[] =>
  tasks.map((task) => ({ ...task, status: status(task), isUnchanged: isUnchanged(task) }));

describe('planTasks', () => {
  it('puts the parts between the checks on the base and the review', () => {
    const tasks = plan([part('a', ['a']), part('b', ['b'])]);
    assert.deepEqual(shown(tasks), [
      'm.1 base-checks',
      'm.2 edit m.1',
      'm.3 edit m.1',
      'm.4 review m.2 m.3',
      'm.5 prove m.4',
    ]);
    assert.deepEqual(
      tasks.map(({ role }) => role),
      ['runner', 'coder', 'coder', 'critic', 'runner'],
    );
    assert.deepEqual(
      tasks.map(({ changeSet }) => changeSet),
      [undefined, 'change', 'change', undefined, undefined],
    );
    assert.deepEqual(tasks[0]?.checks, ['test']);
  });

  it('leaves the base alone when there are no checks', () => {
    assert.deepEqual(shown(plan([part('a', ['a'])], { checks: [] })), [
      'm.1 edit',
      'm.2 review m.1',
      'm.3 prove m.2',
    ]);
  });

  it('brings parts into their order, whatever order they are named in', () => {
    const tasks = plan([part('b', ['x'], ['a']), part('a', ['x'])]);
    assert.deepEqual(shown(tasks).slice(1, 3), ['m.2 edit m.1', 'm.3 edit m.1 m.2']);
  });

  it('makes a command of a part that has one', () => {
    const command = { name: 'format', command: 'fmt', lines: '.*' };
    const tasks = planTasks({
      mission: 'm',
      change: change([{ ...part('a', ['a']), command }], []),
      checks: [],
      known: [],
      highest: 0,
    });
    assert.equal(tasks[0]?.kind, 'command');
  });

  it('refuses circles, parts after nothing, paths in no order, steps of one name, edits of nobody', () => {
    const wrong: readonly (readonly [RegExp, readonly PlannedPart[]])[] = [
      [/a after b; b after a/u, [part('a', ['a'], ['b']), part('b', ['b'], ['a'])]],
      [/a after z/u, [part('a', ['a'], ['z'])]],
      [/m\.2 and m\.3 both write x, in no order/u, [part('a', ['x']), part('b', ['x'])]],
      [/two steps are called a/u, [part('a', ['a']), part('a', ['b'])]],
    ];
    for (const [message, parts] of wrong) {
      assert.throws(() => plan(parts), { name: 'recipe-invalid', message });
    }
    const edited = change([part('a', ['a'])], ['a', 'b']);
    assert.throws(() => plan([], { change: edited }), { message: /no step writes b/u });
  });
});

describe('a changed plan', () => {
  const parts = [part('a', ['a']), part('b', ['b'])];
  const before = plan(parts);

  it('keeps what is the same, and numbers what is new after all there was', () => {
    const tasks = plan([...parts, part('c', ['c'])], {
      known: known(before, ({ id }) => (id === 'm.3' ? 'ready' : 'done')),
      highest: 6,
    });
    assert.deepEqual(shown(tasks), [
      'm.1 base-checks',
      'm.2 edit m.1',
      'm.3 edit m.1',
      'm.7 edit m.1',
      'm.8 review m.2 m.3 m.7',
      'm.9 prove m.8',
    ]);
  });

  it('keeps a review that was not made yet, and makes one that was again', () => {
    const undone = plan(parts, { known: known(before, () => 'ready'), highest: 5 });
    assert.deepEqual(shown(undone), shown(before));
    const done = plan(parts, { known: known(before, () => 'done'), highest: 5 });
    assert.deepEqual(
      done.map(({ id }) => id),
      ['m.1', 'm.2', 'm.3', 'm.6', 'm.7'],
    );
  });

  it('does again what has other edits now, though its files are the same', () => {
    const changed = known(
      before,
      () => 'ready',
      ({ id }) => id !== 'm.2',
    );
    const tasks = plan(parts, { known: changed, highest: 5 });
    assert.deepEqual(
      tasks.map(({ id }) => id),
      ['m.1', 'm.6', 'm.3', 'm.4', 'm.5'],
    );
  });

  it('never gives one id to two tasks', () => {
    const twins = [part('x', ['a']), { ...part('y', ['a'], ['x']), title: 'Part x' }];
    const first = plan(twins);
    const tasks = plan(twins, { known: known(first, () => 'ready'), highest: 5 });
    assert.equal(new Set(tasks.map(({ id }) => id)).size, tasks.length);
    assert.deepEqual(shown(tasks), shown(first));
  });
});

describe('highestNumber', () => {
  it('is that of the task with the highest number, or 0', () => {
    assert.equal(highestNumber(['m.2', 'm.10', 'm.9']), 10);
    assert.equal(highestNumber([]), 0);
  });
});
