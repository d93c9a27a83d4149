/** Whose inbox a speaker has, and that the person at a node has one. */
import type { Ledger } from '#ledger/ledger.ts';
import { agentId, PERSON, speakerId } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';

/** Stands for the inbox of who asks; no agent can be so named. */
export const OWN = '~';

/** Who speaks on this node. */
export interface Speaking {
  readonly speaker: Speaker;
  /** The key of this node. */
  readonly key: string;
}

/** A person may take a day, and isn't given up on after a few times. */
const PATIENCE = { handleMs: 86_400_000, tries: 20 } as const;

/** The id of the inbox that is meant: that of who speaks unless another one is named. */
export function inboxId({ speaker, key }: Speaking, named: string | undefined = OWN): string {
  const own = speakerId(speaker.actor, key);
  const id = named === OWN ? own : named.includes('@') ? named : agentId(named, key);
  if (id === own || speaker.authority === 'human') return id;
  throw new SkeinError('unauthorized', `Cannot open inbox ${id}: it is not that of ${own}`, {
    fix: "Use the token of that agent (--as), or the person's.",
  });
}

/** The person has an inbox from the first time on that it says something. */
export async function ensurePerson(
  ledger: Ledger,
  { speaker, key }: Speaking,
  newId: () => string,
): Promise<void> {
  if (speaker.authority !== 'human') return;
  if (ledger.read.entity('agent', agentId(PERSON, key)) !== undefined) return;
  const input = { name: PERSON, role: PERSON, skills: [], topics: [], ...PATIENCE };
  await ledger.execute({ id: newId(), name: 'agent.register', input }, speaker);
}
