/** What a mission may use: on by default, changed in skein.yaml. */
import { SkeinError } from '#protocol/errors.ts';
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
