/** From the moment and what a person asks for to the command that forks; refuses what can't go on. */
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { World } from '#workspace/world.ts';
import type { Crew } from '../../crew.ts';
import { missionBranch } from '../../mission-branch.ts';
import type { MissionState } from '../../mission-reducer.ts';
import { findRecipe } from '../../recipes.ts';
import type { ForkInput } from './fork-decider.ts';
import { storeSteps, type ForkStep } from './fork-edits.ts';
import type { ForkPoint } from './fork-point.ts';
import { forkIds } from './inherit-plan.ts';

/**
 * What a person asks for; goal and options that are absent are those of the original, but for
 * `merge`. `budget` in millionths of a US dollar: it is given anew for each fork, never inherited.
 */
export interface ForkRequest {
  readonly point: ForkPoint;
  readonly goal?: string;
  readonly options: Partial<MissionState['options']>;
  readonly budget: number;
}

/** Where it goes on. */
export interface ForkPlace {
  readonly ledger: Ledger;
  readonly repository: Repository;
  readonly world: World;
  readonly crew: Crew;
}

/**
 * The input of `mission.fork`, which makes `mission`. Throws `repository-unsupported` when the base
 * commit is gone from git, and what would stop the new mission at its end.
 */
export async function prepareFork(
  place: ForkPlace,
  mission: string,
  { point, goal: wanted, options, budget }: ForkRequest,
): Promise<ForkInput> {
  const { ledger, repository, world, crew } = place;
  const { state, mission: from, at, plan, approval, tasks } = point;
  await assertBase(place, point);
  await world.git.readIdentity(repository.top);
  await world.git.assertBranchFree(repository, missionBranch(mission));
  const goal = wanted ?? state.goal;
  const isSame = goal === state.goal;
  const where = { repository, base: state.base };
  const recipe = isSame ? state.recipe : (await findRecipe(crew, where, goal)).name;
  const steps = renamed(point, mission);
  const paths = steps.flatMap(({ edits }) => edits.map(({ path }) => path));
  return {
    mission,
    from,
    at,
    goal,
    recipe,
    // The person's branch is moved when they ask for it, each time.
    options: { ...state.options, merge: false, ...options },
    budget,
    plan,
    approval,
    tasks,
    edits: await storeSteps(ledger.blobs, steps),
    paths: [...new Set(paths)].sort(),
    answers: point.answers.map(({ effect, from: key }) => {
      return { effect: `${mission}${effect.slice(from.length)}`, from: key };
    }),
  };
}

/** Looked for before anything is recorded: nothing could be laid out on a commit that is gone. */
async function assertBase(
  { world, repository }: ForkPlace,
  { mission, state: { base } }: ForkPoint,
): Promise<void> {
  if ((await world.git.probeCommit(repository, { expectedId: base })) === 'done') return;
  throw new SkeinError(
    'repository-unsupported',
    `Cannot fork mission ${mission}: its base, git commit ${base.slice(0, 10)}, is gone from the repository`,
    { fix: 'State the goal again: a new mission begins from what the repository is now.' },
  );
}

/** The steps with the ids that the tasks have in the fork. */
function renamed({ tasks, steps }: ForkPoint, mission: string): readonly ForkStep[] {
  const ids = forkIds(
    tasks.map(({ task }) => task),
    mission,
  );
  return steps.map(({ task, edits }) => ({ task: ids.get(task) ?? task, edits }));
}
