/** Decides what may be said to be pruned: by a person, of missions that have ended. */
import { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { recordEvents } from '#protocol/events/space.ts';
import { fields, text } from '#protocol/shape.ts';
import { defineDecider, requireEntity, type DeciderTable } from '#ledger/decider.ts';
import type { PrunedData } from './pruned-list.ts';

/** One mission and what goes of it: the input of `record.prune`. */
export interface Pruning {
  readonly mission: string;
  readonly data: PrunedData;
}

const pruning = fields({ mission: text, data: recordEvents['record.pruned'].data });

/** The command `record.prune`; `hasEnded` judges the state of a mission. */
export const pruneDeciders = (hasEnded: (mission: unknown) => boolean): DeciderTable => ({
  'record.prune': defineDecider(pruning, ({ mission, data }, context): NewSkeinEvent[] => {
    if (context.authority !== 'human') {
      throw new SkeinError('unauthorized', 'Cannot prune the record: only a person may');
    }
    const { body } = requireEntity(context, 'mission', mission);
    if (!hasEnded(body)) {
      throw new SkeinError('conflict', `Cannot prune mission ${mission}: it has not ended`);
    }
    return [{ type: 'record.pruned', subject: `mission/${mission}`, mission, data }];
  }),
});
