/** The table fits every terminal, and says what is the same and what is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Comparison } from '#supervisor/history/compare/compare-missions.ts';
import type { MissionSide, SideTask } from '#supervisor/history/compare/mission-side.ts';
import { PLAIN } from '../style.ts';
import { textWidth } from '../text-width.ts';
import { compareLines, foldText, pairTasks } from './compare-table.ts';

const task = (id: string, title: string, kind = 'edit'): SideTask => {
  return { id, kind, role: 'coder', title, files: 1, status: 'done' };
};

const event = (type: string, data: object): MissionSide['decisions'][number] => ({
  id: 'e',
  type,
  subject: 'mission/m',
  time: '2026-11-21T16:27:04.357Z',
  actor: 'person:owner',
  authority: 'human',
  traceId: 't',
  spanId: 's',
  data,
});

const side = (id: string, more: Partial<MissionSide> = {}): MissionSide => ({
  id,
  space: 's',
  goal: 'rename a to b',
  recipe: 'rename',
  status: 'done',
  base: 'c0'.repeat(20),
  branch: 'main',
  options: { checks: ['npm test'], merge: true, hooks: false, keepExports: false },
  submittedAt: '2026-11-21T16:27:02.734Z',
  gitCommit: 'd1'.repeat(20),
  forkOf: null,
  plan: {
    id: `${id}.1`,
    hash: 'f'.repeat(64),
    summary: 'A plan',
    plans: 2,
    tasks: [task(`${id}.1`, 'Edit')],
  },
  decisions: [event('mission.approved', { hash: 'abcdef0123456789', from: '--yes' })],
  checks: [
    {
      name: 'test',
      command: 'npm test',
      base: { exitCode: 1, timedOut: false, durationMs: 900 },
      change: { exitCode: 0, timedOut: false, durationMs: 1_100 },
      comparison: 'fixed',
    },
  ],
  price: {
    planned: { files: 1, changes: 2, money: 0, timeMs: 12_000 },
    used: { files: 1, changes: 2, workMs: 11_000, wholeMs: 20_000, money: 0 },
  },
  size: { events: 3, eventBytes: 4_000, blobs: 2, blobBytes: 80, unreadable: 0 },
  pruned: null,
  result: { state: 'written', files: [], tree: null, notes: [] },
  ...more,
});

const file = (hash: string) => ({ path: 'p', hash, added: 1, removed: 2 });

const comparison: Comparison = {
  a: side('A'.repeat(36)),
  b: side('B'.repeat(36), {
    status: 'waiting',
    gitCommit: null,
    plan: null,
    decisions: [],
    checks: [],
    result: { state: 'planned', files: [], tree: null, notes: ['Lines are not counted: gone.'] },
    size: { events: 3, eventBytes: 4_000, blobs: 2, blobBytes: 80, unreadable: 2 },
  }),
  files: [
    { path: 'src/same.ts', a: file('1'), b: file('1'), same: true },
    { path: 'src/other.ts', a: file('1'), b: { ...file('2'), added: null }, same: false },
    { path: `src/${'very/'.repeat(30)}long.ts`, a: file('1'), b: null, same: false },
    { path: 'src/日本語.ts', a: null, b: file('1'), same: false },
  ],
  diff: null,
};

describe('the table of two missions', () => {
  it('says what is the same, what differs, and what only one has', () => {
    const text = compareLines(comparison, PLAIN, 140).join('\n');
    assert.match(text, /^= src\/same\.ts +\+1 -2 +the same$/mu);
    assert.match(text, /^~ src\/other\.ts +\+1 -2 +changed$/mu);
    assert.match(text, /^< src\/very\/.*\n +\+1 -2 +as it was$/mu);
    assert.match(text, /^> src\/日本語\.ts +as it was +\+1 -2$/mu);
    assert.match(text, /^status +done +waiting$/mu);
    assert.match(text, /^options +--check npm test --merge +--check/mu);
    assert.match(text, /^plan +f{10}: A plan, changed once +none yet$/mu);
    assert.match(text, /^files +0 written, 1 the same in both +0 planned, 1 the same/mu);
    assert.match(text, /person:owner: approved plan abcdef0123 \(--yes\)$/mu);
    assert.match(text, /^check test +fixed +-$/mu);
    assert.match(text, /^ {2}on the base +exit code 1 in 0\.9 s +not run$/mu);
    assert.match(text, /^price used +1 file, 2 changes, 11\.0 s, 0\.00 USD/mu);
    assert.match(text, /^note B: Lines are not counted: gone\.$/mu);
    assert.match(text, /^note B: 2 events are not here, and no pruning explains it/mu);
    assert.doesNotMatch(text, /forked from/u);
  });

  it('fits the terminal, however narrow', () => {
    for (const columns of [200, 120, 80, 60, 40]) {
      const lines = compareLines(comparison, PLAIN, columns).filter(
        (line) => !line.startsWith('note'),
      );
      const widest = Math.max(...lines.map(textWidth));
      assert.ok(widest <= columns, `${widest} of ${columns}`);
      // The second mission always begins in the same column.
      const starts = lines.filter((line) => /^(?:status|goal|base) /u.test(line));
      const second = starts.map((line) => line.search(/(?<=\S {2,})\S[^ ]*(?: \S+)*$/u));
      assert.equal(new Set(second).size, 1, starts.join('\n'));
    }
  });
});

describe('tasks of two missions', () => {
  it('are paired by what they do, not by their number', () => {
    const [one, two, three] = [task('m.1', 'Look'), task('m.2', 'Edit'), task('m.3', 'Edit')];
    const [other, fresh] = [task('n.7', 'Edit'), task('n.8', 'Prove', 'prove')];
    assert.deepEqual(pairTasks([one, two, three], [other, fresh]), [
      [one, undefined],
      [two, other],
      [three, undefined],
      [undefined, fresh],
    ]);
    const [alike, last] = [task('n.1', 'Write'), task('n.2', 'Look')];
    assert.deepEqual(pairTasks([one, two], [alike, last]), [
      [one, last],
      [two, alike],
    ]);
  });
});

describe('a folded text', () => {
  it('is broken between words, and cut on its last line', () => {
    assert.deepEqual(foldText('one two three', 20, 3), ['one two three']);
    assert.deepEqual(foldText('one two three', 8, 3), ['one two', 'three']);
    assert.deepEqual(foldText('one two three four', 8, 2), ['one two', 'three...']);
    assert.deepEqual(foldText('incomprehensible', 8, 3), ['incom...']);
    assert.deepEqual(foldText('', 8, 3), ['']);
  });
});
