/** Keeps the card of this node on the record as it is: announced when it starts, and when it drains. */
import type { Command, Speaker } from '#protocol/command.ts';
import type { NodeCard } from './registry-reducer.ts';

/** What an announcer is made of. */
export interface AnnouncerOptions {
  readonly execute: (command: Command, speaker: Speaker) => Promise<unknown>;
  readonly newId: () => string;
  /** The node's key. */
  readonly node: string;
  /** What the node says of itself, but for whether it drains. */
  readonly card: () => Omit<NodeCard, 'draining'>;
}

/** Announces one node in one space. Nothing is recorded while nothing is new. */
export interface Announcer {
  readonly announce: () => Promise<void>;
  /** While it drains, others give its agents no new work of a group. */
  readonly drain: (draining: boolean) => Promise<void>;
}

/** An announcer of a node that does not drain yet. */
export function makeAnnouncer({ execute, newId, node, card }: AnnouncerOptions): Announcer {
  const speaker: Speaker = { actor: `node:${node.slice(0, 16)}`, authority: 'system' };
  let draining = false;
  const announce = async (): Promise<void> => {
    const input: NodeCard = { ...card(), draining };
    await execute({ id: newId(), name: 'node.announce', input }, speaker);
  };
  return {
    announce,
    drain: (wanted) => {
      draining = wanted;
      return announce();
    },
  };
}
