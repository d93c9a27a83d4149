/** A bounded list of findings, each place named once. */
import type { Damage, DamageKind } from '#ledger/ledger.ts';

const MAX_DAMAGE = 100;

/** Collects findings; later ones about the same id and kind add nothing. */
export class DamageList {
  readonly #found = new Map<string, Damage>();

  get list(): readonly Damage[] {
    return [...this.#found.values()];
  }

  /** Whether further findings are no longer listed. */
  get full(): boolean {
    return this.#found.size >= MAX_DAMAGE;
  }

  add(kind: DamageKind, id: string, detail: string): void {
    const key = `${kind} ${id}`;
    if (!this.full && !this.#found.has(key)) this.#found.set(key, { kind, id, detail });
  }
}
