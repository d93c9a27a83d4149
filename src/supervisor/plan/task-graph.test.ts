/** The graph of a plan: what may go on, what comes first, and why some graphs are no plan. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  comesBefore,
  graphProblem,
  readyTasks,
  splitTask,
  type PlannedTask,
} from './task-graph.ts';

const task = (
  id: string,
  after: readonly string[] = [],
  writeSet: readonly string[] = [],
): PlannedTask => ({ id, title: id, role: 'coder', writeSet: [...writeSet], after: [...after] });

const ids = (tasks: readonly PlannedTask[]): readonly string[] => tasks.map(({ id }) => id);

describe('readyTasks', () => {
  const tasks = [
    task('m.1'),
    task('m.2', ['m.1']),
    task('m.3', ['m.1']),
    task('m.4', ['m.2', 'm.3']),
  ];
  const readyWith = (...done: readonly string[]): readonly string[] =>
    ids(readyTasks(tasks, (id) => (done.includes(id) ? 'done' : 'ready')));

  it('lets nothing begin before all that comes first is done', () => {
    assert.deepEqual(readyWith(), ['m.1']);
    assert.deepEqual(readyWith('m.1'), ['m.2', 'm.3']);
    assert.deepEqual(readyWith('m.1', 'm.2'), ['m.3']);
    assert.deepEqual(readyWith('m.1', 'm.2', 'm.3'), ['m.4']);
    assert.deepEqual(readyWith('m.1', 'm.2', 'm.3', 'm.4'), []);
  });

  it('takes only done for done, and only ready for ready', () => {
    for (const status of ['claimed', 'failed', 'dropped', undefined]) {
      assert.deepEqual(ids(readyTasks(tasks, (id) => (id === 'm.1' ? status : 'ready'))), []);
    }
  });

  it('takes a task of an old plan, which names nothing before it, for ready', () => {
    const { after: _none, ...old } = task('m.1');
    assert.deepEqual(ids(readyTasks([old], () => 'ready')), ['m.1']);
  });
});

describe('comesBefore', () => {
  it('puts the older mission first, and in a mission the lower number', () => {
    assert.equal(comesBefore('018f-a.9', '018f-b.1'), true);
    assert.equal(comesBefore('018f-b.1', '018f-a.9'), false);
    assert.equal(comesBefore('m.2', 'm.10'), true);
    assert.equal(comesBefore('m.10', 'm.2'), false);
    assert.equal(comesBefore('m.2', 'm.2'), false);
  });
});

describe('splitTask', () => {
  it('finds the number behind the last dot', () => {
    assert.deepEqual(splitTask('0192.7a.12'), ['0192.7a', 12]);
  });
});

describe('graphProblem', () => {
  it('finds nothing wrong with an order that ends', () => {
    const parts = [task('m.2', ['m.1'], ['a']), task('m.3', ['m.1'], ['b'])];
    assert.equal(graphProblem([task('m.1'), ...parts, task('m.4', ['m.2', 'm.3'])]), undefined);
    assert.equal(graphProblem([]), undefined);
  });

  it('names an id that is there twice, and a predecessor that is not', () => {
    assert.match(graphProblem([task('m.1'), task('m.1')]) ?? '', /same id/u);
    assert.equal(
      graphProblem([task('m.1', ['m.9'])]),
      'task m.1 comes after m.9, which is not in the plan',
    );
  });

  it('names a circle, also one that others only lead to', () => {
    const circle = [task('m.2', ['m.3']), task('m.3', ['m.4']), task('m.4', ['m.2'])];
    const problem = graphProblem([task('m.1', ['m.2']), ...circle]) ?? '';
    assert.equal(problem, 'tasks wait for each other: m.2 after m.3 after m.4 after m.2');
    assert.match(graphProblem([task('m.1', ['m.1'])]) ?? '', /m\.1 after m\.1$/u);
  });

  it('names a path that two tasks may write at once, and allows it in an order', () => {
    const both = [task('m.1', [], ['a', 'x']), task('m.2', [], ['x'])];
    assert.equal(graphProblem(both), 'tasks m.1 and m.2 both write x, in no order');
    assert.equal(graphProblem([task('m.1', [], ['x']), task('m.2', ['m.1'], ['x'])]), undefined);
    const chain = [task('m.1', [], ['x']), task('m.2', ['m.1']), task('m.3', ['m.2'], ['x'])];
    assert.equal(graphProblem(chain), undefined);
    assert.equal(graphProblem(chain.toReversed()), undefined);
  });
});
