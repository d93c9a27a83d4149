/** What a mission may use: on by default, changed in skein.yaml. */
import { SkeinError } from '#protocol/errors.ts';
import { MAX_EVENT_BYTES } from '#protocol/event.ts';
import type { EventData } from '#protocol/event-types.ts';
import type { MissionWork } from '#tasks/mission-work.ts';

const DEFAULT_MINUTES = 30;
const DEFAULT_EDITS = 2_000;
const MINUTE_MS = 60_000;

/** The longest a mission may plan, and the longest it may work; the most files it may change. */
export interface MissionLimits {
  readonly timeMs: number;
  readonly edits: number;
}

/** The limits of a mission, from the base commit. */
export async function missionLimits(work: MissionWork): Promise<MissionLimits> {
  const { limits } = await work.world.readSkeinYaml(work.repository, work.base);
  const timeMs = (limits?.minutes ?? DEFAULT_MINUTES) * MINUTE_MS;
  return { timeMs, edits: limits?.edits ?? DEFAULT_EDITS };
}

/** Why a mission was stopped that took too long. */
export const tooLong = ({ timeMs }: MissionLimits): SkeinError =>
  new SkeinError(
    'limit-reached',
    `Cannot continue: the mission took longer than ${timeMs / MINUTE_MS} minutes`,
    { fix: 'Make the goal smaller or the checks faster, or raise limits.minutes in skein.yaml.' },
  );

/** Throws `limit-reached` for a plan that changes more files than the mission may. */
export function assertEdits(limits: MissionLimits, edits: number): void {
  if (edits <= limits.edits) return;
  throw new SkeinError(
    'limit-reached',
    `Cannot plan: ${edits} files would change, ${limits.edits} is the limit`,
    { fix: 'Make the goal smaller, or raise limits.edits in skein.yaml (2,000 at the most).' },
  );
}

/**
 * The most that a plan may take on the record, in bytes: all its paths are in one event. A lease
 * names the paths of a task again, and one more that it was found to need.
 */
export const MAX_PLAN_BYTES = MAX_EVENT_BYTES - 16 * 1024;

/** Throws `limit-reached` for a plan whose paths are too many, or too long, to be on the record. */
export function assertPlanSize(plan: Omit<EventData<'plan.proposed'>, 'hash'>): void {
  const bytes = Buffer.byteLength(JSON.stringify(plan));
  if (bytes <= MAX_PLAN_BYTES) return;
  const paths = plan.tasks.reduce((sum, { writeSet }) => sum + writeSet.length, 0);
  const kB = (size: number): number => Math.ceil(size / 1_024);
  throw new SkeinError(
    'limit-reached',
    `Cannot plan: the ${paths} paths of its tasks take ${kB(bytes)} kB, ${kB(MAX_PLAN_BYTES)} is the limit`,
    { fix: 'Make the goal smaller: some of the files now, the others in a mission after it.' },
  );
}
