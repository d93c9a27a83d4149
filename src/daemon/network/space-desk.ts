/**
 * One space at work between agents and nodes: who is there, whose messages wait, and, when the node
 * meets others, the exchange of its history. Opened when it is first needed.
 */
import type { Load } from '#telemetry/load.ts';
import type { NetworkMeter } from '../metrics/network-meter.ts';
import { sizeOf } from '#ledger/exchange/read-chains.ts';
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import type { InboxState } from '#bus/inbox/inbox-reducer.ts';
import type { Bus } from '#bus/bus.ts';
import type { Signer } from '#identity/signer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { isHomeById } from '#protocol/address.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { makeAnnouncer, type Announcer } from '#registry/announce.ts';
import { LiveRegistry } from '#registry/live-registry.ts';
import type { AgentNow } from '#registry/heartbeat/heartbeat.ts';
import { growthOf } from '#sync/growth.ts';
import type { SpaceSync, Sync, SyncSpace } from '#sync/sync.ts';
import type { ClockEstimate } from '#sync/link/link.ts';
import type { Carried } from './nats-meeting.ts';
import type { NetworkSync } from './network-sync.ts';

/** What desks are made of. */
export interface DeskOptions {
  readonly signer: Signer;
  readonly epoch: number;
  readonly newId: () => string;
  /** That of a space, also before it is exchanged: its messages are received here. */
  readonly mailroomOf: (ledger: Ledger) => Mailroom;
  /** The bus that heartbeats go by. */
  readonly bus: Bus;
  readonly card: () => {
    readonly name: string;
    readonly version: string;
    readonly addresses: readonly string[];
  };
  readonly load: () => Load;
  readonly clockOf: (node: string) => ClockEstimate | undefined;
  readonly report: (thrown: unknown) => void;
  readonly meter?: NetworkMeter | undefined;
  /** Begins the work of nodes for each other, while the space is exchanged; the answer ends it. */
  readonly work?: ((desk: SpaceDesk, sync: Sync) => () => Promise<void>) | undefined;
}

/** What a node exchanges histories with. */
export type Exchanging = Pick<NetworkSync, 'sync' | 'carry'>;

/** One space at work; see the module's head. */
export interface SpaceDesk {
  readonly ledger: Ledger;
  /** The key of another node that made the space. */
  readonly founder: string | undefined;
  readonly registry: LiveRegistry;
  readonly mailroom: Mailroom;
  readonly announcer: Announcer;
  readonly meter: NetworkMeter | undefined;
  /** Undefined while the node meets nobody. */
  sync: SpaceSync | undefined;
  /** Undefined without a NATS server. */
  handOver: Carried | undefined;
  /** Begins or ends the work of nodes for each other. */
  readonly work: (sync: Sync | undefined) => void;
  /** The content of a blob, from here or from a linked node. Throws `blob-missing`. */
  readonly blob: (hash: string) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
}

const after = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Opens the desk of a space; `founder` is the key of another node that made it. */
export function openDesk(
  ledger: Ledger,
  options: DeskOptions,
  founder: string | undefined,
): SpaceDesk {
  const { signer, newId, bus, clockOf, report } = options;
  const registry = new LiveRegistry({
    ledger,
    bus,
    signer,
    name: options.card().name,
    epoch: options.epoch,
    load: options.load,
    agents: () => agentsOf(ledger, signer.key),
    now: Date.now,
    monotonicMs: () => performance.now(),
    after,
    random: Math.random,
    newId,
    report,
    clockOf: (node) => clockOf(node)?.offsetMs,
  });
  const mailroom = options.mailroomOf(ledger);
  const announcer = makeAnnouncer({
    execute: ledger.execute,
    newId,
    node: signer.key,
    card: options.card,
  });
  const following = new AbortController();
  let endWork = async (): Promise<void> => undefined;
  let ending: Promise<unknown> = Promise.resolve();
  const desk: SpaceDesk = {
    ledger,
    founder,
    registry,
    mailroom,
    announcer,
    meter: options.meter,
    sync: undefined,
    handOver: undefined,
    blob: async (hash) => desk.sync?.blob(hash) ?? ledger.blobs.get(hash),
    work: (withSync) => {
      ending = Promise.all([ending, endWork().catch(report)]);
      endWork = (withSync && options.work?.(desk, withSync)) ?? (async () => undefined);
    },
    close: async () => {
      following.abort();
      desk.work(undefined);
      const handedOver = desk.handOver?.close();
      desk.sync?.close();
      await registry.close();
      await Promise.all([ending, handedOver]);
    },
  };
  options.meter?.follow(ledger, signer.key, following.signal).catch(report);
  return desk;
}

/** Begins or ends to exchange the space's history. */
export function exchange(desk: SpaceDesk, running: Exchanging | undefined): void {
  const sync = running?.sync;
  void desk.handOver?.close();
  desk.sync?.close();
  const space: SyncSpace = {
    ledger: desk.ledger,
    grown: growthOf(desk.ledger),
    ...(desk.founder === undefined ? {} : { founder: desk.founder }),
    reactionsTo: (page) => {
      desk.meter?.pageCame(page.commits.reduce((sum, commit) => sum + sizeOf(commit), 0));
      return desk.mailroom.reactionsTo(page);
    },
    taken: (_taken, from) => desk.meter?.pageTaken(from),
  };
  const opened = sync?.open(space);
  desk.sync = opened;
  desk.handOver = opened && running?.carry({ ...space, acked: opened.acked });
  desk.work(sync);
}

/** The keys of the members; undefined while nothing of the space is here. */
export function membersOf({ read, space }: Pick<Ledger, 'read' | 'space'>): string[] | undefined {
  const state = read.entity('space', space)?.body as SpaceState | undefined;
  return state === undefined ? undefined : Object.keys(state.members);
}

/** Puts the node's card on the record, once it may write there. */
export async function announce({ announcer, ledger }: SpaceDesk, key: string): Promise<void> {
  const state = ledger.read.entity('space', ledger.space)?.body as SpaceState | undefined;
  const role = state?.members[key];
  if (role === undefined || role === 'reader') return;
  try {
    await announcer.announce();
  } catch (thrown) {
    // A member who was removed meanwhile has nothing to announce.
    if (toSkeinError(thrown).name !== 'not-member') throw thrown;
  }
}

/** The registered agents of this node, with what waits for them. */
function* agentsOf(ledger: Ledger, key: string): Generator<AgentNow> {
  for (const { id, body } of ledger.read.entities('inbox')) {
    if (isHomeById('inbox', id, key) !== true) continue;
    const { status, waiting } = body as InboxState;
    if (status !== 'open') continue;
    const inFlight = waiting.filter(({ until }) => until !== null).length;
    yield {
      name: id.slice(0, id.indexOf('@')),
      state: inFlight > 0 ? 'at work' : 'idle',
      waiting: waiting.length,
      inFlight,
    };
  }
}
