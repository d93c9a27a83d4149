/** Plans as a person reads them: the graph, the price, and what a changed plan does otherwise. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlanContents } from '#supervisor/plan-contents.ts';
import type { PlanState } from '#supervisor/mission-reducer.ts';
import { CHANGED_PLAN, FIRST_PLAN, MISSION, task } from './fixtures/swarm-plans.ts';
import { comparePlans } from './plan/plan-difference.ts';
import { changeLines } from './plan/print-change.ts';
import { planLines } from './print-plan.ts';
import { PLAIN } from './style.ts';

const plan: PlanState = { ...FIRST_PLAN, mission: MISSION };
const changed: PlanState = { ...CHANGED_PLAN, mission: MISSION };
const options = { checks: [], merge: false, hooks: false, keepExports: false };
const edit = (path: string, changes: number): PlanContents['edits'][number] => ({
  path,
  baseHash: '',
  afterHash: '',
  after: { hash: '', bytes: 1 },
  changes,
  lines: Array.from({ length: changes }, (_, index) => index + 1),
});
const contents: PlanContents = {
  format: 1,
  title: 'Rename',
  edits: [edit('a.ts', 1), edit('b.ts', 2)],
  listed: [],
  names: null,
};

const lines = (shown: Partial<Parameters<typeof planLines>[0]> = {}): string =>
  planLines({ plan, options, ...shown }, contents, PLAIN).join('\n');

const TASKS = `  5 tasks
     1  base-checks  runner  Run the checks on the untouched base
        expects: what the checks say before the change is known
     2  edit         coder   Rename total to orderTotal in packages/cart, 2 files  after 1
        expects: 4 places in 2 files change as planned, and nothing else
     3  edit         coder   Rename total to orderTotal in packages/pricing, 1 file  after 1
        expects: 1 place in 1 file changes as planned, and nothing else
     4  review       critic  Review every changed line against the plan  after 2, 3
        expects: every changed line is explained by the plan
     5  prove        runner  Run the checks and make the git commit  after 4
        expects: no check fails that passed before
  2 files
    a.ts 1 change, line 1
    b.ts 2 changes, lines 1, 2
`;

describe('a plan', () => {
  it('shows its tasks as a graph, then the files', () => {
    assert.ok(lines().includes(TASKS), lines());
  });

  it('names its price, and says one file where there is one', () => {
    const few = { ...plan, price: { files: 1, changes: 1, money: 0, timeMs: 6_000 } };
    assert.match(lines(), /price: 3 files, 5 changes, about 6 s \(/u);
    assert.match(lines({ plan: few }), /price: 1 file, 1 change, about 6 s .*\(0\.00 USD\)/u);
    const dear = { ...plan, price: { files: 1, changes: 1, money: 1_230_000, timeMs: null } };
    assert.match(lines({ plan: dear }), /time unknown .*, 1\.23 USD$/mu);
  });

  it('says how many tasks may be at work at once, when that was asked for', () => {
    assert.match(lines({ options: { ...options, jobs: 2 } }), /5 tasks, at most 2 at once/u);
    assert.doesNotMatch(lines(), /at once/u);
  });

  it('of an older Skein, with one task of no kind, is shown too', () => {
    const [, single] = FIRST_PLAN.tasks;
    assert.ok(single);
    const { kind: _kind, after: _after, expects: _expects, ...old } = single;
    const shown = lines({ plan: { ...plan, tasks: [old] } });
    assert.match(shown, /^ {2}1 task\n {5}2 {2}coder {2}Rename total .*, 2 files$/mu);
  });

  it('of many tasks names the first ones and counts the others', () => {
    const many = Array.from({ length: 45 }, (_, index) => ({
      id: task(index + 1),
      title: 'Rename',
      role: 'coder',
      writeSet: [],
    }));
    assert.match(lines({ plan: { ...plan, tasks: many } }), /\.\.\. and 15 more tasks/u);
  });

  it('shows commands as they would be run', () => {
    const command = { name: 'format', command: 'npm run format', lines: '^import' };
    const paths = ['a.ts', 'b.ts', 'c.ts', 'd.ts'];
    const part = { key: 'x', title: 'Format', paths, after: [], expects: '', command };
    const shown = planLines(
      { plan, options },
      { ...contents, commands: [part] } as PlanContents,
      PLAIN,
    );
    const at = shown.indexOf('  command format: npm run format');
    assert.equal(
      shown[at + 1],
      '    may write a.ts, b.ts, c.ts and 1 more; only lines that match ^import',
    );
  });
});

describe('a changed plan', () => {
  it('is compared task by task, path by path', () => {
    const {
      added,
      dropped,
      changed: others,
      morePaths,
      fewerPaths,
      price,
    } = comparePlans(plan, changed);
    const ids = (tasks: PlanState['tasks']): string[] => tasks.map(({ id }) => id);
    assert.deepEqual(ids(added), [task(6)]);
    assert.deepEqual(ids(dropped), []);
    assert.deepEqual(ids(others), [task(4)]);
    assert.deepEqual([morePaths, fewerPaths], [['scripts/report.ts'], []]);
    assert.deepEqual(price, { files: 1, changes: 1, money: 0, timeMs: 0 });
    const back = comparePlans(changed, plan);
    assert.deepEqual([ids(back.dropped), back.fewerPaths], [[task(6)], ['scripts/report.ts']]);
  });

  it('is no other plan when only the order of its fields differs', () => {
    const turned = plan.tasks.map((each) => Object.fromEntries(Object.entries(each).toReversed()));
    const {
      added,
      dropped,
      changed: others,
    } = comparePlans(plan, {
      ...plan,
      tasks: turned as unknown as PlanState['tasks'],
    });
    assert.deepEqual([added, dropped, others], [[], [], []]);
  });

  it('shows why, what is new, and what it costs more', () => {
    const shown = lines({ plan: changed, before: plan });
    assert.match(
      shown,
      /^changed plan: .* \(instead of plan 2222222222\)\n {2}why: scripts\/report/u,
    );
    assert.match(shown, /^ \+ {3}6 {2}edit/mu);
    assert.match(shown, /^ ~ {3}4 {2}review/mu);
    assert.match(shown, /may also write: scripts\/report\.ts/u);
    assert.match(shown, /price: 4 files \(\+1\), 6 changes \(\+1\), about 6 s \(median/u);
  });

  it('that costs less and drops a task says so', () => {
    const fewer = { ...plan, supersedes: `${MISSION}.2`, reason: 'not needed' };
    const shown = lines({ plan: fewer, before: changed });
    assert.match(shown, /^ - {3}6 {2}Import/mu);
    assert.match(shown, /leaves alone .*: scripts\/report\.ts/u);
    assert.match(shown, /3 files \(-1\), 5 changes \(-1\)/u);
  });

  it('is told in short by what differs: its own tasks and files, why it is asked about', () => {
    const own = { ...contents, edits: [edit('a.ts', 1), edit('scripts/report.ts', 1)] };
    const warned = { ...changed, warnings: [...changed.warnings, 'a new note'] };
    const told = changeLines({ plan: warned, options, before: plan }, own, PLAIN).join('\n');
    assert.match(told, /^ {2}it needs a new answer: it changes more files$/mu);
    assert.match(told, /^ {2}2 of 6 tasks are new or changed\n \+ {3}6/mu);
    assert.match(told, /^ {2}1 file\n {4}scripts\/report\.ts 1 change, line 1$/mu);
    assert.match(told, /price: 4 files \(\+1\)/u);
    assert.match(told, /note a new note/u);
    assert.doesNotMatch(told, /packages\/cart|a\.ts|checks:|plain rename/u);
  });

  it('that costs no more says nothing of an answer', () => {
    const fewer = { ...plan, supersedes: `${MISSION}.2`, reason: 'not needed' };
    const told = changeLines({ plan: fewer, options, before: changed }, contents, PLAIN).join('\n');
    assert.doesNotMatch(told, /new answer/u);
    assert.match(told, /1 of 5 tasks is new or changed/u);
  });
});
