/** One mission as it is put beside another one: what was asked, planned, decided, proved and paid. */
import { eachEvent } from '#ledger/history/mission-events.ts';
import type { Ledger, LedgerReader } from '#ledger/ledger.ts';
import { prunedNotes, type PrunedNote } from '#ledger/prune/pruned-mission.ts';
import { referencesNamedIn } from '#ledger/verify/verify-blobs.ts';
import { SkeinError } from '#protocol/errors.ts';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { MissionState, PlanState } from '../../mission-reducer.ts';
import {
  checkFacts,
  priceFacts,
  takeComparisons,
  type CheckFact,
  type PriceFacts,
} from '../mission-facts.ts';
import { readResult, type SideResult } from './side-result.ts';

/** A mission, as far as it came. */
export interface MissionSide extends Pick<
  MissionState,
  'goal' | 'recipe' | 'status' | 'base' | 'branch' | 'options' | 'submittedAt' | 'gitCommit'
> {
  readonly id: string;
  readonly space: string;
  /** What it was forked from, null when it was not. */
  readonly forkOf: { readonly mission: string; readonly at: string } | null;
  readonly plan: SidePlan | null;
  /** Approvals, refusals and whatever else changed its way, in the order of the record. */
  readonly decisions: readonly EventEnvelope[];
  readonly checks: readonly CheckFact[];
  readonly price: PriceFacts;
  readonly size: RecordSize;
  readonly pruned: PrunedNote | null;
  readonly result: SideResult;
}

/** The plan that counts now. */
export interface SidePlan {
  readonly id: string;
  readonly hash: string;
  readonly summary: string;
  /** How many plans there were. */
  readonly plans: number;
  readonly tasks: readonly SideTask[];
}

/** A task of the plan; `status` is `planned` before it was made. */
export interface SideTask {
  readonly id: string;
  readonly kind: string;
  readonly role: string;
  readonly title: string;
  readonly files: number;
  readonly status: string;
}

/** What a mission takes on the record. Sizes in bytes, before compression. */
export interface RecordSize {
  readonly events: number;
  readonly eventBytes: number;
  /** Contents that its events name; another mission may name them too. */
  readonly blobs: number;
  readonly blobBytes: number;
  /** Events whose body is not here any more. */
  readonly unreadable: number;
}

/** Reads a mission; without its repository lines can't be counted. Throws `not-found`. */
export async function readSide(
  ledger: Ledger,
  mission: string,
  repository: Repository | undefined,
): Promise<MissionSide> {
  const { read, space } = ledger;
  const entity = read.entity('mission', mission);
  if (entity === undefined) {
    throw new SkeinError('not-found', `Cannot compare mission ${mission}: it is not on record`);
  }
  const state = entity.body as MissionState;
  const { goal, recipe, status, base, branch, options, submittedAt, gitCommit, forked } = state;
  const asked = { goal, recipe, status, base, branch, options, submittedAt, gitCommit };
  const { size, decisions, comparisons } = walk(read, mission);
  return {
    id: mission,
    space,
    ...asked,
    forkOf: forked === null ? null : { mission: forked.from, at: forked.at },
    plan: planOf(read, mission, state),
    decisions,
    checks: checkFacts(read, mission, comparisons),
    price: priceFacts(read, mission),
    size,
    pruned: prunedNotes(read, mission)[0] ?? null,
    result: await readResult(ledger, { mission, state }, repository),
  };
}

function planOf(read: LedgerReader, mission: string, state: MissionState): SidePlan | null {
  const plan = read.entity('plan', state.plan ?? '')?.body as PlanState | undefined;
  if (plan === undefined) return null;
  const tasks = plan.tasks.map(({ id, kind = '', role, title, writeSet }): SideTask => {
    const made = read.entity('task', id)?.body as TaskState | undefined;
    return { id, kind, role, title, files: writeSet.length, status: made?.status ?? 'planned' };
  });
  const plans = read.entities('plan', `${mission}.`).length;
  return { id: state.plan ?? '', hash: plan.hash, summary: plan.summary, plans, tasks };
}

const DECISIONS = new Set([
  'mission.forked',
  'plan.proposed',
  'mission.approved',
  'mission.replanned',
  'mission.rejected',
  'mission.interrupted',
  'mission.resumed',
  'mission.cancelled',
  'mission.failed',
  'guardrail.refused',
  'decision.overridden',
  'agent.diagnosed',
]);

/** More than these nobody reads. */
const MOST_DECISIONS = 200;

interface Walked {
  readonly size: RecordSize;
  readonly decisions: readonly EventEnvelope[];
  readonly comparisons: ReadonlyMap<string, string>;
}

function walk(read: LedgerReader, mission: string): Walked {
  const decisions: EventEnvelope[] = [];
  const comparisons = new Map<string, string>();
  const blobs = new Map<string, number>();
  let [events, eventBytes, unreadable] = [0, 0, 0];
  for (const { type, body } of eachEvent(read, { mission })) {
    events += 1;
    if (body === null) unreadable += 1;
    if (body === null || type === null) continue;
    eventBytes += body.length;
    const isNeeded = DECISIONS.has(type) || type === 'task.done' || body.includes('"bytes":');
    if (!isNeeded) continue;
    const event = parseEnvelope(body);
    for (const { hash, bytes } of referencesNamedIn(body, event.data)) blobs.set(hash, bytes);
    takeComparisons(comparisons, event);
    if (isDecision(event)) decisions.push(event);
  }
  const blobBytes = blobs.values().reduce((sum, bytes) => sum + bytes, 0);
  const size = { events, eventBytes, blobs: blobs.size, blobBytes, unreadable };
  return { size, decisions: decisions.slice(0, MOST_DECISIONS), comparisons };
}

/** A first plan is no decision: the answer to it is. */
const isDecision = ({ type, data }: EventEnvelope): boolean =>
  DECISIONS.has(type) &&
  (type !== 'plan.proposed' ||
    (data as { readonly supersedes?: unknown }).supersedes !== undefined);
