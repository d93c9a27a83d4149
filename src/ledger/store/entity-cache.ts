/**
 * Entities that the writer has lately read or written, so that most decisions ask no database. It
 * can't be stale: the writer is the only one who changes them, and forgets all when a transaction
 * fails.
 */
import type { Entity } from '#protocol/entity.ts';

/** About how much text all kept bodies may have as JSON, in UTF-16 units. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** What an entry costs besides its body. */
const ENTRY_CHARACTERS = 200;

interface Kept {
  readonly entity: Entity | undefined;
  readonly characters: number;
}

/** First in, first out; also knows of entities that they don't exist. */
export class EntityCache {
  readonly #kept = new Map<string, Kept>();
  #characters = 0;

  /** What is known under `key`: `entity` undefined means that there is none. */
  get(key: string): { readonly entity: Entity | undefined } | undefined {
    return this.#kept.get(key);
  }

  /** `bodyCharacters` is the length of its body as JSON. */
  set(key: string, entity: Entity | undefined, bodyCharacters: number): void {
    this.#drop(key);
    const characters = ENTRY_CHARACTERS + bodyCharacters;
    this.#kept.set(key, { entity, characters });
    this.#characters += characters;
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#characters = 0;
  }

  #drop(key: string): void {
    this.#characters -= this.#kept.get(key)?.characters ?? 0;
    this.#kept.delete(key);
  }
}
