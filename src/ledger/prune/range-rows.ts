/** From places on a chain to rows of this ledger: local positions differ from copy to copy. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader } from '#protocol/commit.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import { damaged } from '#ledger/store/ledger-state.ts';
import type { EventRange } from './event-ranges.ts';

/** The first and the last local position of events that stand together. */
export type Rows = readonly [first: number, last: number];

/** Finds the rows of ranges; commits that are not here have none. */
export function rowFinder(ledger: DatabaseSync): (range: EventRange) => Generator<Rows> {
  const headers = ledger.prepare(
    'SELECT header FROM commits WHERE chain = ? AND seq BETWEEN ? AND ?',
  );
  const ids = new IdStore(ledger, 'read');
  return function* ({ chain, from, to, first, last }) {
    for (const row of headers.iterate(chain, from, to)) {
      const { events } = decodeHeader(row['header'] as Uint8Array);
      const start = ids.position(events[0]?.id ?? '');
      if (start === undefined) throw damaged(`a commit of chain ${chain} has no ids`);
      yield [start + (first ?? 0), start + (last ?? events.length - 1)];
    }
  };
}
