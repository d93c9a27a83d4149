/** Says of a mission that something of it was pruned, wherever that is missed. */
import type { PrunedNote } from '#ledger/prune/pruned-mission.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { FoundMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import type { Style } from '../style.ts';
import { count, size } from '../wording.ts';

/** What was pruned of the mission, the latest first. */
export async function fetchPruned(
  client: NodeClient,
  { id: mission, space }: Pick<FoundMission, 'id' | 'space'>,
): Promise<readonly PrunedNote[]> {
  const call = { id: newCommandId(), name: 'record.pruned', input: { mission }, space };
  return (await client.post<{ pruned: PrunedNote[] }>(call)).pruned;
}

/** One line for each time: what is gone, since when, by whom and why. */
export const prunedLines = (notes: readonly PrunedNote[], { yellow }: Style): string[] =>
  notes.map(({ event, time, by, what, reason, events, bytes }) => {
    const gone =
      what === 'outputs' ? 'what programs printed' : `the bodies of ${count(events, 'event')}`;
    return `${yellow('pruned')} on ${time} by ${by}: ${gone}, ${size(bytes)} (${reason}; event ${event})`;
  });

/** The content, or undefined when its blob is not there any more. */
export async function unlessGone<T>(content: Promise<T>): Promise<T | undefined> {
  try {
    return await content;
  } catch (thrown) {
    if (toSkeinError(thrown).name === 'blob-missing') return undefined;
    throw thrown;
  }
}
