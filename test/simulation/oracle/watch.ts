/** Reads every event once, right after it became durable, and asks all rules about it. */
import type { DatabaseSync } from 'node:sqlite';
import { getBlob } from '#ledger/store/blob-store.ts';
import type { Command } from '#protocol/command.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import type { SimClock } from '../node/scheduler.ts';
import type { SimDisk } from '../node/sim-disk.ts';
import type { Wish } from '../person.ts';
import { LeaseRules, messageRule } from './lease-rules.ts';
import { PlanRules } from './plan-rules.ts';
import type { Rule, Seen } from './rule.ts';

/** One per story: what it knows outlives the lives of the node. */
export class Watch {
  readonly leases: LeaseRules;
  readonly #rules: readonly Rule[];
  readonly #clock: SimClock;
  readonly #sent = new Map<string, { readonly sent: Command; readonly atMs: number }>();
  readonly #signs = new Map<string, number>();
  #position = 0;

  constructor(wishes: readonly Wish[], clock: SimClock) {
    this.#clock = clock;
    this.leases = new LeaseRules(this.#signs);
    this.#rules = [this.leases, new PlanRules(wishes), messageRule()];
  }

  /** A command is on its way; its first event will have its id. */
  sent(command: Command): void {
    if (!/^(task\.finish|lease\.expire)$/.test(command.name)) return;
    if (this.#sent.has(command.id)) return;
    this.#sent.set(command.id, { sent: command, atMs: this.#clock.monotonicMs });
  }

  /** The holder of a lease gave a sign of life. */
  alive(lease: string): void {
    this.#signs.set(lease, this.#clock.monotonicMs);
  }

  /** Looks at what one life has added; answers a function that does. */
  live({ ledger, blobs, world }: SimDisk, epoch: number): () => void {
    const more = newEvents(ledger);
    const blob = (hash: string): Uint8Array => getBlob(blobs, hash);
    return () => {
      const rows = more(this.#position);
      if (rows.length === 0) return;
      for (const { position, event } of rows) {
        this.#position = position;
        const command = this.#sent.get(event.id);
        const seen: Seen = { event, epoch, world, blob, command, nowMs: this.#clock.monotonicMs };
        for (const rule of this.#rules) rule.see(seen);
      }
      for (const rule of this.#rules) rule.settled?.(epoch);
    };
  }
}

interface Row {
  readonly position: number;
  readonly event: EventEnvelope;
}

function newEvents(database: DatabaseSync): (after: number) => readonly Row[] {
  const after = database.prepare(
    'SELECT position, body FROM events WHERE position > ? ORDER BY position',
  );
  return (last) =>
    after.all(last).map(({ position, body }) => {
      const { event } = decodeEvent(body as Uint8Array);
      return { position: Number(position), event: event as EventEnvelope };
    });
}
