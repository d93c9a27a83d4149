/**
 * What the supervisor looks at itself before a task is done: nothing changed outside what was
 * written through the door, the work is in git objects that a ref keeps, and when the last task of
 * a change set hands over, its types.
 */
import type { WholeChange } from '#guardrails/new-type-errors.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { expecting } from '#tasks/expect.ts';
import { missionPrograms } from '#tasks/mission-programs.ts';
import { safePoint } from '#tasks/mission-work.ts';
import type { Verdict } from '#workspace/apply-edit.ts';
import { taskTreeRef, type TaskTree } from '#workspace/trees/task-tree.ts';
import type { HandOver, TaskAtWork } from './task-at-work.ts';
import { taskState, type Swarm } from '../swarm.ts';
import { splitTask, type PlannedTask } from '../../plan/task-graph.ts';
import { writtenFiles, type WrittenFile } from './written-files.ts';

/** Proves what was handed over and calls the task done; throws what is missing. */
export async function takeOver(at: TaskAtWork, handOver: HandOver): Promise<void> {
  const { swarm, planned, assignment } = at;
  const { task, lease } = assignment;
  const { checks } = handOver;
  if (writes(planned)) await assertNoStray(swarm, planned);
  const { tree: gitTree, ref } = await keepTree(swarm, planned, handOver.gitTree);
  await swarm.inTurn(`hand-over ${swarm.work.mission}`, async () => {
    if (isChangeWhole(swarm, planned)) await judgeTypes(swarm, task, writtenFiles(swarm));
    const done = { task, gitTree, checks, ref, token: lease.token };
    await swarm.work.record('task.finish', done);
  });
}

const writes = ({ kind = 'edit' }: PlannedTask): boolean => kind === 'edit' || kind === 'command';

/** An agent that wrote past the door, or did not write what it says it did, is found here. */
async function assertNoStray(swarm: Swarm, { id, writeSet }: PlannedTask): Promise<void> {
  const { work } = swarm;
  // Asked before the record: what others begin meanwhile is theirs to answer for.
  const others = openPaths(swarm, { id, writeSet });
  const explained = writtenFiles(swarm);
  const written = new Set(explained.map(({ path }) => path));
  const missing = editPaths(swarm, writeSet).filter((path) => !written.has(path));
  const { worktree, base } = work;
  const { files } = await work.world.trees.findStray({ worktree, base, explained });
  const stray = files.filter(({ path }) => !others.has(path));
  const problems = [
    ...missing.map((path) => `${path}: the plan changes it, and no edit was recorded`),
    ...stray.map(({ path, what }) => `${path}: ${what}, and no recorded edit explains it`),
  ];
  if (problems.length === 0) return;
  const lines = problems.slice(0, 10).map((line) => `  ${line}`);
  const name = `task ${splitTask(id)[1]}`;
  throw new SkeinError('evidence-missing', `Cannot call ${name} done: ${lines.join('\n').trim()}`, {
    fix: 'The worktree is kept until "skein clean": look at what wrote there.',
    details: { places: problems.slice(0, 20) },
  });
}

/**
 * Paths of other tasks that are not done: somebody may be writing them just now, or was when a crash
 * came. Each is looked at when its own task hands over.
 */
function openPaths(
  { approved, work }: Swarm,
  own: Pick<PlannedTask, 'id' | 'writeSet'>,
): ReadonlySet<string> {
  const mine = new Set(own.writeSet);
  return new Set(
    approved.plan.tasks
      .filter(({ id }) => id !== own.id && taskState(work, id)?.status !== 'done')
      .flatMap(({ writeSet }) => writeSet)
      .filter((path) => !mine.has(path)),
  );
}

function editPaths({ approved }: Swarm, writeSet: readonly string[]): readonly string[] {
  const ofTask = new Set(writeSet);
  return approved.contents.edits.map(({ path }) => path).filter((path) => ofTask.has(path));
}

/**
 * The work of a task is in git, and reachable, before the task may be called done. `made` is its
 * tree when it is there already; else it is made of what was written in its write set.
 */
export async function keepTree(
  swarm: Swarm,
  { id, writeSet }: PlannedTask,
  made: string | undefined,
): Promise<TaskTree> {
  const { work } = swarm;
  const { trees } = work.world;
  const { repository, worktree, base } = work;
  const ref = taskTreeRef(...splitTask(id));
  const files = writtenFiles(swarm, writeSet);
  const kept =
    made === undefined
      ? await trees.prepare(repository, { worktree, base, files, ref })
      : { tree: made, ref };
  await work.effects.perform({
    kind: 'task-tree',
    key: `${work.mission}/task-tree/${id}`,
    subject: `task/${id}`,
    mission: work.mission,
    intent: { task: id, ...kept },
    act: async () => {
      await trees.keep(repository, kept);
      return {};
    },
    probe: async () =>
      (await trees.probe(repository, kept)) === 'done'
        ? { type: 'done', outcome: {} }
        : { type: 'not-done' },
  });
  return kept;
}

/**
 * Whether this is the last task of its change set, or comes after all of them. A change that
 * something is still missing from will be planned anew, and is judged then.
 */
function isChangeWhole({ approved, work, unmet }: Swarm, { id, kind, changeSet }: PlannedTask) {
  if (unmet.length > 0 || (changeSet === undefined && kind !== 'review')) return false;
  return approved.plan.tasks.every(
    (other) =>
      other.changeSet === undefined ||
      (changeSet !== undefined && other.changeSet !== changeSet) ||
      other.id === id ||
      taskState(work, other.id)?.status === 'done',
  );
}

/** Types are judged over the whole change set: single parts of it may well be wrong alone. */
async function judgeTypes(
  swarm: Swarm,
  task: string,
  written: readonly WrittenFile[],
): Promise<void> {
  const { work, crew } = swarm;
  const contents = sha256(JSON.stringify(written));
  if (swarm.judged === contents) return;
  for (const { name, judge } of crew.changeGuardrails) {
    safePoint(work);
    const expects = 'no type error that the base does not have';
    const action = { task, subject: `task/${task}`, action: name, expects };
    const { value: verdict } = await expecting<Verdict>(work, action, async () => {
      const { host } = await missionPrograms(work);
      const value = await judge({ ...wholeChange(swarm, written), host });
      await recordVerdict(swarm, { task, guardrail: name, verdict: value });
      return value.type === 'accept'
        ? { met: true, found: 'none', value }
        : { met: false, found: value.reason, value };
    });
    if (verdict.type === 'refuse') throw refused(verdict);
  }
  swarm.judged = contents;
}

function wholeChange(
  { work, approved }: Swarm,
  written: readonly WrittenFile[],
): Omit<WholeChange, 'host'> {
  const { worktree: root, base, signal, ledger } = work;
  const edits = written.map(({ path, after }) => {
    return { path, after: ledger.blobs.get(after.hash) };
  });
  return { root, base, files: approved.files, edits, signal, ...approved.contents.names };
}

interface JudgedBy {
  readonly task: string;
  readonly guardrail: string;
  readonly verdict: Verdict;
}

async function recordVerdict(
  { work }: Swarm,
  { task, guardrail, verdict }: JudgedBy,
): Promise<void> {
  const subject = `task/${task}`;
  const { mission } = work;
  if (verdict.type === 'accept') {
    const data = { guardrail, detail: 'the whole change' };
    await work.record('note.record', { type: 'guardrail.passed', subject, mission, data });
    return;
  }
  const { reason, places } = verdict;
  const data = { guardrail, reason, places };
  await work.record('note.record', { type: 'guardrail.refused', subject, mission, data });
}

function refused({ reason, places }: Verdict & { type: 'refuse' }): SkeinError {
  const lines = places.map((place) => `  ${place}`).join('\n');
  return new SkeinError('guardrail-refused', `Cannot make the change: ${reason}\n${lines}`, {
    fix: 'Nothing of it is in your tree. Change the goal, or what stands in its way.',
    details: { places },
  });
}
