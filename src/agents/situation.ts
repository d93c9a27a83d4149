/** What an agent knows of its peers: a fold of what it heard. Pure. */
import type { MessageKind } from '#protocol/events/message.ts';

/** What agents say to each other, as it travels; `id` is that of the recorded message. */
export interface PeerMessage {
  readonly id: string;
  readonly from: string;
  readonly kind: MessageKind;
  readonly text: string;
  readonly about: readonly string[];
  readonly task: string;
}

/** Who said that they take care of a path. */
export interface Taken {
  readonly agent: string;
  readonly task: string;
}

/** Paths that peers have spoken for. */
export interface Situation {
  readonly taken: ReadonlyMap<string, Taken>;
}

/** Nothing was heard yet. */
export const emptySituation: Situation = { taken: new Map() };

/** The most paths that are kept in mind; the oldest are forgotten. */
const MOST_PATHS = 10_000;

/** The situation after `message`: who speaks first for a path has it. */
export function hear(situation: Situation, message: PeerMessage): Situation {
  const { kind, about, from: agent, task } = message;
  if (kind !== 'announce') return situation;
  const taken = new Map(situation.taken);
  for (const path of about) if (!taken.has(path)) taken.set(path, { agent, task });
  for (const path of taken.keys()) {
    if (taken.size <= MOST_PATHS) break;
    taken.delete(path);
  }
  return { taken };
}
