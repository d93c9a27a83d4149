/**
 * The files of a fork's done tasks, written again: through the one door, under a lease of the fork,
 * as effects of its own. No check is run and nothing is asked anew; each task must come to the git
 * tree that it had, or the fork ends here.
 */
import type { Assignment } from '#agents/assignment.ts';
import { SkeinError } from '#protocol/errors.ts';
import { expecting } from '#tasks/expect.ts';
import { safePoint } from '#tasks/mission-work.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { keyOfEdit } from '#workspace/apply-edit.ts';
import { taskTreeRef } from '#workspace/trees/task-tree.ts';
import { missionBranch } from '../../mission-branch.ts';
import type { ForkState } from '../../mission-reducer.ts';
import { answersForAll, splitTask, type PlannedTask } from '../../plan/task-graph.ts';
import { findAgent } from '../../swarm/hire.ts';
import { MOST_SILENCES, silentTooOften } from '../../swarm/lease-time.ts';
import { runTask } from '../../swarm/run-task.ts';
import { taskState, type Swarm } from '../../swarm/swarm.ts';
import { keepTree } from '../../swarm/task/hand-over.ts';
import { commitMessage } from '../../swarm/task/prove-change.ts';
import type { TaskAtWork } from '../../swarm/task/task-at-work.ts';
import { writtenFiles } from '../../swarm/task/written-files.ts';
import { readSteps, type ForkEdit } from './fork-edits.ts';

/** Lays out what a fork took over, once; a mission that is no fork has nothing to lay out. */
export async function layOutDone(swarm: Swarm): Promise<void> {
  const { work, tools, approved } = swarm;
  const { forked } = approved.state;
  const task = forked?.layOut ?? null;
  const state = task === null ? undefined : taskState(work, task);
  if (forked === null || task === null || state === undefined || state.status === 'done') return;
  const { title, writeSet } = state;
  const planned: PlannedTask = { id: task, title, role: 'coder', writeSet, kind: 'edit' };
  for (let silences = 0; ;) {
    safePoint(work);
    const { rings } = tools.bell;
    const agent = findAgent(swarm, planned.role);
    agent.task = task;
    const end = await runTask(
      swarm,
      planned,
      { agent, more: [] },
      async (at, _stop, handedOver) => {
        await layOut(at, forked);
        handedOver();
        await finish(at);
        return { type: 'done' };
      },
    ).finally(() => (agent.task = null));
    if (end.type === 'done') return tools.bell.ring();
    // Somebody holds one of the paths, perhaps the original itself.
    if (end.type === 'blocked') await tools.bell.wait(rings, work.signal);
    if (end.type === 'lost' && (silences += 1) >= MOST_SILENCES) {
      throw silentTooOften(task, end.agent);
    }
  }
}

async function layOut(at: TaskAtWork, { done, edits: laidOut }: ForkState): Promise<void> {
  const { swarm, planned, assignment } = at;
  const { mission, ledger } = swarm.work;
  const { blobs, read } = ledger;
  const isWritten = (edit: ForkEdit): boolean => isDone(swarm, keyOfEdit(read, mission, edit));
  const steps = new Map(readSteps(blobs, laidOut).map((step) => [step.task, step.edits]));
  const expects = `the git trees of ${done.length} tasks, as they were`;
  const subject = `task/${planned.id}`;
  const action = { task: planned.id, subject, action: planned.title, expects };
  await expecting(assignment.work, action, async () => {
    for (const { task, gitTree } of done) {
      // After a crash: a later task may have gone on with the same files already.
      if (isDone(swarm, `${mission}/task-tree/${task}`)) continue;
      const edits = (steps.get(task) ?? []).filter((edit) => !isWritten(edit));
      await swarm.crew.coder.edit(
        assignment,
        edits.map((edit) => ({ ...edit, after: blobs.get(edit.after.hash) })),
      );
      await keepAsBefore(swarm, task, gitTree);
    }
    if (isAllDone(swarm)) await commitAsBefore(swarm, assignment);
    safePoint(assignment.work);
    return { met: true, found: 'the same', value: undefined };
  });
}

function isDone({ work: { ledger } }: Swarm, key: string): boolean {
  const effect = ledger.read.entity('effect', key)?.body as EffectState | undefined;
  return effect?.status === 'done';
}

/** What a task left is made again from what was laid out so far, and is kept for the fork too. */
async function keepAsBefore(swarm: Swarm, task: string, gitTree: string): Promise<void> {
  const { work, approved } = swarm;
  const planned = approved.plan.tasks.find(({ id }) => id === task);
  if (planned === undefined) return;
  const { repository, worktree, base } = work;
  const files = writtenFiles(swarm, answersForAll(planned.kind) ? undefined : planned.writeSet);
  const ref = taskTreeRef(...splitTask(task));
  const { tree } = await work.world.trees.prepare(repository, { worktree, base, files, ref });
  assertSame(task, gitTree, tree);
  await keepTree(swarm, planned, tree);
}

function assertSame(task: string, was: string, is: string): void {
  if (was === is) return;
  throw new SkeinError(
    'evidence-missing',
    `Cannot take over task ${task}: its git tree was ${was}, and is ${is} now`,
    { fix: 'A setting of git that converts files may have changed. State the goal again.' },
  );
}

const isAllDone = ({ work, approved }: Swarm): boolean =>
  approved.plan.tasks.every(({ id }) => taskState(work, id)?.status === 'done');

/** The proof is taken over, the git commit is the fork's own: it names its mission. */
async function commitAsBefore(swarm: Swarm, assignment: Assignment): Promise<void> {
  const { crew, work, approved } = swarm;
  const proof = approved.plan.tasks.at(-1)?.id ?? '';
  const agent = findAgent(swarm, 'runner');
  const { gitTree } = await crew.runner.commit(
    { ...assignment, agent, work: agent.work, task: proof },
    {
      files: writtenFiles(swarm),
      message: commitMessage(swarm),
      branch: missionBranch(work.mission),
    },
  );
  assertSame(proof, taskState(work, proof)?.gitTree ?? '', gitTree);
}

async function finish({ swarm, planned, assignment }: TaskAtWork): Promise<void> {
  const { tree: gitTree, ref } = await keepTree(swarm, planned, undefined);
  const { token } = assignment.lease;
  await swarm.work.record('task.finish', { task: planned.id, gitTree, checks: [], ref, token });
}
