/** Nodes of one space in memory, each with its own copy of the record; pages are carried by hand. */
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature, type Signer } from '#identity/signer.ts';
import { makeChainReader, type ChainReader } from '#ledger/exchange/read-chains.ts';
import { foldAll } from '#ledger/state/refold.ts';
import { entityLine, stateHash } from '#ledger/state/fold.ts';
import type { Page, Taken } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import {
  makeTestLedger,
  newSigner,
  SPACE,
  type TestClock,
  type TestLedger,
} from './test-ledger.ts';

/** A node with its copy of the space. */
export interface TestNode extends TestLedger {
  readonly chains: ChainReader;
  readonly take: (page: Page) => Taken;
  /** The state as it is stored, as one hash. */
  readonly stateHash: () => string;
  /** The state folded anew, as one hash. */
  readonly foldedHash: () => string;
  readonly space: () => SpaceState;
}

/** What a node may be made with. */
export interface TestNodeOptions {
  readonly founder?: string;
  readonly signer?: Signer;
  readonly clock?: TestClock;
  readonly seed?: number;
  readonly database?: TestLedger['database'];
  readonly epoch?: number;
  readonly restart?: { readonly reason: string; readonly lost: readonly string[] };
}

const SPACE_ID = SPACE;

/** A node: the one that makes the space, or with `founder` one that joins it. */
export function makeTestNode(options: TestNodeOptions = {}): TestNode {
  const { database = openLedgerDatabase(':memory:'), signer = newSigner() } = options;
  const ledger = makeTestLedger({ ...options, database, signer, verifySignature });
  const space = (): SpaceState => {
    const row = database.prepare("SELECT * FROM entities WHERE kind = 'space'").get();
    return (row === undefined ? undefined : entityFromRow(row).body) as SpaceState;
  };
  return {
    ...ledger,
    chains: makeChainReader(database, SPACE_ID, space),
    take: (page) => ledger.core.take(page),
    stateHash: () => {
      const rows = database.prepare('SELECT * FROM entities').all().map(entityFromRow);
      return stateHash(reducers, rows);
    },
    foldedHash: () => stateHash(reducers, foldAll(database, reducers).values()),
    space,
  };
}

/** All entities of a node, one line each: what to show when two hashes differ. */
export const linesOf = ({ database }: TestNode): string[] =>
  database.prepare('SELECT * FROM entities').all().map(entityFromRow).map(entityLine).toSorted();

/** The page of a chain that follows what `to` has; undefined when it has all of it. */
export function nextPage(
  from: TestNode,
  to: TestNode,
  chain: string,
  bytes = 4_096,
): Page | undefined {
  const known = to.chains.heads().find((head) => head.chain === chain)?.seq ?? 0;
  return from.chains.page(chain, known, bytes);
}

/** Carries over all that `to` lacks and can take; answers how many pages that took. */
export function pull(from: TestNode, to: TestNode, bytes?: number): number {
  let pages = 0;
  for (let isNew = true; isNew;) {
    isNew = false;
    for (const { chain } of from.chains.heads()) {
      const page = nextPage(from, to, chain, bytes);
      if (page === undefined || !isTaken(to, page)) continue;
      pages += 1;
      isNew = true;
    }
  }
  return pages;
}

/** What nobody counts any more is offered in vain. */
function isTaken(to: TestNode, page: Page): boolean {
  try {
    return to.take(page).type === 'taken';
  } catch (thrown) {
    if ((thrown as Error).name === 'not-member') return false;
    throw thrown;
  }
}

/** Both have all of each other. */
export function meet(one: TestNode, other: TestNode): void {
  pull(one, other);
  pull(other, one);
}

/** Makes `joiner` a member of the space that `owner` made. */
export function admit(owner: TestNode, joiner: TestNode, role = 'writer'): void {
  const data = { key: joiner.signer.key, role };
  owner.store('test.state', [{ type: 'space.member-admitted', subject: `space/${SPACE}`, data }]);
}
