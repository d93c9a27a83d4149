/**
 * Entities inside one write transaction: rows of SQLite under an overlay of what this flush has
 * folded so far. A command's own changes are kept apart until it has succeeded as a whole.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { canonicalJson } from '#lib/canonical-json.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { EntityView } from '#ledger/decider.ts';
import { EntityCache } from './entity-cache.ts';
import { EntityViews } from './entity-views.ts';

interface EntityRow {
  readonly kind: EntityKind;
  readonly id: string;
  readonly version: number;
  readonly home: string;
  readonly body: string;
}

/** A row as an entity. */
export const entityFromRow = (row: unknown): Entity => {
  const { kind, id, version, home, body } = row as EntityRow;
  return { kind, id, version, home, body: JSON.parse(body) };
};

type Overlay = Map<string, Entity>;

const keyOf = (kind: string, id: string): string => `${kind}/${id}`;

/** Reads through to SQLite, keeps writes in memory until `flush`. */
export class EntityStore {
  readonly #one: StatementSync;
  readonly #all: StatementSync;
  readonly #upsert: StatementSync;
  readonly #cache = new EntityCache();
  readonly #views = new EntityViews();
  #settled: Overlay = new Map();
  #pending: Overlay = new Map();

  constructor(database: DatabaseSync) {
    this.#one = database.prepare('SELECT * FROM entities WHERE kind = ? AND id = ?');
    this.#all = database.prepare('SELECT * FROM entities WHERE kind = ? ORDER BY id');
    this.#upsert = database.prepare(
      `INSERT INTO entities (kind, id, version, home, body) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE
       SET version = excluded.version, home = excluded.home, body = excluded.body`,
    );
  }

  get(kind: EntityKind, id: string): Entity | undefined {
    const key = keyOf(kind, id);
    const folded = this.#pending.get(key) ?? this.#settled.get(key);
    if (folded !== undefined) return folded;
    const kept = this.#cache.get(key);
    if (kept !== undefined) return kept.entity;
    const row = this.#one.get(kind, id);
    const entity = row === undefined ? undefined : entityFromRow(row);
    this.#cache.set(key, entity, row === undefined ? 0 : String(row['body']).length);
    return entity;
  }

  list(kind: EntityKind): Entity[] {
    const merged: Overlay = new Map();
    for (const row of this.#all.all(kind))
      merged.set(keyOf(kind, String(row['id'])), entityFromRow(row));
    for (const overlay of [this.#settled, this.#pending]) {
      for (const [key, entity] of overlay) if (entity.kind === kind) merged.set(key, entity);
    }
    return [...merged.values()];
  }

  /** A view of all entities of its kind, as the commands before this one left them. */
  view<V>(view: EntityView<V>): V {
    return this.#views.read(view, () => this.list(view.kind));
  }

  set(entity: Entity): void {
    this.#pending.set(keyOf(entity.kind, entity.id), entity);
  }

  /** The command succeeded: its changes are seen by the next one. */
  settle(): void {
    for (const [key, entity] of this.#pending) {
      this.#settled.set(key, entity);
      this.#views.update(entity);
    }
    this.#pending.clear();
  }

  /** The command was refused: as if it had never been looked at. */
  revert(): void {
    this.#pending.clear();
  }

  /** Writes what was settled; call inside the transaction. */
  flush(): void {
    for (const [key, entity] of this.#settled) {
      const { kind, id, version, home, body } = entity;
      const text = canonicalJson(body);
      this.#upsert.run(kind, id, version, home, text);
      this.#cache.set(key, entity, text.length);
    }
    this.#settled = new Map();
  }

  /** Drops everything that may not be on disk (the transaction failed). */
  forget(): void {
    this.#settled = new Map();
    this.#pending = new Map();
    this.#cache.clear();
    this.#views.clear();
  }
}
