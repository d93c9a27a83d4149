/** Says who may have been meant when somebody writes to an agent that is not there. */
import type { Ledger } from '#ledger/ledger.ts';
import { nearWords } from '#lib/near-words.ts';
import { parseAddress } from '#protocol/address.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { AgentCard } from '#registry/registry-reducer.ts';

/** Runs `send`; a `not-found` names the agents, skills or topics that are nearly so called. */
export async function withNearNames<T>(
  ledger: Ledger,
  to: string,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send();
  } catch (thrown) {
    const error = toSkeinError(thrown);
    if (error.name !== 'not-found') throw thrown;
    const { type, name } = parseAddress(to);
    const near = nearWords(name, [...namesOf(ledger, type)]);
    const fix =
      near.length > 0
        ? `Did you mean ${near.join(' or ')}? See: skein agents`
        : 'See who there is: skein agents. An agent is added by: skein agents add <name>';
    throw new SkeinError('not-found', error.message, { fix, details: { near }, cause: thrown });
  }
}

function namesOf(ledger: Ledger, type: string): ReadonlySet<string> {
  const cards = ledger.read
    .entities('agent')
    .map(({ id, body }) => ({ name: id.slice(0, id.indexOf('@')), card: body as AgentCard }))
    .filter(({ card }) => card.status === 'registered');
  if (type === 'skill') return new Set(cards.flatMap(({ card }) => card.skills));
  if (type === 'topic') return new Set(cards.flatMap(({ card }) => card.topics));
  return new Set(cards.map(({ name }) => name));
}
