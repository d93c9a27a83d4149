/** A command: a wish as data. Deciders turn it into events or refuse it; nothing else appends. */
import type { EntityKind } from './event-type.ts';
import type { Authority } from './event.ts';

/** `id` UUIDv7 by the client, good for ever: the same id gives the same receipt. */
export interface Command {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly expect?: Expectation;
}

/** Only decide when the entity stands at this version (0 = it does not exist yet). */
export interface Expectation {
  readonly kind: EntityKind;
  readonly id: string;
  readonly version: number;
}

/** Who speaks, set by the node from the door the command came through. */
export interface Speaker {
  readonly actor: string;
  readonly authority: Authority;
  readonly traceId?: string;
  readonly parentSpanId?: string;
}

/**
 * What was stored. `events` are ids in order, empty when the command changed nothing; `repeated`
 * when this id was executed before; `strength` says what the answer promises.
 */
export interface Receipt {
  readonly command: string;
  readonly commit: string | null;
  readonly seq: number;
  readonly events: readonly string[];
  readonly repeated: boolean;
  readonly strength: 'local-fsync';
}
