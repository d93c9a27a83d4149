/** The registered agents of a space, with what waits for each. */
import type { ListedAgent } from '#api/bus-door.ts';
import { isOut } from '#bus/inbox/hand-out.ts';
import type { InboxState } from '#bus/inbox/inbox-reducer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { shortNode } from '#protocol/address.ts';
import type { Presence } from '#protocol/events/node.ts';
import type { AgentCard, NodeCard } from '#registry/registry-reducer.ts';

/** How present an agent is, by its id, as far as this node knows. */
export type PresenceOf = (space: string, agent: string) => Presence | undefined;

/** What the list is made of, beside the record. */
export interface ListParts {
  readonly key: string;
  readonly nowMs: number;
  readonly presenceOf?: PresenceOf | undefined;
}

/** All that are not retired, by id. Without a registry only this node's own are known to be there. */
export function listAgents(
  { read, space }: Ledger,
  { key, nowMs, presenceOf }: ListParts,
): ListedAgent[] {
  const now = new Date(nowMs).toISOString();
  const names = new Map(
    read.entities('node').map(({ id, body }) => [shortNode(id), (body as NodeCard).name]),
  );
  const inboxes = new Map(read.entities('inbox').map(({ id, body }) => [id, body as InboxState]));
  return read.entities('agent').flatMap(({ id, body }): ListedAgent[] => {
    const { status, ...card } = body as AgentCard;
    if (status === 'retired') return [];
    const [name = '', node = ''] = id.split('@');
    const isHere = node === shortNode(key);
    const waiting = inboxes.get(id)?.waiting ?? [];
    const handedOut = waiting.filter((each) => isOut(each, now)).length;
    return [
      {
        id,
        name,
        space,
        node,
        nodeName: names.get(node) ?? null,
        isHere,
        ...card,
        presence: presenceOf?.(space, id) ?? (isHere ? 'alive' : null),
        waiting: waiting.length - handedOut,
        handedOut,
      },
    ];
  });
}
