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
    const characters = ENTRY_CHARACTERS + bodyCharacters;
    this.#characters += characters - (this.#kept.get(key)?.characters ?? 0);
    this.#kept.set(key, { entity, characters });
    if (this.#characters > MAX_CHARACTERS) this.#shrink();
  }

  clear(): void {
    this.#kept.clear();
    this.#characters = 0;
  }

  /** Half of it goes at once: one by one would cost a walk for each. */
  #shrink(): void {
    for (const [key, { characters }] of this.#kept) {
      if (this.#characters <= MAX_CHARACTERS / 2) return;
      this.#kept.delete(key);
      this.#characters -= characters;
    }
  }
}
