/**
 * The registry: which nodes and agents of a space are there, and what they can do.
 *
 * Contract. Who there is comes from cards on the record, so every node lists the same; how present
 * and how loaded they are comes from heartbeats, which are signals, so nodes may see it otherwise
 * for a while. What is said of presence is never a promise: `lost` means silence, its inbox waits.
 * Answers are lists in the order of ids, made in memory without reading the record; they are
 * snapshots that do not change later. Nodes that are no members any more are not listed, nor are
 * their agents; retired agents only when asked for. `find` takes a name or an id, or how an id
 * begins, and throws `not-found`, or `ambiguous-id` with the candidates. An agent is as present as
 * its node, unless it says less: `draining`, or `away`, which counts as late.
 */
import type { Presence } from '#protocol/events/node.ts';
import type { Load } from '#telemetry/load.ts';
import type { DropReason } from './heartbeat/beat-receiver.ts';
import type { AgentState } from './heartbeat/heartbeat.ts';

/** A node as it is seen from here. `id` is its key, `lastSeenAt` ISO 8601. */
export interface SeenNode {
  readonly id: string;
  readonly space: string;
  readonly name: string;
  readonly version: string;
  readonly addresses: readonly string[];
  readonly presence: Presence;
  readonly isSelf: boolean;
  readonly lastSeenAt: string | null;
  readonly load: Load | null;
  /** How far its clock was ahead of ours by its last heartbeat, transit included. */
  readonly clockOffMs: number | null;
  /** How many agents are registered there. */
  readonly agents: number;
}

/** An agent as it is seen from here; `node` is the key of its node. */
export interface SeenAgent {
  readonly id: string;
  readonly space: string;
  readonly name: string;
  readonly node: string;
  readonly role: string;
  readonly skills: readonly string[];
  readonly topics: readonly string[];
  readonly version: string | null;
  readonly isRetired: boolean;
  readonly presence: Presence;
  /** What it says of itself; null when nothing was heard. */
  readonly state: AgentState | null;
  readonly waiting: number;
  readonly inFlight: number;
}

/** Which agents; nothing = all that are not retired. `node` is a key, or its first 16 digits. */
export interface AgentQuery {
  readonly skill?: string;
  readonly topic?: string;
  readonly node?: string;
  readonly withRetired?: boolean;
}

/** Counts for status and metrics. */
export interface RegistryStats {
  readonly nodes: number;
  readonly agents: number;
  readonly beatsSent: number;
  readonly beatsTaken: number;
  /** Heartbeats that were dropped, by reason. */
  readonly dropped: Partial<Record<DropReason, number>>;
}

/** Who is there in one space. */
export interface Registry {
  readonly space: string;
  readonly nodes: () => readonly SeenNode[];
  readonly node: (key: string) => SeenNode | undefined;
  readonly agents: (query?: AgentQuery) => readonly SeenAgent[];
  readonly agent: (id: string) => SeenAgent | undefined;
  readonly find: (name: string) => SeenAgent;
  readonly stats: () => RegistryStats;
}
