/** Stores the commits of other nodes: rows, ids and entities, as if they had been written here. */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader } from '#protocol/commit.ts';
import { MAX_EVENT_BYTES } from '#protocol/event.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import type { CommitShelf } from '#ledger/commit-shelf.ts';
import type { ChainHead, Page, PageCommit } from '#ledger/ledger.ts';
import type { OwnChain } from '#ledger/own-chain.ts';
import { readState } from '#ledger/prune/kept-state.ts';
import type { ReadBlob } from '#ledger/prune/pruned-list.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { checkPage, type CheckedCommit, type CheckedPage, type Fork } from './check-page.ts';
import { refused, type PageContext } from './page-context.ts';
import { idRanges, type TakenEvent } from './page-events.ts';

/** What pages are taken with. `owner` is the key that created the space. */
export interface PageTakerOptions {
  readonly database: DatabaseSync;
  readonly space: string;
  readonly owner: string;
  readonly now: () => number;
  readonly reducers: ReducerSet;
  readonly readBlob?: ReadBlob;
  readonly verifySignature?: PageContext['verifySignature'];
  readonly shelf: CommitShelf;
  readonly own: OwnChain;
}

/** Events after which all is folded anew. */
const CUTTING: readonly string[] = ['space.member-removed', 'space.chain-started', 'chain.forked'];

/** Takes pages for the writer of a space, in transactions that it is called in. */
export class PageTaker {
  readonly #options: PageTakerOptions;
  readonly #context: PageContext;
  /** What two nodes made under one name, and whose of them is void: looked into once. */
  readonly #rivals = new Set<string>();

  constructor(options: PageTakerOptions) {
    const { database, now, owner, space, readBlob, verifySignature = never } = options;
    this.#options = options;
    const commits = commitReader(database);
    this.#context = {
      space,
      owner,
      get nowMs() {
        return now();
      },
      ...commits,
      state: () => this.#state(),
      hasBlob: (hash) => readBlob?.(hash) !== undefined,
      verifySignature,
    };
  }

  /** Throws what a page is refused with. */
  check(page: Page): CheckedPage {
    return checkPage(page, this.#context);
  }

  /** What was stored last was undone: it will come again. */
  forget(): void {
    this.#rivals.clear();
  }

  /** The last commit of a chain up to a number; null when there is none. */
  headAt(chain: string, seq: number): ChainHead | null {
    const row = this.#options.database
      .prepare('SELECT seq, hash FROM commits WHERE chain = ? AND seq = ?')
      .get(chain, seq);
    return row === undefined ? null : { chain, seq, hash: String(row['hash']) };
  }

  /** What says on the record that a chain forked; undefined when that is known, or can't be written. */
  evidence({ at, header, first, second }: Fork): NewSkeinEvent | undefined {
    const { author, chain, space } = header;
    if ((this.#state()?.forks[chain] ?? Number.POSITIVE_INFINITY) <= at) return undefined;
    const data = { author, chain, seq: at, first: asText(first), second: asText(second) };
    // Two very long headers do not fit into one event: then it is only known here that they differ.
    if (JSON.stringify(data).length > MAX_EVENT_BYTES / 2) return undefined;
    return { type: 'chain.forked', subject: `space/${space}`, data };
  }

  /** Stores commits that were checked; inside the transaction. Answers true: there is something. */
  store(commits: readonly CheckedCommit[]): boolean {
    const { shelf, own } = this.#options;
    let again = false;
    for (const { commit, header, id, events } of commits) {
      this.#takeIds(events);
      for (const { content } of events) {
        if (content === undefined) continue;
        again = this.#fold(content.decoded, header.author) || again;
      }
      shelf.entities.settle();
      const { chain, seq } = header;
      const { header: bytes, signature } = commit;
      shelf.add({ header: bytes, signature, head: { chain, seq, hash: id } }, events.map(toRow));
      own.observe(header, id);
    }
    if (again) shelf.refold();
    return true;
  }

  #takeIds(events: readonly TakenEvent[]): void {
    const { shelf } = this.#options;
    let position = shelf.position + 1;
    for (const [id, count] of idRanges(events.map((event) => event.id))) {
      if (!shelf.ids.isFree(id, count)) throw refused(`the id ${id} is taken`);
      shelf.ids.add({ id, position, count });
      position += count;
    }
  }

  /** Answers whether all has to be folded anew. */
  #fold(decoded: NonNullable<TakenEvent['content']>['decoded'], author: string): boolean {
    const { shelf, reducers, readBlob = () => undefined } = this.#options;
    if (!decoded.known) return false;
    const { event } = decoded;
    if (event.type === 'record.pruned' && author === this.#options.owner) {
      for (const kept of readState(event.data, reducers, readBlob)) shelf.entities.set(kept);
      return false;
    }
    if (shelf.fold(decoded, author)) return CUTTING.includes(event.type);
    return this.#isNewRival(decoded, author);
  }

  /** Whether somebody else is the home of what this event makes: who was first must be found out. */
  #isNewRival(decoded: Parameters<CommitShelf['rivalOf']>[0], author: string): boolean {
    const rival = this.#options.shelf.rivalOf(decoded, author);
    if (rival === undefined || this.#rivals.has(rival)) return false;
    this.#rivals.add(rival);
    return true;
  }

  #state(): SpaceState | undefined {
    const { shelf, space } = this.#options;
    return shelf.entities.get('space', space)?.body as SpaceState | undefined;
  }
}

const never = (): boolean => false;

const toRow = ({ content }: TakenEvent): Parameters<CommitShelf['add']>[1][number] =>
  content === undefined
    ? null
    : { event: content.decoded.event, salt: content.salt, body: content.body };

const asText = ({ header, signature }: PageCommit): { header: string; signature: string } => ({
  header: Buffer.from(header).toString('base64'),
  signature: Buffer.from(signature).toString('base64'),
});

function commitReader(database: DatabaseSync): Pick<PageContext, 'head' | 'commit'> {
  const last = database.prepare(
    'SELECT seq, hash, header FROM commits WHERE chain = ? ORDER BY seq DESC LIMIT 1',
  );
  const one = database.prepare('SELECT header, signature FROM commits WHERE chain = ? AND seq = ?');
  return {
    head: (chain) => {
      const row = last.get(chain);
      if (row === undefined) return undefined;
      const { author, hlc } = decodeHeader(row['header'] as Uint8Array);
      return { author, hlc, chain, seq: Number(row['seq']), hash: String(row['hash']) };
    },
    commit: (chain, seq) => {
      const row = one.get(chain, seq);
      if (row === undefined) return undefined;
      const [header, signature] = [row['header'] as Uint8Array, row['signature'] as Uint8Array];
      return { header, signature, events: [] };
    },
  };
}
