/** Strategy: turns the goal of a mission into a plan with a price, and puts it on the record. */
import type { EventData } from '#protocol/event-types.ts';
import { isolationOf } from '#workspace/programs/program-host.ts';
import { missionPrograms } from '#tasks/mission-programs.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { Check } from '#workspace/checks/check.ts';
import { assertEdits, assertPlanSize, missionLimits } from './limits.ts';
import type { Crew } from './crew.ts';
import { missionBranch } from './mission-branch.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { planHash, readContents, storeContents } from './plan-contents.ts';
import { whyAsk } from './plan-decider.ts';
import { makeWorktree, withFreshWorktree, type PreparedWorktree } from './prepare-worktree.ts';
import type { PlannedChange, Strategy } from './recipe.ts';
import { recipeFor } from './recipes.ts';
import { highestNumber, planTasks, type KnownTask } from './plan/plan-tasks.ts';

/** How many earlier missions the expected time is taken from. */
const TIMED_MISSIONS = 5;

/** The name in which what a recipe finds out while planning is on the record. */
const SCOUT = 'agent:scout';

/** Plans the mission; afterwards it waits for a person's answer. */
export async function planMission(
  work: MissionWork,
  crew: Crew,
  state: MissionState,
): Promise<void> {
  // Whatever would stop the mission at its end is asked first.
  await work.world.git.readIdentity(work.repository.top);
  await work.world.git.assertBranchFree(work.repository, missionBranch(work.mission));
  const prepared = await makeWorktree(work);
  const planning = { work, crew, state, strategies: [] };
  const change = await workOut(planning, work.worktree, prepared.files);
  const plan = await pricePlan(planning, change, prepared);
  await work.record('plan.propose', { mission: work.mission, ...hashed(plan) });
  await tellOpenPlaces(work, change);
}

/** A plan that changes another one: why, by which event, and how it is to be done otherwise. */
export interface PlanChange {
  readonly before: PlanState;
  readonly strategies: readonly Strategy[];
  readonly reason: string;
  readonly cause: string;
}

/**
 * Plans again, on the untouched base, with what diagnoses have found. Answers whether the new plan
 * counts at once; else it is asked about, and the answer may be there before this returns.
 */
export async function changePlan(
  work: MissionWork,
  crew: Crew,
  state: MissionState,
  { before, strategies, reason, cause }: PlanChange,
): Promise<boolean> {
  const planning = { work, crew, state, strategies };
  const plan = await withFreshWorktree(work, async (root, prepared) => {
    const change = await workOut(planning, root, prepared.files);
    return pricePlan({ ...planning, before }, change, prepared);
  });
  const changed = { ...plan, supersedes: state.plan ?? '', reason };
  const { mission } = work;
  await work.record('plan.change', { mission, cause, ...hashed(changed) });
  return whyAsk(before, changed) === undefined;
}

interface Planning {
  readonly work: MissionWork;
  readonly crew: Crew;
  readonly state: MissionState;
  readonly strategies: readonly Strategy[];
  readonly before?: PlanState;
}

async function workOut(
  { work, crew, state, strategies }: Planning,
  root: string,
  files: readonly string[],
): Promise<PlannedChange> {
  const { repository, base, signal } = work;
  const recipe = await recipeFor(crew, { repository, base, name: state.recipe });
  const { options } = state;
  const { host } = await missionPrograms(work);
  const change = await recipe.plan(state.goal, {
    root,
    files,
    repository,
    base,
    options,
    strategies,
    signal,
    host,
  });
  assertEdits(await missionLimits(work), pathsOf(change).length);
  await work.world.files.assertWritable(repository, base, pathsOf(change));
  return change;
}

/** All paths that a change may write, those of its commands too. */
function pathsOf({ edits, parts = [] }: PlannedChange): readonly string[] {
  const ofParts = parts.flatMap(({ paths }) => paths);
  return [...new Set([...edits.map(({ path }) => path), ...ofParts])];
}

type Plan = Omit<EventData<'plan.proposed'>, 'hash'>;

/** The plan with its hash; throws `limit-reached` for one that the record does not take. */
function hashed(plan: Plan): EventData<'plan.proposed'> {
  assertPlanSize(plan);
  return { ...plan, hash: planHash(plan) };
}

async function pricePlan(
  { work, state, strategies, before }: Planning,
  change: PlannedChange,
  { warnings }: PreparedWorktree,
): Promise<Plan> {
  const { edits, listed } = change;
  const contents = await storeContents(work.ledger.blobs, change, strategies);
  const checks = await findChecks(work, state, change);
  const known = knownTasks(work, before, change);
  const highest = highestNumber(tasksOf(work).map(({ id }) => id));
  const names = checks.map(({ name }) => name);
  const { mission } = work;
  return {
    base: work.base,
    engine: change.engine,
    isolation: isolationOf((await missionPrograms(work)).host),
    summary: change.summary,
    tasks: planTasks({ mission, change, checks: names, known, highest }),
    checks: checks.map(({ name, command }) => ({ name, command })),
    price: {
      files: pathsOf(change).length,
      changes: edits.reduce((sum, edit) => sum + edit.changes, 0),
      money: 0,
      timeMs: expectedTimeMs(work),
    },
    contents,
    listed: listed.length,
    warnings: [...work.repository.warnings, ...warnings, ...change.warnings, ...noChecks(checks)],
  };
}

interface TaskEntity {
  readonly id: string;
  readonly body: TaskState;
}

const tasksOf = ({ ledger, mission }: MissionWork): readonly TaskEntity[] =>
  ledger.read.entities('task', `${mission}.`) as unknown as readonly TaskEntity[];

function knownTasks(
  work: MissionWork,
  before: PlanState | undefined,
  { edits }: PlannedChange,
): readonly KnownTask[] {
  if (before === undefined) return [];
  const status = new Map(tasksOf(work).map(({ id, body }) => [id, body.status]));
  const old = readContents(work.ledger.blobs, before.contents).edits;
  const was = new Map(old.map(({ path, afterHash }) => [path, afterHash]));
  const is = new Map(edits.map(({ path, afterHash }) => [path, afterHash]));
  return before.tasks.map((task) => {
    const isUnchanged = task.writeSet.every((path) => was.get(path) === is.get(path));
    return { ...task, status: status.get(task.id) ?? 'ready', isUnchanged };
  });
}

async function findChecks(
  work: MissionWork,
  { options }: MissionState,
  change: PlannedChange,
): Promise<readonly Pick<Check, 'name' | 'command'>[]> {
  const { checks } = await work.world.readSkeinYaml(work.repository, work.base);
  const found = await work.world.checks.discover({
    root: work.worktree,
    flags: options.checks,
    configured: checks ?? null,
    path: work.searchPath,
  });
  const commands = new Map(found.map(({ name, command }) => [name, command]));
  const ofRecipe = (change.checks ?? [])
    .filter(({ name, command }) => commands.get(name) !== command)
    .map(({ name, command }) => ({
      name: commands.has(name) ? `${name} (recipe)` : name,
      command,
    }));
  return [...found, ...ofRecipe];
}

const noChecks = (checks: readonly unknown[]): string[] =>
  checks.length > 0
    ? []
    : [
        'No checks were found: nothing but the type check proves this change. Name some with --check.',
      ];

/** The scout warns of places that the plan leaves open, before anybody gets there. */
async function tellOpenPlaces(work: MissionWork, { open = [] }: PlannedChange): Promise<void> {
  const { mission } = work;
  for (const { path, line, preview } of open) {
    const data = { path, line, preview };
    const note = { type: 'agent.discovered', subject: `file/${path}`, mission, data };
    await work.as(SCOUT).record('note.record', note);
  }
}

/** The median of the last missions here, measured; null when there were none. */
function expectedTimeMs({ ledger }: MissionWork): number | null {
  const measured = ledger.read
    .entities('mission')
    .map(({ body }) => (body as MissionState).durationMs)
    .filter((durationMs) => durationMs !== null)
    .slice(-TIMED_MISSIONS)
    .sort((a, b) => a - b);
  return measured[Math.floor(measured.length / 2)] ?? null;
}
