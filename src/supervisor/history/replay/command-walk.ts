/** The events of a mission command by command, as they were decided; a hole in them stops the walk. */
import { eachEvent } from '#ledger/history/mission-events.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import { uuidPlus } from '#lib/uuidv7.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import { stopAt } from './difference.ts';

/** The events of one command; `known` are those that this version of Skein can read. */
export interface RecordedEvents {
  readonly author: string;
  readonly ids: readonly string[];
  readonly known: readonly SkeinEvent[];
}

/** Which events: those of a mission up to a local position. */
export interface WalkRange {
  readonly mission: string;
  readonly upTo: number;
}

interface Gathered {
  readonly author: string;
  readonly ids: string[];
  readonly known: SkeinEvent[];
}

/**
 * All commands that are whole by then, in their order. Throws `replay-differs` for a body that is
 * gone, and for an event that is missing inside a command: their ids count up.
 */
export function* eachCommand(read: LedgerReader, range: WalkRange): Generator<RecordedEvents> {
  let gathered: Gathered | undefined;
  let last = 'the beginning';
  for (const { body, author } of eachEvent(read, range)) {
    if (body === null) {
      if (gathered !== undefined) yield gathered;
      throw stopAt(`Cannot read the event after ${last}: its body was pruned`, [
        'What was pruned is gone for good; see: skein log',
      ]);
    }
    const decoded = decodeEvent(body);
    const { id, spanId } = decoded.event;
    // The span of a command is the second half of its first id.
    const isFirst = id.replaceAll('-', '').slice(16) === spanId;
    if (isFirst) {
      if (gathered !== undefined) yield gathered;
      gathered = { author, ids: [], known: [] };
    } else if (gathered === undefined || !follows(gathered, id)) {
      if (gathered !== undefined) yield gathered;
      throw stopAt(`Cannot read the event before ${id}: it is missing`, [
        `it was recorded by the same command, after ${last}`,
      ]);
    }
    gathered.ids.push(id);
    if (decoded.known) gathered.known.push(decoded.event);
    last = id;
  }
  if (gathered !== undefined) yield gathered;
}

const follows = ({ ids }: Gathered, id: string): boolean =>
  uuidPlus(ids[0] ?? id, ids.length) === id;
