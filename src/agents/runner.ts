/** The runner: runs checks as evidence, and makes the git commit and its branch. */
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { EffectData } from '#tasks/effects.ts';
import { safePoint, type MissionWork } from '#tasks/mission-work.ts';
import { runCommand } from '#tasks/run-command.ts';
import type { Check } from '#workspace/checks/check.ts';
import { CHECK_TIMEOUT_MS } from '#workspace/checks/run-check.ts';
import type { PreparedGitCommit } from '#workspace/git/git-commit.ts';

/** Output of a check up to this many bytes stays in its event; more goes to a blob. */
const INLINE_OUTPUT_BYTES = 4_096;

/** Before the change, or after it. */
export type CheckPhase = 'base' | 'change';

/** What a check gave; plain data as it stands on the record. */
export interface CheckOutcome {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** A change whose files are in the worktree. */
export interface FinishedChange {
  readonly files: readonly { readonly path: string; readonly afterHash: string }[];
  readonly message: string;
  readonly branch: string;
}

/** An agent that runs checks and makes git commits. */
export interface Runner {
  readonly name: string;
  readonly check: (work: MissionWork, check: Check, phase: CheckPhase) => Promise<CheckOutcome>;
  readonly commit: (
    work: MissionWork,
    change: FinishedChange,
  ) => Promise<{ readonly gitCommit: string; readonly gitTree: string }>;
  readonly branch: (work: MissionWork, branch: string, gitCommit: string) => Promise<void>;
}

/** The runner of a node. */
export const makeRunner = (name: string): Runner => ({
  name,
  check: (work, check, phase) => performCheck(work.as(name), check, phase),
  commit: (work, change) => performCommit(work.as(name), change),
  branch: (work, branch, gitCommit) => performBranch(work.as(name), branch, gitCommit),
});

async function performCheck(
  work: MissionWork,
  check: Check,
  phase: CheckPhase,
): Promise<CheckOutcome> {
  safePoint(work);
  const { name, command } = check;
  const outcome = await work.effects.perform({
    kind: 'check',
    key: `${work.mission}/check/${phase}/${name}`,
    subject: `check/${name}`,
    mission: work.mission,
    intent: { name, command, phase, timeoutMs: CHECK_TIMEOUT_MS },
    act: () => actCheck(work, check),
    // A check that was cut off has no outcome: it is run again.
    probe: async () => ({ type: 'not-done' }),
  });
  return outcome as unknown as CheckOutcome;
}

async function actCheck(work: MissionWork, check: Check): Promise<EffectData> {
  const { outcome, result } = await runCommand(work, check, CHECK_TIMEOUT_MS);
  const totalBytes = result.outputBytes;
  const bytes = Buffer.from(result.output);
  const output =
    bytes.length <= INLINE_OUTPUT_BYTES
      ? { text: result.output, totalBytes }
      : { blob: await work.ledger.blobs.putText(result.output), totalBytes };
  return { ...outcome, output };
}

async function performCommit(
  work: MissionWork,
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
