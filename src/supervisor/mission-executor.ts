/** Carries out an approved plan: base checks, edits, guardrails, checks, git commit, branch. */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { safePoint, type MissionWork } from '#tasks/mission-work.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { compareChecks, type Check } from '#workspace/checks/check.ts';
import { editKey, type ProposedEdit } from '#workspace/apply-edit.ts';
import type { CheckOutcome } from '#agents/runner.ts';
import type { Crew } from './crew.ts';
import { missionBranch } from './mission-planner.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { readContents, toProposedEdit, type PlanContents } from './plan-contents.ts';
import { makeWorktree } from './prepare-worktree.ts';

interface Approved {
  readonly state: MissionState;
  readonly plan: PlanState;
  readonly contents: PlanContents;
}

interface Evidence {
  readonly name: string;
  readonly exitCode: number | null;
  readonly comparison: string;
}

/** Carries the mission from approval to its end. Every step may be entered again after a crash. */
export async function executeMission(work: MissionWork, crew: Crew): Promise<void> {
  const startedMs = work.monotonicMs();
  const approved = readApproved(work);
  const branch = missionBranch(work.mission);
  const gitCommit = committedBefore(work) ?? (await makeChange(work, crew, approved));
  await crew.runner.branch(work, branch, gitCommit);
  await cleanUp(work);
  const merged = await tryMerge(work, approved.state, gitCommit);
  const durationMs = Math.round(work.monotonicMs() - startedMs);
  await work.record('mission.finish', {
    mission: work.mission,
    gitCommit,
    branch,
    merged,
    durationMs,
  });
}

/** All that needs the worktree: base checks, edits, proof, git commit; answers the git commit. */
async function makeChange(work: MissionWork, crew: Crew, approved: Approved): Promise<string> {
  const { files } = await makeWorktree(work);
  const task = approved.plan.tasks[0]?.id ?? '';
  const base = await runChecks(work, crew, approved.plan.checks, 'base');
  await claimTask(work, crew, task);
  await makeEdits(work, crew, { task, files, ...approved });
  const evidence = await proveChange(work, crew, approved, base);
  await assertCleanWorktree(work, approved.contents);
  const { gitCommit, gitTree } = await commitChange(work, crew, approved);
  await finishTask(work, task, gitTree, evidence);
  return gitCommit;
}

/** The git commit of a mission whose task was done when it stopped: its worktree may be gone. */
function committedBefore({ ledger, mission }: MissionWork): string | undefined {
  const intent = ledger.read.entity('effect', `${mission}/cleanup`);
  const made = ledger.read.entity('effect', `${mission}/git-commit`)?.body as
    | EffectState
    | undefined;
  return intent === undefined ? undefined : (made?.outcome?.['gitCommit'] as string | undefined);
}

function readApproved({ ledger, mission }: MissionWork): Approved {
  const state = ledger.read.entity('mission', mission)?.body as MissionState;
  const plan = ledger.read.entity('plan', state.plan ?? '')?.body as PlanState;
  return { state, plan, contents: readContents(ledger.blobs, plan.contents) };
}

type Outcomes = ReadonlyMap<string, CheckOutcome>;

async function runChecks(
  work: MissionWork,
  { runner }: Crew,
  checks: PlanState['checks'],
  phase: 'base' | 'change',
): Promise<Outcomes> {
  const outcomes = new Map<string, CheckOutcome>();
  for (const check of checks) {
    const planned: Check = { ...check, source: 'flag' };
    outcomes.set(check.name, await runner.check(work, planned, phase));
  }
  return outcomes;
}

async function claimTask(work: MissionWork, { coder }: Crew, task: string): Promise<void> {
  const { status } = taskState(work, task);
  if (status === 'ready' || status === 'claimed') await coder.claim(work, task);
}

const taskState = ({ ledger }: MissionWork, task: string): TaskState =>
  ledger.read.entity('task', task)?.body as TaskState;

interface EditStep extends Approved {
  readonly task: string;
  readonly files: readonly string[];
}

async function makeEdits(work: MissionWork, crew: Crew, step: EditStep): Promise<void> {
  const { contents, task } = step;
  if (taskState(work, task).status === 'done') return;
  const edits = contents.edits.map((edit) => toProposedEdit(work.ledger.blobs, edit));
  // Judged on the untouched base; once an edit is intended, the verdict before it was "accept".
  const begun = edits.some(({ path }) =>
    work.ledger.read.entity('effect', editKey(work.mission, path)),
  );
  if (!begun) await judgeChange(work, crew, step, edits);
  await crew.coder.edit(work, task, edits);
}

async function judgeChange(
  work: MissionWork,
  { changeGuardrails }: Crew,
  { task, files, contents }: EditStep,
  edits: readonly ProposedEdit[],
): Promise<void> {
  const { mission, worktree: root, signal } = work;
  for (const { name, judge } of changeGuardrails) {
    safePoint(work);
    const verdict = await judge({ root, files, edits, signal, ...contents.names });
    const subject = `task/${task}`;
    if (verdict.type === 'accept') {
      const data = { guardrail: name, detail: `${edits.length} files` };
      await work.record('note.record', { type: 'guardrail.passed', subject, mission, data });
      continue;
    }
    const { guardrail, reason, places } = verdict;
    const data = { guardrail, reason, places };
    await work.record('note.record', { type: 'guardrail.refused', subject, mission, data });
    throw new SkeinError(
      'guardrail-refused',
      `Cannot make the change: ${reason}\n${places.map((place) => `  ${place}`).join('\n')}`,
      {
        fix: 'Nothing was written. Change the goal, or what stands in its way.',
      },
    );
  }
}

/** Checks after the change, compared with the same checks on the base. */
async function proveChange(
  work: MissionWork,
  crew: Crew,
  approved: Approved,
  base: Outcomes,
): Promise<Evidence[]> {
  const hooks = await findHooks(work, approved);
  const after = await runChecks(work, crew, [...approved.plan.checks, ...hooks], 'change');
  const evidence = Array.from(after, ([name, outcome]): Evidence => {
    const comparison = compareChecks(toCompare(base.get(name)), toCompare(outcome) ?? failed);
    return { name, exitCode: outcome.exitCode, comparison };
  });
  const broken = evidence
    .filter(({ comparison }) => comparison === 'broken')
    .map(({ name }) => name);
  if (broken.length === 0) return evidence;
  throw new SkeinError(
    'check-failed',
    `Cannot finish: ${broken.join(', ')} passed before the change and fails after it`,
    {
      fix: `See the output with: skein show ${work.mission}. The worktree is kept until "skein clean".`,
      details: { broken },
    },
  );
}

/** Nothing but the write set may differ from the base: checks that write tracked files are named. */
async function assertCleanWorktree(work: MissionWork, { edits }: PlanContents): Promise<void> {
  const changed = await work.world.worktrees.listChanged({ cwd: work.worktree, base: work.base });
  const planned = new Set(edits.map(({ path }) => path));
  const others = changed.files.map(({ path }) => path).filter((path) => !planned.has(path));
  if (others.length === 0) return;
  throw new SkeinError(
    'check-failed',
    `Cannot finish: a check wrote files that the plan does not name: ${others.slice(0, 10).join(', ')}`,
    {
      fix: 'Run checks that only look (no --fix, no --write), or keep what they write out of git.',
    },
  );
}

/** The repository's own commit hooks, when the person wants them to have a say. */
function findHooks(
  work: MissionWork,
  { state, contents }: Approved,
): Promise<readonly Check[]> | readonly Check[] {
  if (!state.options.hooks) return [];
  const paths = contents.edits.map(({ path }) => path);
  const message = commitMessage(contents, state);
  return work.world.checks.mergeHooks(work.repository, { worktree: work.worktree, paths, message });
}

const commitMessage = ({ title }: PlanContents, { goal }: MissionState): string =>
  `${title}\n\nGoal: ${goal}`;

const failed = { exitCode: 1, timedOut: false, cancelled: false };

const toCompare = (outcome: CheckOutcome | undefined): typeof failed | null =>
  outcome === undefined
    ? null
    : { exitCode: outcome.exitCode ?? 1, timedOut: outcome.timedOut, cancelled: false };

function commitChange(
  work: MissionWork,
  { runner }: Crew,
  { contents, state }: Approved,
): Promise<{ gitCommit: string; gitTree: string }> {
  return runner.commit(work, {
    files: contents.edits,
    message: commitMessage(contents, state),
    branch: missionBranch(work.mission),
  });
}

async function finishTask(
  work: MissionWork,
  task: string,
  gitTree: string,
  checks: readonly Evidence[],
): Promise<void> {
  if (taskState(work, task).status === 'done') return;
  await work.record('task.finish', { task, gitTree, checks });
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
