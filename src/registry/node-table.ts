/** The nodes of a space in memory: who is a member, with its card and what its heartbeats said. */
import { shortNode } from '#protocol/address.ts';
import type { Load } from '#telemetry/load.ts';
import { ToldAgents } from './heartbeat/told-agents.ts';
import type { NodeCard } from './registry-reducer.ts';

/** A member. */
export interface NodeRow {
  readonly key: string;
  readonly short: string;
  readonly told: ToldAgents;
  card: NodeCard | undefined;
  load: Load | null;
  clockOffMs: number | null;
  /** When we asked it last to tell all its agents anew, monotonic. */
  wantedMs: number;
}

/** The nodes of one space. */
export class NodeTable {
  readonly #rows = new Map<string, NodeRow>();
  readonly #byShort = new Map<string, NodeRow>();

  /** How many members there are. */
  get size(): number {
    return this.#rows.size;
  }

  /** All members in the order of their keys. */
  all(): NodeRow[] {
    return [...this.#rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** A member by key. */
  get(key: string): NodeRow | undefined {
    return this.#rows.get(key);
  }

  /** A member by how its key begins. */
  short(short: string): NodeRow | undefined {
    return this.#byShort.get(short);
  }

  /** Takes in who is a member now; answers who is none any more. */
  setMembers(keys: readonly string[]): string[] {
    const wanted = new Set(keys);
    const gone = [...this.#rows.keys()].filter((key) => !wanted.has(key));
    for (const key of gone) {
      this.#rows.delete(key);
      this.#byShort.delete(shortNode(key));
    }
    for (const key of keys) this.#add(key);
    return gone;
  }

  /** Takes in the card of a member. */
  setCard(key: string, card: NodeCard): void {
    const row = this.#rows.get(key);
    if (row !== undefined) row.card = card;
  }

  #add(key: string): void {
    if (this.#rows.has(key)) return;
    const row: NodeRow = {
      key,
      short: shortNode(key),
      told: new ToldAgents(),
      card: undefined,
      load: null,
      clockOffMs: null,
      wantedMs: Number.NEGATIVE_INFINITY,
    };
    this.#rows.set(key, row);
    this.#byShort.set(row.short, row);
  }
}
