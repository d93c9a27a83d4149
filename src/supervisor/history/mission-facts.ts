/** What a mission's checks said and what it cost, by its entities: they are there when events are pruned. */
import type { LedgerReader } from '#ledger/ledger.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { MissionState, PlanState } from '../mission-reducer.ts';
import { inOrder } from './mission-tree.ts';

/** How one run of a check ended; `exitCode` null = by a signal. */
export interface CheckRun {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** A check before and after the change; null = it did not run there. */
export interface CheckFact {
  readonly name: string;
  readonly command: string;
  readonly base: CheckRun | null;
  readonly change: CheckRun | null;
  /** How the two compare, as a task gave it for its proof; null when none did, or it was pruned. */
  readonly comparison: string | null;
}

/** The last price that was planned, and what it came to. Money in millionths of a US dollar. */
export interface PriceFacts {
  readonly planned: PlanState['price'] | null;
  readonly used: {
    readonly files: number;
    readonly changes: number;
    /** At work, without the time in which the plan was made or waited; null = it has not ended well. */
    readonly workMs: number | null;
    /** From the goal to the end, all waiting included. */
    readonly wholeMs: number | null;
    readonly money: number;
  };
}

/** The edits that were carried out, of all files whose path begins so; in no order. */
export const editsOf = (
  read: LedgerReader,
  mission: string,
  beginning = '',
): readonly EffectState[] =>
  read
    .entities('effect', `${mission}/edit/${beginning}`)
    .map(({ body }) => body as EffectState)
    .filter(({ status }) => status === 'done');

/** The git commit that a mission made, by its record. */
export function recordedCommit(read: LedgerReader, mission: string): string | null {
  const effect = read.entity('effect', `${mission}/git-commit`)?.body as EffectState | undefined;
  return (effect?.outcome?.['gitCommit'] as string | undefined) ?? null;
}

/**
 * The checks by name; of runs in several plans the last one. `comparisons` are by name. A fork has
 * those of its original too that count for it.
 */
export function checkFacts(
  read: LedgerReader,
  mission: string,
  comparisons: ReadonlyMap<string, string>,
): readonly CheckFact[] {
  const facts = new Map<string, CheckFact>();
  for (const { intent, outcome } of inOrder(read, checksOf(read, mission))) {
    const { name, command, phase } = intent as unknown as CheckIntent;
    const { exitCode, timedOut, durationMs } = outcome as unknown as CheckRun;
    const known = facts.get(name) ?? { name, command, base: null, change: null };
    const comparison = comparisons.get(name) ?? null;
    const run = { exitCode, timedOut, durationMs };
    facts.set(name, { ...known, command, comparison, [phase]: run });
  }
  return [...facts.values()];
}

function checksOf(read: LedgerReader, mission: string): readonly EffectState[] {
  const state = read.entity('mission', mission)?.body as MissionState | undefined;
  const prefix = `${mission}/check/`;
  const inherited = (state?.forked?.answers ?? [])
    .filter(({ effect }) => effect.startsWith(prefix))
    .map(({ from }) => read.entity('effect', from));
  return (
    [...inherited, ...read.entities('effect', prefix)]
      .filter((entity) => entity !== undefined)
      // A second run only tells whether the check is flaky.
      .filter(({ id }) => !id.endsWith('#2'))
      .map(({ body }) => body as EffectState)
      .filter(({ outcome, status }) => outcome !== null && status === 'done')
  );
}

/** Takes in what the end of a task says of its checks: of what is said twice the last counts. */
export function takeComparisons(comparisons: Map<string, string>, event: EventEnvelope): void {
  if (event.type !== 'task.done') return;
  const { checks = [] } = event.data as { readonly checks?: readonly Compared[] };
  for (const { name, comparison } of checks) {
    // On the base there is nothing to compare with.
    if (comparison !== 'base') comparisons.set(name, comparison);
  }
}

interface Compared {
  readonly name: string;
  readonly comparison: string;
}

interface CheckIntent {
  readonly name: string;
  readonly command: string;
  readonly phase: 'base' | 'change';
}

/** What it cost. A file that was edited again counts once, as it was left. */
export function priceFacts(read: LedgerReader, mission: string): PriceFacts {
  const state = read.entity('mission', mission)?.body as MissionState | undefined;
  const plan = read.entity('plan', state?.plan ?? '')?.body as PlanState | undefined;
  const changes = new Map(
    inOrder(read, editsOf(read, mission)).map(({ intent }) => {
      return [String(intent['path']), Number(intent['changes'])];
    }),
  );
  const total = changes.values().reduce((sum, each) => sum + each, 0);
  return {
    planned: plan?.price ?? null,
    used: {
      files: changes.size,
      changes: total,
      workMs: state?.durationMs ?? null,
      wholeMs: wholeTime(state),
      // No mission asks a model yet, so none has spent anything.
      money: 0,
    },
  };
}

function wholeTime(state: MissionState | undefined): number | null {
  if (state === undefined || state.endedAt === null) return null;
  return Date.parse(state.endedAt) - Date.parse(state.submittedAt);
}
