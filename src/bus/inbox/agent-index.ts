/** Who there is: the registered agents of a space by name, skill and topic, for those who decide. */
import type { EntityView } from '#ledger/decider.ts';
import type { AgentCard } from '#registry/registry-reducer.ts';

/** Ids of registered agents, each list sorted. */
export interface AgentIndex {
  readonly cards: Map<string, AgentCard>;
  readonly byName: Map<string, string[]>;
  readonly bySkill: Map<string, string[]>;
  readonly byTopic: Map<string, string[]>;
}

/** The view for `DecisionContext.view`. */
export const agentIndex: EntityView<AgentIndex> = {
  kind: 'agent',
  start: () => ({ cards: new Map(), byName: new Map(), bySkill: new Map(), byTopic: new Map() }),
  add: (index, { id, body }) => {
    const before = index.cards.get(id);
    if (before !== undefined) list(index, id, before, remove);
    const card = body as AgentCard;
    if (card.status === 'retired') {
      index.cards.delete(id);
      return;
    }
    index.cards.set(id, card);
    list(index, id, card, insert);
  },
};

/** The name in the id of an agent. */
export const nameOf = (id: string): string => id.slice(0, id.indexOf('@'));

type Change = (lists: Map<string, string[]>, key: string, id: string) => void;

function list(index: AgentIndex, id: string, card: AgentCard, change: Change): void {
  change(index.byName, nameOf(id), id);
  for (const skill of card.skills) change(index.bySkill, skill, id);
  for (const topic of card.topics) change(index.byTopic, topic, id);
}

/** Where `id` stands in a sorted list, or where it would. */
function placeOf(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] as string) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

const insert: Change = (lists, key, id) => {
  const ids = lists.get(key) ?? [];
  const place = placeOf(ids, id);
  if (ids[place] !== id) ids.splice(place, 0, id);
  lists.set(key, ids);
};

const remove: Change = (lists, key, id) => {
  const ids = lists.get(key) ?? [];
  const place = placeOf(ids, id);
  if (ids[place] === id) ids.splice(place, 1);
  if (ids.length === 0) lists.delete(key);
};
