/** A planned command: run on a copy, its changes brought in through the door like any edit. */
import { SkeinError } from '#protocol/errors.ts';
import type { TaskAtWork } from './task-at-work.ts';

/** Not there yet. */
export async function runPlannedCommand({ planned }: TaskAtWork): Promise<void> {
  throw new SkeinError('not-implemented', `Cannot run the command of task ${planned.id} yet`);
}
