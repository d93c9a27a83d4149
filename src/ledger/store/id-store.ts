/**
 * Ids that were executed, kept for ever: a command's id, where its first event stands and how
 * many there are. The events of a command have consecutive ids, so one row serves them all.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { uuidDistance, uuidFromHex } from '#lib/uuidv7.ts';

/** Where a command's events stand. */
export interface IdRange {
  readonly id: string;
  readonly position: number;
  readonly count: number;
}

const toBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

/** Looks ids up in, and adds them to, the table `ids`. */
export class IdStore {
  readonly #floor: StatementSync;
  readonly #ceiling: StatementSync;
  readonly #insert: StatementSync | undefined;

  constructor(database: DatabaseSync, mode: 'read' | 'write') {
    this.#floor = database.prepare('SELECT * FROM ids WHERE id <= ? ORDER BY id DESC LIMIT 1');
    this.#ceiling = database.prepare('SELECT * FROM ids WHERE id > ? ORDER BY id LIMIT 1');
    this.#insert =
      mode === 'write'
        ? database.prepare('INSERT INTO ids (id, position, count) VALUES (?, ?, ?)')
        : undefined;
  }

  /** The range that holds `id`, as a command's own id or as one of its events'. */
  find(id: string): IdRange | undefined {
    const row = this.#floor.get(toBytes(id));
    if (row === undefined) return undefined;
    const range = toRange(row);
    const distance = uuidDistance(range.id, id);
    return distance !== undefined && distance < range.count ? range : undefined;
  }

  /** The local position of event `id`. */
  position(id: string): number | undefined {
    const range = this.find(id);
    return range === undefined ? undefined : range.position + (uuidDistance(range.id, id) ?? 0);
  }

  /** Whether `count` ids from `id` on are free. */
  isFree(id: string, count: number): boolean {
    if (this.find(id) !== undefined) return false;
    const next = this.#ceiling.get(toBytes(id));
    if (next === undefined) return true;
    const distance = uuidDistance(id, toRange(next).id);
    return distance === undefined || distance >= count;
  }

  add(range: IdRange): void {
    this.#insert?.run(toBytes(range.id), range.position, range.count);
  }
}

function toRange(row: Record<string, unknown>): IdRange {
  const id = uuidFromHex(Buffer.from(row['id'] as Uint8Array).toString('hex'));
  return { id, position: Number(row['position']), count: Number(row['count']) };
}
