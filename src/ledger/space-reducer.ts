/** The state of a space: who owns it, who is a member, which chains were started and why. */
import type { EventOf } from '#protocol/event-types.ts';

/** A chain that was started after a restored backup or a repair, and where the one before ends. */
export interface StartedChain {
  readonly chain: string;
  readonly reason: string;
  readonly after: { readonly chain: string; readonly seq: number } | null;
  readonly lost: readonly string[];
}

/** Members by key; `chains` lists chains that were started after the first. */
export interface SpaceState {
  readonly owner: string;
  readonly members: Readonly<Record<string, string>>;
  readonly chains: readonly StartedChain[];
}

/** Folds the events of a space. */
export function reduceSpace(state: SpaceState | undefined, event: EventOf<'space'>): SpaceState {
  const space = state ?? { owner: '', members: {}, chains: [] };
  switch (event.type) {
    case 'space.created': {
      const { owner } = event.data;
      return { ...space, owner, members: { ...space.members, [owner]: 'owner' } };
    }
    case 'space.member-admitted':
      return { ...space, members: { ...space.members, [event.data.key]: event.data.role } };
    case 'space.member-removed': {
      const { [event.data.key]: _removed, ...members } = space.members;
      return { ...space, members };
    }
    case 'space.chain-started': {
      const { chain, reason, after, lost = [] } = event.data;
      return { ...space, chains: [...space.chains, { chain, reason, after, lost }] };
    }
  }
}
