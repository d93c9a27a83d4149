/** What is asked of every event, in the order of the record, as soon as it is durable. */
import type { EventEnvelope } from '#protocol/event.ts';
import type { Command } from '#protocol/command.ts';
import type { WorldState } from '../world/world-state.ts';

/** An event and the moment in which it was found. */
export interface Seen {
  readonly event: EventEnvelope;
  /** The epoch that wrote it. */
  readonly epoch: number;
  readonly world: WorldState;
  readonly blob: (hash: string) => Uint8Array;
  /** The command that begins with this event, when it was sent by this story, and when (monotonic). */
  readonly command: { readonly sent: Command; readonly atMs: number } | undefined;
  readonly nowMs: number;
}

/** Throws an assertion when the event may not be. `settled` is called after all that is new. */
export interface Rule {
  readonly see: (seen: Seen) => void;
  readonly settled?: (epoch: number) => void;
}

/** The end of an id of the form `<kind>/<id>`. */
export const idOf = ({ subject }: EventEnvelope): string => subject.slice(subject.indexOf('/') + 1);

/** The data of an event, as its type declares it. */
export const dataOf = <D>({ data }: EventEnvelope): D => data as D;
