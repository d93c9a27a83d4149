/** What a reader may say about a mission of which something was pruned. */
import type { LedgerReader } from '#ledger/ledger.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { PrunedWhat } from './prune-plan.ts';

/** One time at which something was pruned. `bytes` before compression; `time` is ISO 8601. */
export interface PrunedNote {
  readonly event: string;
  readonly time: string;
  readonly by: string;
  readonly what: PrunedWhat;
  readonly reason: string;
  readonly events: number;
  readonly bytes: number;
}

/** A mission is pruned once or twice: its outputs first, later all of it. */
const MOST_NOTES = 16;

/** What was pruned of the mission, the latest first; empty when nothing was. */
export function prunedNotes(read: LedgerReader, mission: string): PrunedNote[] {
  const notes: PrunedNote[] = [];
  // A mission that has ended says nothing more: what was pruned of it stands at its end.
  for (const { body } of read.events({ mission, after: 0, newestFirst: true, limit: MOST_NOTES })) {
    const decoded = body === null ? undefined : decodeEvent(body);
    if (decoded?.known !== true || decoded.event.type !== 'record.pruned') return notes;
    const { id, time, actor: by, data } = decoded.event;
    const { what, reason, events, bytes } = data;
    notes.push({ event: id, time, by, what, reason, events, bytes });
  }
  return notes;
}

/** Runs `work`; when it misses a blob of a mission that was pruned, the error says so. */
export async function explainPruned<T>(
  read: LedgerReader,
  mission: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = toSkeinError(thrown);
    const [note] = error.name === 'blob-missing' ? prunedNotes(read, mission) : [];
    if (note === undefined) throw thrown;
    throw new SkeinError('blob-missing', `${error.message}: it was pruned on ${note.time}`, {
      cause: error,
      fix: `See what was pruned and why: skein log ${mission} (event ${note.event})`,
    });
  }
}
