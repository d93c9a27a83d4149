/** The runner: runs checks as evidence, and makes the git commit and its branch. */
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { EffectData, Expectation, Judged } from '#tasks/effects.ts';
import { safePoint, type MissionWork } from '#tasks/mission-work.ts';
import { recordedAnswer } from '#tasks/recorded-answer.ts';
import { recordedOutcome, runCommand } from '#tasks/run-command.ts';
import { compareChecks, type Check, type CheckComparison } from '#workspace/checks/check.ts';
import { CHECK_TIMEOUT_MS } from '#workspace/checks/run-check.ts';
import type { PreparedGitCommit } from '#workspace/git/git-commit.ts';
import type { Assignment } from './assignment.ts';

/** Before the change, or after it. */
export type CheckPhase = 'base' | 'change';

/** What a check gave; plain data as it stands on the record. */
export interface CheckOutcome {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** A check that Skein ran itself, as it proves a task. */
export interface Evidence {
  readonly name: string;
  readonly exitCode: number | null;
  readonly comparison: CheckComparison | 'base';
}

type PlannedCheck = Pick<Check, 'name' | 'command'>;

/** A change whose files are in the worktree. */
export interface FinishedChange {
  readonly files: readonly { readonly path: string; readonly afterHash: string }[];
  readonly message: string;
  readonly branch: string;
}

/** An agent that runs checks and makes git commits. */
export interface Runner {
  /** Runs the checks on the untouched base; what fails is run once more, to tell flaky ones. */
  readonly checkBase: (
    assignment: Assignment,
    checks: readonly PlannedCheck[],
  ) => Promise<readonly Evidence[]>;
  /** Runs the checks on the change and compares them with their runs on the base. */
  readonly checkChange: (
    assignment: Assignment,
    checks: readonly PlannedCheck[],
  ) => Promise<readonly Evidence[]>;
  readonly commit: (
    assignment: Assignment,
    change: FinishedChange,
  ) => Promise<{ readonly gitCommit: string; readonly gitTree: string }>;
  readonly branch: (work: MissionWork, branch: string, gitCommit: string) => Promise<void>;
}

/** The runner of a node. */
export const makeRunner = (): Runner => ({
  checkBase: async (assignment, checks) => {
    const evidence: Evidence[] = [];
    for (const { name, command } of checks) {
      const run = { name, command, phase: 'base' } as const;
      const first = await performCheck(assignment, run, 1);
      if (!passed(first)) await performCheck(assignment, run, 2);
      evidence.push({ name, exitCode: first.exitCode, comparison: 'base' });
    }
    return evidence;
  },
  checkChange: async (assignment, checks) => {
    const evidence: Evidence[] = [];
    for (const { name, command } of checks) {
      evidence.push(await compareWithBase(assignment, { name, command, phase: 'change' }));
    }
    return evidence;
  },
  commit: performCommit,
  branch: performBranch,
});

interface CheckRun extends PlannedCheck {
  readonly phase: CheckPhase;
}

const passed = ({ exitCode, timedOut }: CheckOutcome): boolean => exitCode === 0 && !timedOut;

/**
 * The first run of a check has the plain key; a second one tells whether it is flaky. What a check
 * said of a plan says nothing of a changed plan: its files are others, so it is run again.
 */
function checkKey(work: MissionWork, { phase, name }: CheckRun, run: 1 | 2): string {
  const plan = phase === 'base' ? 1 : planNumber(work);
  const suffix = `${plan === 1 ? '' : `@${plan}`}${run === 1 ? '' : '#2'}`;
  return `${work.mission}/check/${phase}/${name}${suffix}`;
}

/** Which of its plans the mission carries out, counted from 1. */
function planNumber({ ledger, mission }: MissionWork): number {
  const state = ledger.read.entity('mission', mission)?.body as
    | { readonly plan: string | null }
    | undefined;
  return Number(state?.plan?.slice(mission.length + 1) ?? 1);
}

/**
 * A check that is green on one run and red on another, with nothing changed in between, proves
 * nothing either way: it is called flaky, and neither fails nor carries the change.
 */
async function compareWithBase(assignment: Assignment, run: CheckRun): Promise<Evidence> {
  const { name } = run;
  const onBase = { ...run, phase: 'base' } as const;
  const base = checkBefore(assignment.work, onBase, 1);
  const again = checkBefore(assignment.work, onBase, 2);
  const isFlaky = again !== undefined && passed(again);
  const first = await performCheck(assignment, run, 1);
  const { exitCode } = first;
  if (passed(first)) {
    return { name, exitCode, comparison: isFlaky ? 'flaky' : compare(base, first) };
  }
  const known = isFlaky ? again : base;
  if (known !== undefined && !passed(known)) {
    return { name, exitCode, comparison: compare(known, first) };
  }
  const second = await performCheck(assignment, run, 2);
  return { name, exitCode, comparison: passed(second) ? 'flaky' : compare(known, first) };
}

const compare = (base: CheckOutcome | undefined, change: CheckOutcome): CheckComparison =>
  compareChecks(base === undefined ? null : toCompare(base), toCompare(change));

const toCompare = ({ exitCode, timedOut }: CheckOutcome) => ({
  exitCode: exitCode ?? 1,
  timedOut,
  cancelled: false,
});

const checkBefore = (work: MissionWork, run: CheckRun, times: 1 | 2): CheckOutcome | undefined =>
  recordedAnswer(work, checkKey(work, run, times)) as unknown as CheckOutcome | undefined;

async function performCheck(
  { work, task, alive }: Assignment,
  run: CheckRun,
  times: 1 | 2,
): Promise<CheckOutcome> {
  safePoint(work);
  alive();
  const { name, command, phase } = run;
  const outcome = await work.effects.perform({
    kind: 'check',
    key: checkKey(work, run, times),
    subject: `check/${name}`,
    mission: work.mission,
    intent: { name, command, phase, timeoutMs: CHECK_TIMEOUT_MS },
    ...(phase === 'base' ? {} : { expectation: expectAsBefore(work, task, run) }),
    act: () => actCheck(work, run),
    // A check that was cut off has no outcome: it is run again.
    probe: async () => ({ type: 'not-done' }),
  });
  return outcome as unknown as CheckOutcome;
}

/** What fails on the base may fail after the change; what passed there must pass. */
function expectAsBefore(work: MissionWork, task: string, run: CheckRun): Expectation {
  const base = checkBefore(work, { ...run, phase: 'base' }, 1);
  const mayFail = base !== undefined && !passed(base);
  const expects = mayFail ? 'any exit code: it fails on the base too' : 'exit code 0';
  const judge = (outcome: EffectData): Judged => {
    const found = outcome as unknown as CheckOutcome;
    const text = found.timedOut ? 'timed out' : `exit code ${found.exitCode ?? 'none'}`;
    return { met: mayFail || passed(found), found: text };
  };
  return { task, action: 'check', expects, judge };
}

async function actCheck(work: MissionWork, check: PlannedCheck): Promise<EffectData> {
  return recordedOutcome(work, await runCommand(work, check, CHECK_TIMEOUT_MS));
}

async function performCommit(
  { work, task }: Assignment,
  change: FinishedChange,
): Promise<{ gitCommit: string; gitTree: string }> {
  safePoint(work);
  const key = `${work.mission}/git-commit`;
  const prepared = openIntent(work, key) ?? (await prepare(work, change));
  const { expectedId, ...content } = prepared;
  await work.effects.perform({
    kind: 'git-commit',
    key,
    subject: `git-commit/${expectedId}`,
    mission: work.mission,
    intent: { ...content, gitCommit: expectedId },
    expectation: { task, action: 'git commit', expects: `git commit ${expectedId}` },
    act: async () => ({ gitCommit: await work.world.git.createCommit(work.repository, prepared) }),
    probe: async () => {
      const state = await work.world.git.probeCommit(work.repository, prepared);
      return state === 'done'
        ? { type: state, outcome: { gitCommit: expectedId } }
        : { type: 'not-done' };
    },
  });
  return { gitCommit: expectedId, gitTree: prepared.tree };
}

/** The intent fixes dates and trailers: after a crash the same git commit is made, not another. */
function openIntent({ ledger }: MissionWork, key: string): PreparedGitCommit | undefined {
  const state = ledger.read.entity('effect', key)?.body as EffectState | undefined;
  if (state === undefined || state.status === 'failed') return undefined;
  const { gitCommit, ...content } = state.intent;
  return { ...content, expectedId: gitCommit } as unknown as PreparedGitCommit;
}

async function prepare(work: MissionWork, change: FinishedChange): Promise<PreparedGitCommit> {
  const { head } = work.ledger.stats();
  const trailers = [
    `Skein-Mission: ${work.mission}`,
    `Skein-Space: ${work.ledger.space}`,
    ...(head === null ? [] : [`Skein-Head: ${head.chain}:${head.seq}:${head.hash}`]),
  ];
  return work.world.git.prepareCommit(work.repository, {
    worktree: work.worktree,
    base: work.base,
    files: change.files,
    message: `${change.message}\n\n${trailers.join('\n')}\n`,
    identity: await work.world.git.readIdentity(work.repository.top),
    date: gitDate(work.now()),
  });
}

/** A moment as git writes it, in the offset of this machine. */
function gitDate(ms: number): { seconds: number; offset: string } {
  const minutes = -new Date(ms).getTimezoneOffset();
  const sign = minutes < 0 ? '-' : '+';
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return {
    seconds: Math.floor(ms / 1000),
    offset: `${sign}${two(Math.floor(size / 60))}${two(size % 60)}`,
  };
}

async function performBranch(work: MissionWork, branch: string, gitCommit: string): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const move = {
    branch,
    expectedOld: null,
    to: gitCommit,
    reason: `skein: mission ${work.mission}`,
  };
  await work.effects.perform({
    kind: 'branch',
    key: `${work.mission}/branch`,
    subject: `branch/${branch}`,
    mission: work.mission,
    intent: { ref, from: null, to: gitCommit },
    act: async () => {
      await work.world.git.updateBranch(work.repository, move);
      return {};
    },
    probe: async () => {
      const state = await work.world.git.probeBranch(work.repository, move);
      if (state === 'done') return { type: state, outcome: {} };
      if (state === 'not-done') return { type: state };
      return { type: 'unknown', detail: `the branch ${branch} points somewhere else` };
    },
  });
}
