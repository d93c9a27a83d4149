/** The state of a space: who owns it, who is a member or was, which chains began or forked. */
import type { EventOf } from '#protocol/event-types.ts';

/** A chain that was started after a restored backup or a repair, and where the one before ends. */
export interface StartedChain {
  readonly chain: string;
  readonly reason: string;
  readonly after: { readonly chain: string; readonly seq: number } | null;
  readonly lost: readonly string[];
}

/** Where the commits of a member who was removed end to count. */
export interface Cut {
  readonly chain: string;
  readonly seq: number;
}

/**
 * Roles of members by key; `removed` has those who were, null = nothing of theirs counts; `chains`
 * lists chains that were started after an author's first, by id; `forks` the number of a chain from
 * which on nothing counts.
 */
export interface SpaceState {
  readonly owner: string;
  readonly members: Readonly<Record<string, string>>;
  readonly removed: Readonly<Record<string, Cut | null>>;
  readonly chains: readonly StartedChain[];
  readonly forks: Readonly<Record<string, number>>;
}

const EMPTY: SpaceState = { owner: '', members: {}, removed: {}, chains: [], forks: {} };

/** Folds the events of a space. */
export function reduceSpace(state: SpaceState | undefined, event: EventOf<'space'>): SpaceState {
  const space = state ?? EMPTY;
  switch (event.type) {
    case 'space.created': {
      const { owner } = event.data;
      return { ...space, owner, members: { ...space.members, [owner]: 'owner' } };
    }
    case 'space.member-admitted':
      return { ...space, members: { ...space.members, [event.data.key]: event.data.role } };
    case 'space.member-removed': {
      const { key, cut } = event.data;
      const { [key]: _removed, ...members } = space.members;
      const end = cut === undefined ? null : { chain: cut.chain, seq: cut.seq };
      return { ...space, members, removed: { ...space.removed, [key]: end } };
    }
    case 'space.chain-started':
      return { ...space, chains: withChain(space.chains, event.data) };
    case 'chain.forked': {
      const { chain, seq } = event.data;
      const first = Math.min(seq, space.forks[chain] ?? seq);
      return { ...space, forks: { ...space.forks, [chain]: first } };
    }
  }
}

/** By id, because they come in any order. */
function withChain(
  chains: readonly StartedChain[],
  {
    chain,
    reason,
    after,
    lost = [],
  }: Extract<EventOf<'space'>, { type: 'space.chain-started' }>['data'],
): readonly StartedChain[] {
  const started = { chain, reason, after, lost };
  return [...chains.filter((each) => each.chain !== chain), started].sort((a, b) =>
    a.chain < b.chain ? -1 : 1,
  );
}
