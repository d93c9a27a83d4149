/** Strategy: turns the goal of a mission into a plan with a price, and puts it on the record. */
import type { EventData } from '#protocol/event-types.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { Check } from '#workspace/checks/check.ts';
import { assertEdits, missionLimits } from './limits.ts';
import type { Crew } from './crew.ts';
import type { MissionState } from './mission-reducer.ts';
import { planHash, storeContents } from './plan-contents.ts';
import { makeWorktree } from './prepare-worktree.ts';
import { recipeNamed } from './recipes.ts';

/** How many earlier missions the expected time is taken from. */
const TIMED_MISSIONS = 5;

/** The branch that a mission leaves its git commit on. */
export const missionBranch = (mission: string): string => `skein/${mission}`;

/** Plans the mission; afterwards it waits for a person's answer. */
export async function planMission(
  work: MissionWork,
  { recipes }: Crew,
  state: MissionState,
): Promise<void> {
  const { git, files: disk } = work.world;
  // Whatever would stop the mission at its end is asked first.
  await git.readIdentity(work.repository.top);
  await git.assertBranchFree(work.repository, missionBranch(work.mission));
  const { files, warnings } = await makeWorktree(work);
  const change = await recipeNamed(recipes, state.recipe).plan(state.goal, {
    root: work.worktree,
    files,
    repository: work.repository,
    base: work.base,
    options: state.options,
    strategies: [],
    signal: work.signal,
  });
  const { edits, listed } = change;
  assertEdits(await missionLimits(work), edits.length);
  await disk.assertWritable(
    work.repository,
    work.base,
    edits.map(({ path }) => path),
  );
  const contents = await storeContents(work.ledger.blobs, change);
  const checks = await findChecks(work, state);
  const plan = {
    base: work.base,
    engine: change.engine,
    isolation: 'none',
    summary: change.summary,
    tasks: [
      {
        id: `${work.mission}.1`,
        title: change.title,
        role: 'coder',
        writeSet: edits.map(({ path }) => path),
      },
    ],
    checks: checks.map(({ name, command }) => ({ name, command })),
    price: {
      files: edits.length,
      changes: edits.reduce((sum, edit) => sum + edit.changes, 0),
      money: 0,
      timeMs: expectedTimeMs(work),
    },
    contents,
    listed: listed.length,
    warnings: [...work.repository.warnings, ...warnings, ...change.warnings, ...noChecks(checks)],
  } satisfies Omit<EventData<'plan.proposed'>, 'hash'>;
  await work.record('plan.propose', { mission: work.mission, ...plan, hash: planHash(plan) });
}

async function findChecks(work: MissionWork, { options }: MissionState): Promise<readonly Check[]> {
  const { checks } = await work.world.readSkeinYaml(work.repository, work.base);
  return work.world.checks.discover({
    root: work.worktree,
    flags: options.checks,
    configured: checks ?? null,
    path: work.searchPath,
  });
}

const noChecks = (checks: readonly Check[]): string[] =>
  checks.length > 0
    ? []
    : [
        'No checks were found: nothing but the type check proves this change. Name some with --check.',
      ];

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
