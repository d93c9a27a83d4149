/**
 * What happens when something was not as expected: a diagnosis task with that as its cause, and
 * either a changed plan or the end of the mission. Nothing is tried again blindly.
 */
import type { Diagnosis, Failure } from '#agents/scout.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { safePoint } from '#tasks/mission-work.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { changePlan } from '../mission-planner.ts';
import type { Strategy } from '../recipe.ts';
import { lookout, type TaskAtWork } from './task/task-at-work.ts';
import { findAgent } from './hire.ts';
import { MOST_SILENCES, silentTooOften } from './lease-time.ts';
import { highestNumber } from '../plan/plan-tasks.ts';
import type { PlannedTask } from '../plan/task-graph.ts';
import { runTask } from './run-task.ts';
import { taskState, type Remedy, type Swarm, type Unmet } from './swarm.ts';

/** So often a plan may be changed in one mission. */
const MOST_CHANGES = 10;

/**
 * Diagnoses, and changes the plan; answers whether the new one counts at once. Throws the first
 * error that no strategy is known against.
 */
export async function replan(swarm: Swarm): Promise<boolean> {
  const { work, crew, approved, unmet } = swarm;
  const diagnoses = await diagnose(swarm, unmet);
  const remedies = diagnoses.filter((each): each is Remedy => each.strategy !== null);
  const before = approved.contents.strategies ?? [];
  const strategies = merge(before, remedies);
  const [first] = unmet;
  const hopeless = diagnoses.findIndex(({ strategy }) => strategy === null);
  const isNew = JSON.stringify(strategies) !== JSON.stringify(before);
  // A strategy that was tried already and did not help is none.
  const failed = hopeless !== -1 ? unmet[hopeless] : isNew ? undefined : first;
  if (failed !== undefined) throw explained(failed, diagnoses[Math.max(0, hopeless)]);
  await releaseAll(swarm, 'the plan changes');
  if (changesSoFar(swarm) >= MOST_CHANGES) {
    throw new SkeinError(
      'limit-reached',
      `Cannot change the plan: it changed ${MOST_CHANGES} times`,
    );
  }
  return changePlan(work, crew, approved.state, {
    before: approved.plan,
    strategies,
    reason: remedies.map(({ finding, strategy }) => `${finding}: ${strategy}`).join('; '),
    cause: first?.failure.event ?? '',
  });
}

const changesSoFar = ({ approved, work }: Swarm): number =>
  Number((approved.state.plan ?? '').slice(work.mission.length + 1)) - 1;

/** The error as it is, with what the diagnosis adds to it. */
function explained({ error }: Unmet, diagnosis: Diagnosis | undefined): SkeinError {
  const finding = diagnosis?.finding ?? '';
  if (finding === '' || error.message.includes(finding)) return error;
  const { name, fix, details, cause } = error;
  return new SkeinError(name, `${error.message}\n${finding}`, {
    ...(fix === undefined ? {} : { fix }),
    ...(details === undefined ? {} : { details }),
    cause,
  });
}

/** Strategies by name, each with all paths that it is for. */
function merge(before: readonly Strategy[], remedies: readonly Remedy[]): readonly Strategy[] {
  const byName = new Map(before.map(({ name, paths }) => [name, new Set(paths)]));
  for (const { strategy, paths } of remedies) {
    const known = byName.get(strategy) ?? new Set();
    for (const path of paths) known.add(path);
    byName.set(strategy, known);
  }
  return Array.from(byName, ([name, paths]) => ({ name, paths: [...paths].sort() }));
}

async function diagnose(swarm: Swarm, unmet: readonly Unmet[]): Promise<readonly Diagnosis[]> {
  const { work, approved } = swarm;
  const { mission } = work;
  const [first] = unmet;
  const ids = work.ledger.read.entities('task', `${mission}.`).map(({ id }) => id);
  const task = `${mission}.${highestNumber(ids) + 1}`;
  const cause = first?.failure.event ?? '';
  const title = `Find out why: ${first?.failure.what.split('\n', 1)[0] ?? ''}`;
  const added = { title, role: 'scout', kind: 'diagnose' } as const;
  const why = cause === '' ? {} : { cause };
  await work.record('task.add', {
    task,
    mission,
    plan: approved.state.plan ?? '',
    ...added,
    ...why,
  });
  return askScouts(swarm, { id: task, writeSet: [], ...added }, unmet);
}

/** A scout that falls silent loses the task as any other agent does. */
async function askScouts(
  swarm: Swarm,
  planned: PlannedTask,
  unmet: readonly Unmet[],
): Promise<readonly Diagnosis[]> {
  let found: readonly Diagnosis[] = [];
  for (let silences = 0; ;) {
    const agent = findAgent(swarm, planned.role);
    agent.task = planned.id;
    const end = await runTask(swarm, planned, { agent, more: [] }, async (at, _stop, over) => {
      found = await diagnoseAll(at, unmet, over);
      return { type: 'done' };
    }).finally(() => (agent.task = null));
    if (end.type === 'done') return found;
    // A diagnosis needs no path: whatever else came between is counted like a silence.
    silences += 1;
    if (silences >= MOST_SILENCES) throw silentTooOften(planned.id, agent.name);
  }
}

async function diagnoseAll(
  { swarm, planned, assignment }: TaskAtWork,
  unmet: readonly Unmet[],
  handedOver: () => void,
): Promise<readonly Diagnosis[]> {
  const { work, crew, approved } = swarm;
  const { diagnose: byRecipe } = approved.recipe;
  const { goal } = approved.state;
  const failures = unmet.map(({ failure }) => failure);
  const found = await crew.scout.diagnose(assignment, failures, async (failure) =>
    byRecipe === undefined ? unknownCause(failure) : byRecipe(goal, failure, lookout(swarm)),
  );
  safePoint(assignment.work);
  handedOver();
  const gitTree = await work.world.trees.expected(work.repository, work.base, []);
  const { token } = assignment.lease;
  await work.record('task.finish', { task: planned.id, gitTree, checks: [], token });
  return found;
}

const unknownCause = ({ what, paths }: Failure): Diagnosis => ({
  finding: what.split('\n', 1)[0] ?? '',
  strategy: null,
  paths,
});

/** Nobody holds anything while a person may be asked. */
async function releaseAll({ work, approved, tools }: Swarm, reason: string): Promise<void> {
  for (const { id: task } of approved.plan.tasks) {
    const state: TaskState | undefined = taskState(work, task);
    if (state?.status !== 'claimed') continue;
    await work.record('task.release', { task, reason }).catch((thrown: unknown) => {
      // A peer that comes first had it released in the meantime.
      if (toSkeinError(thrown).name !== 'conflict') throw thrown;
    });
  }
  tools.bell.ring();
}
