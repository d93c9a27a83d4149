/**
 * Where two histories of one chain part. Each commit names the one before it, so they are the same
 * up to some number and never again: it is found by halving, and the peer's first other commit is
 * given to the ledger, which proves the fork and keeps both.
 */
import type { Exchange, Page } from '#ledger/ledger.ts';
import { headerOf, idOf } from './heads.ts';
import type { PeerSession } from './peer-session.ts';

/**
 * The page with the peer's first commit of `chain` that differs from ours, up to `at`; undefined when
 * none does, or the peer no longer has it.
 */
export async function findFork(
  exchange: Pick<Exchange, 'page'>,
  session: PeerSession,
  chain: string,
  at: number,
): Promise<Page | undefined> {
  let [same, differs] = [0, at + 1];
  let found: Page | undefined;
  while (differs - same > 1) {
    const middle = (same + differs) >> 1;
    const theirs = await commitAt(session, chain, middle);
    const ours = exchange.page(chain, middle - 1, 1);
    if (theirs === undefined || ours === undefined) differs = middle;
    else if (firstId(theirs) === firstId(ours)) same = middle;
    else {
      differs = middle;
      found = theirs;
    }
  }
  return found;
}

async function commitAt(
  session: PeerSession,
  chain: string,
  seq: number,
): Promise<Page | undefined> {
  const [page] = await session.pages(chain, seq - 1, 1);
  const first = page?.commits[0];
  if (page === undefined || first === undefined) return undefined;
  // Nothing else is taken on this way, whatever the peer answers with.
  const header = headerOf(first);
  if (header.chain !== chain || header.seq !== seq) return undefined;
  return { space: page.space, commits: [first] };
}

const firstId = ({ commits }: Page): string | undefined => commits[0] && idOf(commits[0]);
