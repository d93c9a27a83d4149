/** Which commits of a space count: not those after a fork, nor those of a removed member after its cut. */
import type { SpaceState } from './space-reducer.ts';

/** Where a commit stands, and when its author says it was. */
export interface CommitPlace {
  readonly author: string;
  readonly chain: string;
  readonly seq: number;
  readonly hlc: string;
}

/** What cuts are decided by. */
export type Cuts = Pick<SpaceState, 'removed' | 'forks' | 'chains'>;

/** Nothing is cut. */
export const NO_CUTS: Cuts = { removed: {}, forks: {}, chains: [] };

/** Whether the events of a commit count. */
export const counts = (cuts: Cuts, place: Omit<CommitPlace, 'hlc'>): boolean =>
  place.seq <= (endOf(cuts, place) ?? Number.POSITIVE_INFINITY);

/** The last number of a chain that counts, undefined while all of it does. */
export function endOf(
  { removed, forks, chains }: Cuts,
  { author, chain }: Pick<CommitPlace, 'author' | 'chain'>,
): number | undefined {
  const fork = forks[chain];
  const ends = fork === undefined ? [] : [fork - 1];
  // Its author went on elsewhere, from there: what else it wrote here is what a backup did not know.
  for (const { after } of chains) if (after?.chain === chain) ends.push(after.seq);
  const cut = removed[author];
  if (cut === null) ends.push(0);
  else if (cut?.chain === chain) ends.push(cut.seq);
  else if (cut !== undefined && !isBefore(chains, chain, cut.chain)) ends.push(0);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Whether `chain` is one that `last` continues, directly or not. */
function isBefore(chains: Cuts['chains'], chain: string, last: string): boolean {
  const seen = new Set<string>();
  for (let at: string | undefined = last; at !== undefined && !seen.has(at);) {
    seen.add(at);
    const name: string = at;
    at = chains.find((started) => started.chain === name)?.after?.chain;
    if (at === chain) return true;
  }
  return false;
}
