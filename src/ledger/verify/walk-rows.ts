/**
 * The rows beside the commits: events by their positions, and the table of ids that must tile
 * them. Both are walked in step with the commits; what no commit explains is named.
 */
import type { DatabaseSync } from 'node:sqlite';
import { uuidPlus } from '#lib/uuidv7.ts';
import { decodeHeader, type CommitHeader } from '#protocol/commit.ts';
import type { DamageList } from './verify-damage.ts';

/** A header, or undefined when it can't be read. */
export function readHeader(header: Uint8Array): CommitHeader | undefined {
  try {
    return decodeHeader(header);
  } catch {
    return undefined;
  }
}

/** A row of the table `events`. */
export interface EventRow {
  readonly position: number;
  readonly commit_position: number;
  readonly type: string | null;
  readonly mission: string | null;
  readonly salt: Uint8Array | null;
  readonly body: Uint8Array | null;
}

/** Events in order of position. Positions have no gaps, so an absent one is a removed event. */
export class EventCursor {
  readonly #rows: Iterator<unknown>;
  readonly #damage: DamageList;
  #next: EventRow | undefined;

  constructor(database: DatabaseSync, damage: DamageList) {
    this.#rows = database.prepare('SELECT * FROM events ORDER BY position').iterate();
    this.#damage = damage;
    this.#pull();
  }

  /** The event at `position`; rows before it belong to no commit. */
  take(position: number): EventRow | undefined {
    this.#dropBefore(position);
    const row = this.#next;
    if (row?.position !== position) return undefined;
    this.#pull();
    return row;
  }

  /** Passes over the events of a commit that can't be read; answers the position after them. */
  skip(commit: number, expected: number): number {
    let after = expected;
    for (; this.#next?.commit_position === commit; this.#pull()) after = this.#next.position + 1;
    return after;
  }

  /** Names all that is left over. */
  end(): void {
    this.#dropBefore(Number.POSITIVE_INFINITY);
  }

  #dropBefore(position: number): void {
    for (; this.#next !== undefined && this.#next.position < position; this.#pull()) {
      this.#damage.add('event-extra', `position ${this.#next.position}`, 'no commit holds it');
    }
  }

  #pull(): void {
    const { done, value } = this.#rows.next();
    this.#next = done === true ? undefined : (value as EventRow);
  }
}

interface IdRow {
  readonly id: string;
  readonly position: number;
  readonly count: number;
}

/** The table of ids must tile the events: a removed row would let a command run twice. */
export class IdWalk {
  readonly #rows: Iterator<Record<string, unknown>>;
  readonly #damage: DamageList;
  #row: IdRow | undefined;
  #range: { readonly id: string; readonly position: number } | undefined;
  #tiledUpTo = 0;

  constructor(database: DatabaseSync, damage: DamageList) {
    this.#rows = database
      .prepare('SELECT lower(hex(id)) AS id, position, count FROM ids ORDER BY position')
      .iterate() as Iterator<Record<string, unknown>>;
    this.#damage = damage;
    this.#pull();
  }

  /** `id` stands at `position`: a range begins or continues there. */
  expect(position: number, id: string): void {
    if (position <= this.#tiledUpTo) return this.#continue(position, id);
    this.#dropBefore(position);
    const row = this.#row;
    this.#range = undefined;
    this.#tiledUpTo = position;
    if (row?.position !== position) {
      this.#damage.add('index-differs', id, 'the table of ids does not hold it');
      return;
    }
    if (row.id !== id.replaceAll('-', '') || row.count < 1) {
      const held = `${row.count} from ${row.id} on`;
      this.#damage.add('index-differs', id, `the table of ids holds ${held} in its place`);
    } else {
      this.#range = { id, position };
      this.#tiledUpTo = position + row.count - 1;
    }
    this.#pull();
  }

  /** Inside a range ids count up: two ranges made one would hide the second command. */
  #continue(position: number, id: string): void {
    const range = this.#range;
    if (range !== undefined && uuidPlus(range.id, position - range.position) !== id) {
      this.#damage.add('index-differs', id, 'the table of ids holds another in its place');
    }
  }

  /** Passes over the ids of events before `position`, which belong to a damaged commit. */
  skipTo(position: number): void {
    while (this.#row !== undefined && this.#row.position < position) this.#pull();
    this.#tiledUpTo = Math.max(this.#tiledUpTo, position - 1);
    this.#range = undefined;
  }

  /** Names all that is left over; `position` is the one after the last event. */
  end(position: number): void {
    this.#dropBefore(Number.POSITIVE_INFINITY);
    if (this.#tiledUpTo >= position) {
      this.#damage.add('index-differs', 'ids', 'the table of ids counts more than the events');
    }
  }

  #dropBefore(position: number): void {
    for (; this.#row !== undefined && this.#row.position < position; this.#pull()) {
      const { id } = this.#row;
      this.#damage.add('index-differs', id, 'the table of ids holds it, no event has it');
    }
  }

  #pull(): void {
    const { done, value } = this.#rows.next();
    this.#row =
      done === true
        ? undefined
        : {
            id: String(value['id']),
            position: Number(value['position']),
            count: Number(value['count']),
          };
  }
}
