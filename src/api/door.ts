/** What the API asks of the node behind it. The node builds one; tests build theirs. */
import type { Expectation, Speaker } from '#protocol/command.ts';
import type { Entity } from '#protocol/entity.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { ApiMetrics } from './api-metrics.ts';
import type { BusDoor } from './bus-door.ts';
import type { SandboxDoor } from './sandbox-door.ts';

/** A command as it comes through the door; `space` says whose record, when the command needs it. */
export interface DoorCommand {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly space?: string;
  readonly expect?: Expectation;
}

/** An entity and the space it lives in. */
export interface SpaceEntity extends Entity {
  readonly space: string;
}

/** What was found, and the spaces that could not be read (only when none was named). */
export interface EntityList {
  readonly entities: readonly SpaceEntity[];
  readonly unreadable: readonly { readonly space: string; readonly error: ErrorBody }[];
}

/** Entities of one kind: of one space or of all, of one mission or of all. */
export interface EntityQuery {
  readonly kind: EntityKind;
  readonly space?: string | undefined;
  readonly mission?: string | undefined;
}

/** Agents with name, role, state, task and mission; the jobs a mission has when nobody said how many. */
export interface WorkNow {
  readonly agents: readonly object[];
  readonly jobs: number;
  readonly epoch: number;
}

/** The node, seen from the API. All errors are SkeinErrors. */
export interface Door {
  /** Who the bearer of a token is; undefined when it is no token of this node. */
  readonly identify: (token: string) => Speaker | undefined;
  readonly execute: (command: DoorCommand, speaker: Speaker) => Promise<unknown>;
  readonly entities: (query: EntityQuery) => Promise<EntityList>;
  readonly ledger: (space: string) => Promise<Ledger>;
  /** The missions that are being worked on right now. */
  readonly atWork: () => readonly string[];
  /** How these missions are worked on right now. */
  readonly work: () => WorkNow;
  readonly status: () => Promise<unknown>;
  /** Called when a request begins; the answer is called when it has ended. Keeps the node awake. */
  readonly enter: () => () => void;
  /** Absent: there are no messages. */
  readonly bus?: BusDoor;
  /** Absent: no programs are run for those who ask. */
  readonly sandbox?: SandboxDoor;
  /** Absent: nothing is measured. */
  readonly metrics?: ApiMetrics;
}
