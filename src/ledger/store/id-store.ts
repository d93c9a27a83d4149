/**
 * Ids that were executed, kept for ever: a command's id, where its first event stands and how
 * many there are. The events of a command have consecutive ids, so one row serves them all.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { uuidDistance, uuidFromHex, uuidPlus } from '#lib/uuidv7.ts';

/** Where a command's events stand. */
export interface IdRange {
  readonly id: string;
  readonly position: number;
  readonly count: number;
}

const toBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

/**
 * Looks ids up in, and adds them to, the table `ids`. The writer remembers the highest one: ids
 * rise with time, so most new ones lie above it and need no look at the table.
 */
export class IdStore {
  readonly #floor: StatementSync;
  readonly #ceiling: StatementSync;
  readonly #insert: StatementSync | undefined;
  /** The highest id in the table ('' = it is empty), or undefined when it must be looked up. */
  #highest: string | undefined;

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
    if (this.#isAbove(id)) return undefined;
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
    if (this.#isAbove(id)) return true;
    if (this.find(id) !== undefined) return false;
    const next = this.#ceiling.get(toBytes(id));
    if (next === undefined) return true;
    const distance = uuidDistance(id, toRange(next).id);
    return distance === undefined || distance >= count;
  }

  add(range: IdRange): void {
    this.#insert?.run(toBytes(range.id), range.position, range.count);
    const last = uuidPlus(range.id, range.count - 1);
    if (this.#highest !== undefined && last > this.#highest) this.#highest = last;
  }

  /** Drops what was remembered (the transaction failed). */
  forget(): void {
    this.#highest = undefined;
  }

  /** Whether `id` is above all in the table. The text form of ids sorts as their bytes do. */
  #isAbove(id: string): boolean {
    // A reader's table grows behind its back: it always looks.
    if (this.#insert === undefined) return false;
    this.#highest ??= this.#findHighest();
    return id > this.#highest;
  }

  #findHighest(): string {
    const row = this.#floor.get(Buffer.alloc(16, 0xff));
    if (row === undefined) return '';
    const { id, count } = toRange(row);
    return uuidPlus(id, count - 1);
  }
}

function toRange(row: Record<string, unknown>): IdRange {
  const id = uuidFromHex(Buffer.from(row['id'] as Uint8Array).toString('hex'));
  return { id, position: Number(row['position']), count: Number(row['count']) };
}
