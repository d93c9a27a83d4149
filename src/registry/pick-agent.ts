/**
 * Which agent of a group gets the work: one that is there, then the least loaded, then in turn. Pure,
 * so that whoever decides with the same knowledge decides the same.
 */
import type { Presence } from '#protocol/events/node.ts';

/** What is known of a candidate; `waiting` and `inFlight` are messages. */
export interface CandidateLoad {
  readonly presence: Presence;
  readonly waiting: number;
  readonly inFlight: number;
}

/** Picks one of `candidates` (ids), undefined when there are none. */
export type PickAgent = (
  candidates: readonly string[],
  load: (id: string) => CandidateLoad | undefined,
  turn: number,
) => string | undefined;

// Silence is no proof that somebody is gone: work for the lost waits, it is given to nobody else.
const RANKS: Readonly<Record<Presence, number>> = { alive: 0, late: 1, draining: 2, lost: 3 };
/** Nothing is known: rather one that was heard of. */
const UNKNOWN: CandidateLoad = { presence: 'lost', waiting: 0, inFlight: 0 };

/**
 * The least loaded of those alive, else late, else draining, else lost. Among equals `turn`, which
 * the caller counts up with every choice, goes through them in the order of ids.
 */
export const pickAgent: PickAgent = (candidates, load, turn) =>
  inTurn(
    candidates.map((id) => ({ ...UNKNOWN, ...load(id), id })),
    turn,
    1,
  )[0];

/** The ids of the `most` whom `pickAgent` would pick one after the other. */
export function inTurn(
  candidates: readonly (CandidateLoad & { readonly id: string })[],
  turn: number,
  most: number,
): string[] {
  const groups = Map.groupBy(candidates, costOf);
  const picked: string[] = [];
  for (const cost of [...groups.keys()].sort((a, b) => a - b)) {
    const ids = [...new Set(groups.get(cost)?.map(({ id }) => id))].sort();
    const start = ((turn % ids.length) + ids.length) % ids.length;
    picked.push(...ids.slice(start), ...ids.slice(0, start));
    if (picked.length >= most) break;
  }
  return picked.slice(0, most);
}

const MOST_MESSAGES = 2 ** 40;

/** As one number: how present it is counts before any load. */
const costOf = ({ presence, waiting, inFlight }: CandidateLoad): number =>
  RANKS[presence] * MOST_MESSAGES + Math.min(waiting + inFlight, MOST_MESSAGES - 1);
