/**
 * Bodies that are not there, until the record explains them: `record.pruned` comes after the events
 * it is about. They are kept as ranges, since there may be as many as events.
 */
import type { DatabaseSync } from 'node:sqlite';
import {
  RangeBuilder,
  RangeSet,
  type EventPlace,
  type EventRange,
} from '#ledger/prune/event-ranges.ts';
import { readHeader } from './walk-rows.ts';

/** What is known of the absent bodies of one mission (or of none). */
class Absent {
  readonly builder = new RangeBuilder();
  /** Ranges that no explanation matched as a whole: their events are looked at one by one. */
  readonly open: EventRange[] = [];
  readonly explained = new RangeSet();
}

/** Gathers absent bodies and what explains them. */
export class AbsentBodies {
  readonly #missions = new Map<string | null, Absent>();
  /** How many there are, explained or not. */
  count = 0;

  /** The event of `mission` at `place` has no body. */
  add(mission: string | null, place: EventPlace): void {
    this.count += 1;
    this.#of(mission).builder.add(place);
  }

  /** The record says that these of a mission were pruned, all of them before it said so. */
  explain(mission: string, ranges: readonly EventRange[]): void {
    const absent = this.#of(mission);
    absent.explained.add(ranges);
    const known = new Set(ranges.map(nameOf));
    // Nearly always all of it is gone that was to go: then the ranges are the same.
    absent.open.push(...absent.builder.take().filter((range) => !known.has(nameOf(range))));
    // Of those that came from another node without a body nobody knows here of which mission they were.
    if (this.#missions.has(null)) this.#of(null).explained.add(ranges);
  }

  /** The ids of those that nothing explains. */
  *unexplained(database: DatabaseSync): Generator<string> {
    const headers = database.prepare(
      'SELECT header FROM commits WHERE chain = ? AND seq BETWEEN ? AND ? ORDER BY seq',
    );
    const eventsOf = (range: EventRange, explained: RangeSet): Iterable<string> =>
      idsIn(headers.iterate(range.chain, range.from, range.to), range, explained);
    for (const [mission, { builder, open, explained }] of this.#missions) {
      for (const range of open) yield* eventsOf(range, explained);
      const later = mission === null ? explained : nothing;
      for (const range of builder.take()) yield* eventsOf(range, later);
    }
  }

  #of(mission: string | null): Absent {
    const known = this.#missions.get(mission);
    if (known !== undefined) return known;
    const made = new Absent();
    this.#missions.set(mission, made);
    return made;
  }
}

/** What was lost after the mission was pruned is not explained by it. */
const nothing = new RangeSet();

const nameOf = ({ chain, from, to, first, last }: EventRange): string =>
  [chain, from, to, first, last].join(':');

function* idsIn(
  rows: Iterable<Record<string, unknown>>,
  { first, last }: EventRange,
  explained: RangeSet,
): Generator<string> {
  for (const row of rows) {
    const header = readHeader(row['header'] as Uint8Array);
    // One that can't be read is a finding already.
    if (header === undefined) continue;
    const { chain, seq, events } = header;
    for (const [index, { id }] of events.entries()) {
      const isOne = first === undefined || last === undefined || (first <= index && index <= last);
      if (isOne && !explained.has({ chain, seq, index })) yield id;
    }
  }
}
