/** The chains of a space as other nodes are given them: heads, and pages of commits. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader } from '#protocol/commit.ts';
import { IdStore } from '#ledger/store/id-store.ts';
import { endOf, NO_CUTS, type Cuts } from '#ledger/state/space-cuts.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import type { KnownChain, Page, PageCommit, PageEvent } from '#ledger/ledger.ts';

/** Reads chains on an open connection; of one that was cut or forked only what counts. */
export interface ChainReader {
  readonly heads: () => readonly KnownChain[];
  readonly page: (chain: string, after: number, maxBytes: number) => Page | undefined;
}

/** How many commits a page has at the most. */
const MAX_COMMITS = 1_000;

/** So many are read at once: most pages are one commit that was made just now, and an iterator costs more. */
const SLICE_COMMITS = 20;

/** A reader of the chains of `space`; `state` answers what is known of the space now. */
export function makeChainReader(
  database: DatabaseSync,
  space: string,
  state: () => SpaceState | undefined,
): ChainReader {
  const nextChain = database.prepare(
    'SELECT chain FROM commits WHERE chain > ? ORDER BY chain LIMIT 1',
  );
  const last = database.prepare(
    'SELECT seq, hash, header FROM commits WHERE chain = ? AND seq <= ? ORDER BY seq DESC LIMIT 1',
  );
  const authors = new Map<string, string>();
  const authorOf = (chain: string): string => {
    const known = authors.get(chain);
    if (known !== undefined) return known;
    const row = last.get(chain, Number.MAX_SAFE_INTEGER);
    const { author } = decodeHeader(row?.['header'] as Uint8Array);
    authors.set(chain, author);
    return author;
  };
  const headOf = (chain: string, cuts: Cuts): KnownChain[] => {
    const author = authorOf(chain);
    const end = endOf(cuts, { author, chain });
    const row = last.get(chain, end ?? Number.MAX_SAFE_INTEGER);
    if (row === undefined) return [];
    const [seq, hash] = [Number(row['seq']), String(row['hash'])];
    return [{ author, chain, seq, hash, frozen: end !== undefined }];
  };
  return {
    heads: () => {
      const cuts = state() ?? NO_CUTS;
      const heads: KnownChain[] = [];
      // From chain to chain by the index: a record may have very many commits.
      for (let at = nextChain.get(''); at !== undefined;) {
        const chain = String(at['chain']);
        heads.push(...headOf(chain, cuts));
        at = nextChain.get(chain);
      }
      return heads;
    },
    page: makePages(database, space, (chain) => {
      const row = last.get(chain, Number.MAX_SAFE_INTEGER);
      if (row === undefined) return 0;
      return endOf(state() ?? NO_CUTS, { author: authorOf(chain), chain });
    }),
  };
}

function makePages(
  database: DatabaseSync,
  space: string,
  endOfChain: (chain: string) => number | undefined,
): ChainReader['page'] {
  const commits = database.prepare(
    `SELECT seq, header, signature FROM commits
     WHERE chain = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
  );
  const ids = new IdStore(database, 'read');
  const events = database.prepare(
    'SELECT salt, body FROM events WHERE position >= ? ORDER BY position LIMIT ?',
  );
  const eventsOf = (header: Buffer): PageEvent[] => {
    const listed = decodeHeader(header).events;
    // The events of a commit stand in a row; only the table of ids knows where.
    const first = ids.position(listed[0]?.id ?? '') ?? 0;
    return events
      .all(first, listed.length)
      .map((row) =>
        row['body'] === null
          ? null
          : { salt: row['salt'] as Uint8Array, body: row['body'] as Uint8Array },
      );
  };
  const toCommit = (row: Readonly<Record<string, unknown>>): PageCommit => {
    const header = Buffer.from(row['header'] as Uint8Array);
    return { header, signature: row['signature'] as Uint8Array, events: eventsOf(header) };
  };
  return (chain, after, maxBytes) => {
    const taken: PageCommit[] = [];
    let bytes = 0;
    const end = endOfChain(chain) ?? Number.MAX_SAFE_INTEGER;
    let at = after;
    for (let isMore = true; isMore && taken.length < MAX_COMMITS;) {
      const rows = commits.all(chain, at, end, SLICE_COMMITS);
      isMore = rows.length === SLICE_COMMITS;
      at = Number(rows.at(-1)?.['seq']);
      for (const row of rows) {
        const commit = toCommit(row);
        bytes += sizeOf(commit);
        if (taken.length > 0 && bytes > maxBytes) return { space, commits: taken };
        taken.push(commit);
      }
    }
    return taken.length === 0 ? undefined : { space, commits: taken };
  };
}

/** The bytes of a commit as it travels, but for its framing. */
export const sizeOf = ({ header, signature, events }: PageCommit): number =>
  events.reduce(
    (sum, event) => sum + (event === null ? 0 : event.salt.length + event.body.length),
    header.length + signature.length,
  );
