/** What agents of each role do with a task: the coder its edits, the scout its findings, the runner its proofs. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Assignment } from '#agents/assignment.ts';
import { makeRunner } from '#agents/runner.ts';
import { makeScout, type Diagnosis, type Failure } from '#agents/scout.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { openStage, type AgentStage } from './agent-stage.ts';
import { dataOf, realCoder } from './swarm-world.ts';
import { toEdits, type Contents } from './test-recipe.ts';

interface AtWork {
  readonly stage: AgentStage;
  readonly mission: string;
  readonly assignment: Assignment;
}

/** One agent at work on a task that may write all `files`. */
async function atWork(files: Contents, writeSet = Object.keys(files)): Promise<AtWork> {
  const stage = await openStage(files);
  const mission = await stage.mission(writeSet);
  const agent = stage.agent(mission, 'agent:coder-1');
  return { stage, mission, assignment: await stage.assign(agent, `${mission}.1`) };
}

const manyFiles = (count: number, text: string): Contents =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}.txt`, text]));

const read = ({ stage }: AtWork, path: string): string =>
  readFileSync(join(stage.worktree, path), 'utf8');

const written = (at: AtWork, text: string, paths: readonly string[]): number =>
  paths.filter((path) => read(at, path) === text).length;

describe('the coder', () => {
  it('makes each edit once, each a sign of life, however often it is entered', async () => {
    const at = await atWork(manyFiles(5, 'old\n'));
    const edits = toEdits(at.stage.worktree, manyFiles(5, 'new\n'));
    let signs = 0;
    const assignment = { ...at.assignment, alive: () => void (signs += 1) };
    await realCoder().edit(assignment, edits);
    await realCoder().edit(assignment, edits);
    assert.equal(written(at, 'new\n', Object.keys(manyFiles(5, ''))), 5);
    assert.equal(signs, 10);
    const events = at.stage.space.events(at.mission);
    assert.equal(dataOf(events, 'edit.intended').length, 5);
    for (const { lease, token } of dataOf(events, 'edit.intended')) {
      assert.deepEqual({ lease, token }, at.assignment.lease);
    }
  });

  it('begins no further edit once it is told to stop', async () => {
    const at = await atWork(manyFiles(60, 'old\n'));
    const edits = toEdits(at.stage.worktree, manyFiles(60, 'new\n'));
    const stop = new AbortController();
    const why = new SkeinError('interrupted', 'Cannot continue: a person');
    const assignment = {
      ...at.assignment,
      work: at.assignment.work.as('agent:coder-1', stop.signal),
      alive: () => stop.abort(why),
    };
    await assert.rejects(realCoder().edit(assignment, edits), { name: 'interrupted' });
    const paths = Object.keys(manyFiles(60, ''));
    const done = written(at, 'new\n', paths);
    assert.ok(done >= 1 && done <= 16, `${done} were written`);
    assert.equal(dataOf(at.stage.space.events(at.mission), 'edit.done').length, done);
    // Every file is what it was or what it should be, and the rest can be done later.
    assert.equal(written(at, 'old\n', paths), 60 - done);
    await realCoder().edit(at.assignment, edits);
    assert.equal(written(at, 'new\n', paths), 60);
  });

  it('leaves alone what its lease does not cover, and what others changed', async () => {
    const at = await atWork({ 'a.txt': 'old\n', 'b.txt': 'old\n' }, ['a.txt']);
    const edits = toEdits(at.stage.worktree, { 'b.txt': 'new\n' });
    await assert.rejects(realCoder().edit(at.assignment, edits), { name: 'lease-missing' });
    const own = toEdits(at.stage.worktree, { 'a.txt': 'new\n' });
    writeFileSync(join(at.stage.worktree, 'a.txt'), 'of another\n');
    await assert.rejects(realCoder().edit(at.assignment, own), {
      name: 'guardrail-refused',
      details: { guardrail: 'base-hash', places: ['a.txt'] },
    });
    assert.equal(read(at, 'a.txt'), 'of another\n');
    assert.equal(read(at, 'b.txt'), 'old\n');
  });

  it('writes nothing under a lease that was given back', async () => {
    const at = await atWork({ 'a.txt': 'old\n' });
    await at.stage.space.say('task.release', { task: at.assignment.task, reason: 'given back' });
    const edits = toEdits(at.stage.worktree, { 'a.txt': 'new\n' });
    await assert.rejects(realCoder().edit(at.assignment, edits), { name: 'lease-missing' });
    assert.equal(read(at, 'a.txt'), 'old\n');
  });
});

describe('the scout', () => {
  const failure = (event: string, task: string): Failure => ({
    event,
    task,
    what: 'it does not fit',
    paths: ['a.txt'],
  });

  it('tells the record why, and its peers when there is another way', async () => {
    const { stage, mission, assignment } = await atWork({ 'a.txt': 'a\n' });
    const [event = ''] = await stage.space.say('note.record', {
      type: 'expectation.failed',
      subject: `task/${mission}.1`,
      mission,
      data: { task: `${mission}.1`, action: 'x', expects: 'x', found: 'y' },
    });
    const answers: Diagnosis[] = [
      { finding: 'taken already', strategy: 'alias', paths: ['a.txt'] },
      { finding: 'no idea', strategy: null, paths: [] },
    ];
    let signs = 0;
    const asked = answers.values();
    const found = await makeScout().diagnose(
      { ...assignment, alive: () => void (signs += 1) },
      [failure(event, assignment.task), failure(event, assignment.task)],
      async () => asked.next().value as Diagnosis,
    );
    assert.deepEqual(found, answers);
    assert.equal(signs, 2);
    const events = stage.space.events(mission);
    const diagnosed = events.filter(({ type }) => type === 'agent.diagnosed');
    assert.deepEqual(
      diagnosed.map(({ cause }) => cause),
      [event, event],
    );
    assert.deepEqual(
      dataOf(events, 'message.sent').map(({ kind, text }) => `${kind}: ${text}`),
      ['announce: taken already: alias'],
    );
    assert.equal(dataOf(events, 'expectation.met').at(-1)?.action, 'diagnose');
  });

  it('stops between two failures when it is told to', async () => {
    const { assignment } = await atWork({ 'a.txt': 'a\n' });
    const stop = new AbortController();
    const work = assignment.work.as('agent:scout-1', stop.signal);
    let asked = 0;
    const diagnosing = makeScout().diagnose(
      { ...assignment, work },
      [failure('', assignment.task), failure('', assignment.task)],
      async () => {
        asked += 1;
        stop.abort(new SkeinError('interrupted', 'Cannot continue: a person'));
        return { finding: 'x', strategy: null, paths: [] };
      },
    );
    await assert.rejects(diagnosing, { name: 'interrupted' });
    assert.equal(asked, 1);
  });
});

/** A check whose runs end as the letters of `script` say, one after the other: p passes, f fails. */
const scripted = (
  at: AtWork,
  script: string,
): { readonly name: string; readonly command: string } => {
  const folder = at.stage.space.folder;
  writeFileSync(join(folder, 'script'), script.split('').join('\n'));
  writeFileSync(join(folder, 'runs'), '');
  const next = `n=$(wc -l < ${folder}/runs); echo x >> ${folder}/runs`;
  return {
    name: 'scripted',
    command: `${next}; sed -n "$((n + 1))p" ${folder}/script | grep -q p`,
  };
};

const runs = ({ stage }: AtWork): number =>
  readFileSync(join(stage.space.folder, 'runs'), 'utf8').split('\n').length - 1;

describe('the runner', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['p', 'p', 'passed'],
    ['p', 'fp', 'flaky'],
    ['p', 'ff', 'broken'],
    ['ff', 'p', 'fixed'],
    ['ff', 'f', 'failed-before-too'],
    ['fp', 'p', 'flaky'],
    ['fp', 'fp', 'flaky'],
    ['fp', 'ff', 'broken'],
  ];
  for (const [base, change, comparison] of cases) {
    it(`calls a check ${comparison} that goes ${base} on the base and ${change} on the change`, async () => {
      const at = await atWork({ 'a.txt': 'a\n' });
      const check = scripted(at, base + change);
      const runner = makeRunner();
      const [before] = await runner.checkBase(at.assignment, [check]);
      assert.equal(before?.comparison, 'base');
      assert.equal(before?.exitCode === 0, base === 'p');
      const [after] = await runner.checkChange(at.assignment, [check]);
      assert.equal(after?.comparison, comparison);
      assert.equal(runs(at), base.length + change.length);
      // Entered again, nothing is run again, and the answer is the same.
      assert.deepEqual(await runner.checkChange(at.assignment, [check]), [after]);
      assert.equal(runs(at), base.length + change.length);
    });
  }

  it('gives a sign of life before each run', async () => {
    const at = await atWork({ 'a.txt': 'a\n' });
    let signs = 0;
    const assignment = { ...at.assignment, alive: () => void (signs += 1) };
    await makeRunner().checkBase(assignment, [scripted(at, 'ff')]);
    assert.equal(signs, 2);
  });

  it('ends a check that runs when it is told to stop, and has no outcome of it', async () => {
    const at = await atWork({ 'a.txt': 'a\n' });
    const stop = new AbortController();
    const assignment = {
      ...at.assignment,
      work: at.assignment.work.as('agent:runner-1', stop.signal),
    };
    const running = makeRunner().checkBase(assignment, [{ name: 'long', command: 'sleep 60' }]);
    await at.stage.space.follow(at.mission, (events) =>
      events.find(({ type }) => type === 'check.intended'),
    );
    stop.abort(new SkeinError('interrupted', 'Cannot continue: a person'));
    await assert.rejects(running, { name: 'interrupted' });
    assert.deepEqual(dataOf(at.stage.space.events(at.mission), 'check.done'), []);
    assert.deepEqual(dataOf(at.stage.space.events(at.mission), 'check.failed'), []);
  });

  it('makes one git commit of what was written, and a branch at it', async () => {
    const at = await atWork({ 'a.txt': 'old\n', 'b.txt': 'old\n' });
    const { worktree, repository } = at.stage;
    await realCoder().edit(at.assignment, toEdits(worktree, { 'a.txt': 'new\n' }));
    writeFileSync(join(worktree, 'b.txt'), 'past the door\n');
    const runner = makeRunner();
    const change = {
      files: [{ path: 'a.txt', afterHash: sha256('new\n') }],
      message: 'Change a',
      branch: `skein/${at.mission}`,
    };
    const made = await runner.commit(at.assignment, change);
    assert.deepEqual(await runner.commit(at.assignment, change), made);
    await runner.branch(at.assignment.work, change.branch, made.gitCommit);
    const git = at.stage.inside.git;
    assert.equal(git('rev-parse', change.branch).trim(), made.gitCommit);
    assert.equal(git('diff', '--name-only', repository.head, made.gitCommit).trim(), 'a.txt');
    assert.match(
      git('log', '-1', '--format=%B', made.gitCommit),
      new RegExp(`Skein-Mission: ${at.mission}`, 'u'),
    );
    assert.equal(dataOf(at.stage.space.events(at.mission), 'git-commit.intended').length, 1);
  });

  it('moves no branch that somebody else has made', async () => {
    const at = await atWork({ 'a.txt': 'old\n' });
    const { repository, inside } = at.stage;
    inside.git('branch', 'skein/mine');
    const elsewhere = inside.git('commit-tree', '-m', 'x', `${repository.head}^{tree}`).trim();
    await assert.rejects(makeRunner().branch(at.assignment.work, 'skein/mine', elsewhere));
    assert.equal(inside.git('rev-parse', 'skein/mine').trim(), repository.head);
  });
});
