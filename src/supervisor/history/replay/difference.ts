/** Where a replay stops: the first thing that the record says otherwise than the replay comes to. */
import { SkeinError } from '#protocol/errors.ts';
import type { EffectDifference } from '#tasks/replay-effects.ts';

/** The first difference; `event` is where it shows, `lines` say what was expected and what is there. */
export interface Difference {
  readonly event: string;
  readonly what: string;
  readonly lines: readonly string[];
}

/** Stops the replay at the event that is being looked at. */
export const stopAt = (what: string, lines: readonly string[]): SkeinError =>
  new SkeinError('replay-differs', what, { details: { lines } });

/** Errors that say something of the record; all others are of this machine. */
const OF_RECORD: readonly string[] = ['replay-differs', 'blob-missing', 'event-invalid'];

/** What was thrown as the difference it is, seen at `event`; undefined for other failures. */
export function asDifference(error: SkeinError, event: string): Difference | undefined {
  if (!OF_RECORD.includes(error.name)) return undefined;
  const details = (error.details ?? {}) as Partial<EffectDifference>;
  const { intended = null, subject, lines = [] } = details;
  return {
    event,
    what: error.message,
    lines: [
      ...(subject === undefined ? [] : [`subject: ${subject}`]),
      ...(intended === null ? [] : [`announced by event ${intended}`]),
      ...lines,
    ],
  };
}
