/**
 * What one command decided happened at once: who goes on from a moment, or looks whether all of it
 * was decided well, takes the command as a whole.
 */
import type { LedgerReader } from '#ledger/ledger.ts';
import { parseEnvelope } from '#protocol/event.ts';
import { eachEvent } from './mission-events.ts';
import { resolveMoment, type Moment } from './moment.ts';

/**
 * The moment that `text` names, or the last event of the same command when others of it follow.
 * Throws what `resolveMoment` throws.
 */
export function resolveCommandEnd(read: LedgerReader, mission: string, text: string): Moment {
  let moment = resolveMoment(read, mission, text);
  let span: string | undefined;
  for (const { position, body } of eachEvent(read, { mission, after: moment.position - 1 })) {
    // What follows a pruned event can't be told to be of its command.
    if (body === null) break;
    const { id, spanId, time } = parseEnvelope(body);
    if (span !== undefined && span !== spanId) break;
    span = spanId;
    moment = { event: id, position, time };
  }
  return moment;
}
