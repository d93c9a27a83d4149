/**
 * The cards of a space as they come: all that are on the record, then each that changes. A change of
 * members may void or restore what others wrote, so after it everything is read anew.
 */
import type { Ledger, LedgerReader } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { AgentCard, NodeCard } from './registry-reducer.ts';

/** All cards and members of a space, with the members' roles by key. */
export interface AllCards {
  readonly members: Readonly<Record<string, string>>;
  readonly nodes: readonly (readonly [key: string, card: NodeCard])[];
  readonly agents: readonly (readonly [id: string, card: AgentCard])[];
}

/** Who is told. */
export interface CardSink {
  /** Everything, in place of all that was told before. */
  readonly all: (cards: AllCards) => void;
  readonly node: (key: string, card: NodeCard) => void;
  readonly agent: (id: string, card: AgentCard) => void;
}

/** What is needed of a ledger. */
export type CardLedger = Pick<Ledger, 'space' | 'read' | 'stats' | 'subscribe'>;

const NODE_TYPES: readonly unknown[] = ['node.announced'];
const AGENT_TYPES: readonly unknown[] = ['agent.registered', 'agent.retired'];

/** Tells all cards at once; the answer then tells changes until `signal` aborts or the ledger closes. */
export function readCards(
  ledger: CardLedger,
  sink: CardSink,
): (signal: AbortSignal) => Promise<void> {
  const { read, space } = ledger;
  // Taken before reading: a change in between is told twice, and never missed.
  const after = ledger.stats().events;
  tellAll(ledger, sink);
  return async (signal) => {
    for await (const events of ledger.subscribe({ after, follow: true, signal })) {
      const ids = { node: new Set<string>(), agent: new Set<string>() };
      let isAll = false;
      for (const { type, body } of events) {
        const kind = NODE_TYPES.includes(type)
          ? 'node'
          : AGENT_TYPES.includes(type)
            ? 'agent'
            : null;
        if (type?.startsWith('space.') === true || type === 'chain.forked') isAll = true;
        if (kind === null) continue;
        if (body === null) isAll = true;
        else ids[kind].add(idOf(body));
      }
      if (isAll) tellAll({ read, space }, sink);
      else tellSome({ read }, sink, ids);
    }
  };
}

const idOf = (body: Uint8Array): string => {
  const { subject } = decodeEvent(body).event;
  return subject.slice(subject.indexOf('/') + 1);
};

/** What ids of nodes and agents are made of, in the order in which they sort. */
const ID_LETTERS = '-0123456789@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
/** A reader lists no more entities at once. */
const MAX_LISTED = 10_000;

/** All entities of a kind; where they are too many for one list, by how their ids begin. */
function listAll(read: LedgerReader, kind: 'node' | 'agent', prefix = ''): readonly Entity[] {
  const listed = read.entities(kind, prefix);
  if (listed.length < MAX_LISTED) return listed;
  const exact = read.entity(kind, prefix);
  const longer = [...ID_LETTERS].flatMap((letter) => listAll(read, kind, prefix + letter));
  return exact === undefined ? longer : [exact, ...longer];
}

function tellAll({ read, space }: Pick<CardLedger, 'read' | 'space'>, sink: CardSink): void {
  const state = read.entity('space', space)?.body as SpaceState | undefined;
  sink.all({
    members: state?.members ?? {},
    nodes: listAll(read, 'node').map(({ id, body }) => [id, body as NodeCard]),
    agents: listAll(read, 'agent').map(({ id, body }) => [id, body as AgentCard]),
  });
}

function tellSome(
  { read }: Pick<CardLedger, 'read'>,
  sink: CardSink,
  ids: Readonly<Record<'node' | 'agent', ReadonlySet<string>>>,
): void {
  for (const id of ids.node) {
    const card = read.entity('node', id)?.body;
    if (card !== undefined) sink.node(id, card as NodeCard);
  }
  for (const id of ids.agent) {
    const card = read.entity('agent', id)?.body;
    if (card !== undefined) sink.agent(id, card as AgentCard);
  }
}
