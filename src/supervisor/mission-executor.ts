/** Carries out an approved plan: the swarm's work, then branch, clean-up and merge. */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import { makeOneAtTime } from '#workspace/one-at-time.ts';
import type { Crew } from './crew.ts';
import { layOutDone } from './history/fork/lay-out.ts';
import { missionBranch } from './mission-branch.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { readContents } from './plan-contents.ts';
import { dropFreshWorktree, makeWorktree } from './prepare-worktree.ts';
import { recipeFor } from './recipes.ts';
import { dispatchTasks } from './swarm/dispatch.ts';
import { dismissCrew, hireCrew } from './swarm/hire.ts';
import { replan } from './swarm/replan.ts';
import type { Approved, Swarm, SwarmTools } from './swarm/swarm.ts';

/**
 * Carries the mission from approval to its end, or until its changed plan waits for an answer.
 * Every step may be entered again after a crash.
 */
export async function executeMission(
  work: MissionWork,
  crew: Crew,
  tools: SwarmTools,
): Promise<void> {
  const startedMs = work.monotonicMs();
  const branch = missionBranch(work.mission);
  if (committedBefore(work) === undefined && !(await makeChange(work, crew, tools))) return;
  const gitCommit = madeCommit(work);
  await crew.runner.branch(work.as(RUNNER), branch, gitCommit);
  await cleanUp(work);
  const merged = await tryMerge(work, missionState(work), gitCommit);
  const durationMs = Math.round(work.monotonicMs() - startedMs);
  await work.record('mission.finish', {
    mission: work.mission,
    gitCommit,
    branch,
    merged,
    durationMs,
  });
}

/** The name in which the branch of a mission is set: its agents have left by then. */
const RUNNER = 'agent:runner';

/**
 * All that needs the worktree: the tasks of the plan, and of the plans that follow from it. False
 * when a changed plan is asked about: whoever is answered goes on, and it need not be this one.
 */
async function makeChange(work: MissionWork, crew: Crew, tools: SwarmTools): Promise<boolean> {
  const { files } = await makeWorktree(work);
  const agents: Swarm['agents'] = [];
  const inTurn = makeOneAtTime();
  const swarmNow = async (): Promise<Swarm> => {
    const approved = await readApproved(work, crew, files);
    const jobs = approved.state.options.jobs ?? tools.jobs;
    return { work, crew, tools, approved, agents, jobs, unmet: [], inTurn, judged: null };
  };
  let swarm = await swarmNow();
  try {
    hireCrew(swarm);
    await layOutDone(swarm);
    for (;;) {
      const end = await dispatchTasks(swarm);
      if (end.type === 'done') return true;
      if (!(await replan(swarm))) return false;
      swarm = await swarmNow();
    }
  } finally {
    dismissCrew(swarm);
  }
}

async function readApproved(
  work: MissionWork,
  crew: Crew,
  files: readonly string[],
): Promise<Approved> {
  const { ledger, repository, base } = work;
  const state = missionState(work);
  const plan = ledger.read.entity('plan', state.plan ?? '')?.body as PlanState;
  const contents = readContents(ledger.blobs, plan.contents);
  const recipe = await recipeFor(crew, { repository, base, name: state.recipe });
  return { state, plan, contents, recipe, files };
}

const missionState = ({ ledger, mission }: MissionWork): MissionState =>
  ledger.read.entity('mission', mission)?.body as MissionState;

/** The git commit of a mission whose tasks were done when it stopped: its worktree may be gone. */
function committedBefore(work: MissionWork): string | undefined {
  const intent = work.ledger.read.entity('effect', `${work.mission}/cleanup`);
  return intent === undefined ? undefined : madeCommit(work);
}

function madeCommit({ ledger, mission }: MissionWork): string {
  const made = ledger.read.entity('effect', `${mission}/git-commit`)?.body as
    | EffectState
    | undefined;
  return made?.outcome?.['gitCommit'] as string;
}

/** Removes the worktree: its work is in git objects now. */
export async function cleanUp(work: MissionWork): Promise<void> {
  await work.effects.perform({
    kind: 'cleanup',
    key: `${work.mission}/cleanup`,
    subject: `worktree/${work.mission}`,
    mission: work.mission,
    intent: {},
    act: async () => {
      await dropFreshWorktree(work);
      await work.world.worktrees.remove(work.repository, work.worktree);
      return {};
    },
    probe: async () => ({ type: 'not-done' }),
  });
}

/**
 * The git commit and its branch stand whatever becomes of the merge: a merge that is blocked does
 * not fail the mission, it is told (`merge.failed`) with what to do.
 */
async function tryMerge(
  work: MissionWork,
  state: MissionState,
  gitCommit: string,
): Promise<boolean> {
  try {
    return await merge(work, state, gitCommit);
  } catch (thrown) {
    const { name } = toSkeinError(thrown);
    if (name === 'merge-blocked' || name === 'base-moved') return false;
    throw thrown;
  }
}

async function merge(work: MissionWork, state: MissionState, gitCommit: string): Promise<boolean> {
  if (!state.options.merge) return false;
  const { branch, base: from } = state;
  if (branch === null) {
    throw new SkeinError(
      'merge-blocked',
      'Cannot merge: HEAD was on no branch when the mission began',
      {
        fix: `Merge it yourself: git merge ${missionBranch(work.mission)}`,
      },
    );
  }
  const move = { repository: work.repository, branch, expectedOld: from, to: gitCommit };
  await work.effects.perform({
    kind: 'merge',
    key: `${work.mission}/merge`,
    subject: `branch/${branch}`,
    mission: work.mission,
    intent: { ref: `refs/heads/${branch}`, from, to: gitCommit },
    act: async () => {
      await work.world.merge.fastForward(move);
      return {};
    },
    probe: async () => {
      const found = await work.world.merge.probe(move);
      if (found === 'done') return { type: 'done', outcome: {} };
      if (found === 'not-done') return { type: 'not-done' };
      const detail = `${branch} has uncommitted changes that a merge which was cut off may have made`;
      return { type: 'unknown', detail };
    },
  });
  return true;
}
