/**
 * Walks all commits and their events in stored order. A contiguous run of a chain is
 * authenticated by its last signature, because every commit's id covers the header and signature
 * before it; single signatures are only checked around a finding, to name the right commit.
 */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { commitId, eventHash } from '#ledger/store/commit-writer.ts';
import { RecordFold } from '#ledger/state/fold-record.ts';
import { readSpace } from '#ledger/state/refold.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { CommitPlace } from '#ledger/state/space-cuts.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { readState } from '#ledger/prune/kept-state.ts';
import { readList, type PrunedData, type ReadBlob } from '#ledger/prune/pruned-list.ts';
import { AbsentBodies } from './absent-bodies.ts';
import { blobsNamedIn, type NamedBlob } from './verify-blobs.ts';
import type { DamageList } from './verify-damage.ts';
import { EventCursor, IdWalk, readHeader, type EventRow } from './walk-rows.ts';

interface CommitRow {
  readonly position: number;
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
}

interface Link {
  readonly row: CommitRow;
  readonly header: CommitHeader;
  readonly id: string;
}

/** Commits of a chain that were not where they belong; some may turn up later. */
interface Gap {
  readonly chain: string;
  readonly from: number;
  readonly to: number;
}

/**
 * What to walk; `anchors` are the commits whose ids are asked for afterwards, `owner` is the key
 * that the genesis must be by (undefined = any).
 */
export interface WalkRequest {
  readonly space: string;
  readonly owner?: string | undefined;
  /** The key of this node, whose blobs must be here (undefined = everybody's). */
  readonly self?: string | undefined;
  readonly reducers: ReducerSet;
  readonly anchors: readonly ChainHead[];
  /** Finds what `record.pruned` names; absent where nothing was pruned. */
  readonly readBlob?: ReadBlob;
  /** Whether `signature` over `bytes` was made by `key`. */
  readonly verifySignature: (key: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
}

/** The state of a walk; use `run` once, then read the results. */
export class ChainWalk {
  readonly blobs = new Map<string, NamedBlob>();
  commits = 0;
  events = 0;
  pruned = 0;
  last: ChainHead | null = null;
  readonly #request: WalkRequest;
  readonly #damage: DamageList;
  readonly #absent = new AbsentBodies();
  readonly #chains = new Map<string, Link>();
  readonly #watched: ReadonlySet<string>;
  readonly #hashes = new Map<string, string>();
  readonly #gaps: Gap[] = [];
  readonly #late = new Set<string>();
  readonly #suspects = new Set<string>();
  readonly #firstChains = new Map<string, string>();
  #fold: RecordFold;
  #space: SpaceState | undefined;
  #commitPosition = 0;
  #eventPosition = 1;

  constructor(request: WalkRequest, damage: DamageList) {
    this.#request = request;
    this.#watched = new Set(request.anchors.map(({ chain, seq }) => `${chain}:${seq}`));
    this.#damage = damage;
    this.#fold = new RecordFold(request.reducers, undefined);
  }

  /** What the events fold to. */
  get entities(): ReadonlyMap<string, Entity> {
    return this.#fold.entities;
  }

  lastSeq(chain: string): number {
    return this.#chains.get(chain)?.header.seq ?? 0;
  }

  /** The id of a commit that an anchor names; others are not kept. */
  anchoredHash(chain: string, seq: number): string | undefined {
    return this.#hashes.get(`${chain}:${seq}`);
  }

  /** What a repair said is lost: findings about it are explained. */
  get explained(): ReadonlySet<string> {
    return new Set(this.#started.flatMap(({ lost }) => lost));
  }

  /** Where a chain was ended by the start of another one, after a repair or a restored backup. */
  endedAt(chain: string): number | undefined {
    return this.#started.find(({ after }) => after?.chain === chain)?.after?.seq;
  }

  get #started(): SpaceState['chains'] {
    return this.#space?.chains ?? [];
  }

  run(database: DatabaseSync): void {
    this.#readSpace(database);
    const ids = new IdWalk(database, this.#damage);
    const events = new EventCursor(database, this.#damage);
    const startOf = database.prepare('SELECT position FROM ids WHERE id = ?');
    for (const row of readCommits(database)) {
      const link = this.#readCommit(row);
      this.commits += 1;
      if (link === undefined) {
        this.#eventPosition = events.skip(row.position, this.#eventPosition);
        ids.skipTo(this.#eventPosition);
      } else {
        if (row.position !== this.#commitPosition + 1) {
          // Commits are missing before this one: only its ids tell where its events begin.
          const first = (link.header.events[0]?.id ?? '').replaceAll('-', '');
          const found = startOf.get(Buffer.from(first, 'hex'));
          this.#eventPosition = Number(found?.['position'] ?? this.#eventPosition);
        }
        this.#walkEvents(link, events, ids);
      }
      this.#commitPosition = row.position;
    }
    events.end();
    ids.end(this.#eventPosition);
    this.#nameUnexplained(database);
    for (const gap of this.#gaps) this.#nameMissing(gap);
    for (const tail of this.#chains.values()) this.#checkSignature(tail);
    if (this.#suspects.size > 0) this.#nameForged(database);
    this.#checkOwner();
    this.#checkStarts();
  }

  /** What the space says of itself decides what counts; what can't be read is named on the way. */
  #readSpace(database: DatabaseSync): void {
    try {
      const space = readSpace(database, this.#request.reducers);
      this.#space = space?.body as SpaceState | undefined;
      this.#fold = new RecordFold(this.#request.reducers, space);
    } catch (error) {
      this.#damage.add('event-unreadable', this.#request.space, (error as Error).message);
    }
  }

  #readCommit(row: CommitRow): Link | undefined {
    let header: CommitHeader;
    try {
      header = decodeHeader(row.header);
    } catch (error) {
      this.#damage.add('header-unreadable', row.hash, (error as Error).message);
      return undefined;
    }
    const link = { row, header, id: commitId(row.header, row.signature) };
    if (link.id !== row.hash) {
      this.#damage.add(
        'header-changed',
        row.hash,
        'its header or signature is not what its id says',
      );
    }
    if (row.chain !== header.chain || row.seq !== header.seq) {
      this.#damage.add('index-differs', row.hash, 'its columns are not what its header says');
    }
    if (header.space !== this.#request.space) {
      this.#damage.add('commit-foreign', row.hash, `it belongs to space ${header.space}`);
    }
    this.#followChain(link);
    return link;
  }

  #followChain(link: Link): void {
    const { author, chain, seq, prev } = link.header;
    const before = this.#chains.get(chain);
    if (!this.#firstChains.has(author)) this.#firstChains.set(author, chain);
    const expected = (before?.header.seq ?? 0) + 1;
    if (seq !== expected || prev !== (before?.id ?? null)) {
      this.#nameBreak(link, before, expected);
      this.#checkSignature(link);
      if (before !== undefined) this.#checkSignature(before);
    } else if (before !== undefined && before.header.author !== author) {
      // The last signature of a run vouches for all of it, so a run has one author.
      this.#damage.add('commit-foreign', link.row.hash, `the chain is not one of ${author}`);
      this.#checkSignature(before);
    }
    const name = `${chain}:${seq}`;
    if (this.#watched.has(name)) this.#hashes.set(name, link.id);
    if (seq < expected) return;
    this.#chains.set(chain, link);
    this.last = { chain, seq, hash: link.id };
  }

  #nameBreak({ row, header }: Link, before: Link | undefined, expected: number): void {
    const { chain, seq } = header;
    if (seq > expected) {
      this.#gaps.push({ chain, from: expected, to: seq - 1 });
    } else if (seq < expected) {
      this.#late.add(`${chain}:${seq}`);
      const detail = `it is number ${seq} where ${expected} belongs`;
      this.#damage.add('commit-reordered', row.hash, detail);
    } else {
      const name = before?.row.hash ?? row.hash;
      this.#damage.add('header-changed', name, `commit ${seq} of the chain does not build on it`);
    }
  }

  /** Those that came later are reordered, not missing. */
  #nameMissing({ chain, from, to }: Gap): void {
    let first = from;
    while (first <= to && this.#late.has(`${chain}:${first}`)) first += 1;
    if (first > to) return;
    const range = first === to ? `commit ${to}` : `commits ${first} to ${to}`;
    this.#damage.add('commit-missing', `${chain}:${first}`, `${range} of the chain are not here`);
  }

  #checkSignature({ row, header }: Link): void {
    const { verifySignature } = this.#request;
    if (verifySignature(header.author, signedBytes(row.header), row.signature)) return;
    this.#suspects.add(header.chain);
    this.#damage.add('signature-forged', row.hash, `it is not signed by ${header.author}`);
  }

  /** A run whose last signature is false vouches for nothing: each commit is asked for itself. */
  #nameForged(database: DatabaseSync): void {
    const suspects = new Set(this.#suspects);
    for (const row of readCommits(database)) {
      if (this.#damage.full) return;
      const header = readHeader(row.header);
      if (header !== undefined && suspects.has(header.chain)) {
        this.#checkSignature({ row, header, id: row.hash });
      }
    }
  }

  /**
   * An author's first chain is free; each further one must say on the record why it began. Of another
   * node's the first may have come last, or it says nothing: neither is damage of this copy.
   */
  #checkStarts(): void {
    const { self } = this.#request;
    for (const [chain, { header, row }] of this.#chains) {
      if (self !== undefined && header.author !== self) continue;
      const first = this.#firstChains.get(header.author);
      if (chain === first || this.#started.some((started) => started.chain === chain)) continue;
      this.#damage.add('commit-foreign', row.hash, `the chain ${chain} was never started`);
    }
  }

  /** Whoever lacks the owner's key can make a record of his own, but not this one. */
  #checkOwner(): void {
    const { owner, space } = this.#request;
    const genesis = this.entities.get(`space/${space}`);
    if (owner === undefined || genesis === undefined || genesis.home === owner) return;
    this.#damage.add('author-unknown', space, `it was created by ${genesis.home}, not by ${owner}`);
  }

  #isOwner(author: string): boolean {
    return this.entities.get(`space/${this.#request.space}`)?.home === author;
  }

  #walkEvents({ row, header }: Link, events: EventCursor, ids: IdWalk): void {
    const hashes = new Set(header.events.map((event) => event.hash));
    const { chain, seq } = header;
    const size = header.events.length;
    for (const [index, entry] of header.events.entries()) {
      const position = this.#eventPosition;
      this.#eventPosition += 1;
      this.events += 1;
      ids.expect(position, entry.id);
      const found = events.take(position);
      if (found === undefined) {
        this.#damage.add('event-missing', entry.id, `commit ${row.hash} has it, the table has not`);
        continue;
      }
      if (found.commit_position !== row.position) {
        this.#damage.add('index-differs', entry.id, 'it is filed under another commit');
      }
      if (found.body === null || found.salt === null) {
        // With its body an event loses its salt and type; half of it is no pruned event.
        if (found.body !== null || found.salt !== null || found.type !== null) {
          this.#damage.add('event-missing', entry.id, 'a part of it was removed');
        } else this.#absent.add(found.mission, { chain, seq, index, size });
        continue;
      }
      const actual = eventHash(found.salt, found.body);
      if (actual !== entry.hash) {
        const kind = hashes.has(actual) ? 'commit-reordered' : 'event-changed';
        this.#damage.add(kind, entry.id, `commit ${row.hash} signed other bytes`);
      } else this.#foldBody(entry.id, header, found);
    }
    const { members = {}, removed = {} } = this.#space ?? {};
    if (!Object.hasOwn(members, header.author) && !Object.hasOwn(removed, header.author)) {
      this.#damage.add('author-unknown', row.hash, `${header.author} is not a member of the space`);
    }
  }

  #nameUnexplained(database: DatabaseSync): void {
    let unexplained = 0;
    for (const id of this.#absent.unexplained(database)) {
      unexplained += 1;
      this.#damage.add('event-missing', id, 'its body was removed and nothing explains it');
    }
    this.pruned = this.#absent.count - unexplained;
  }

  /** What it names is explained up to here; the state that can't be folded any more is kept by it. */
  #takePruned(mission: string, data: PrunedData): void {
    const { readBlob = () => undefined, reducers } = this.#request;
    const { list: listBlob, state = [] } = data;
    for (const { hash } of [...(listBlob === undefined ? [] : [listBlob]), ...state]) {
      if (readBlob(hash) !== undefined) continue;
      // Said here, before all that is no longer explained without it.
      this.#damage.add('blob-missing', hash, `${mission} was pruned, and this belongs to it`);
    }
    const list = readList(data, readBlob);
    this.#absent.explain(mission, list?.ranges ?? []);
    for (const hash of list?.blobs ?? []) this.blobs.delete(hash);
    for (const entity of readState(data, reducers, readBlob)) {
      this.#fold.set(entity);
    }
  }

  /** Blobs of other nodes are fetched when they are asked for; our own must be here. */
  #nameBlob(hash: string, event: string, author: string): void {
    const { self } = this.#request;
    const isOwn = self === undefined || author === self;
    if (isOwn ? this.blobs.get(hash)?.isOwn !== true : !this.blobs.has(hash)) {
      this.blobs.set(hash, { event, isOwn });
    }
  }

  #foldBody(id: string, place: CommitPlace, row: EventRow): void {
    const body = Buffer.from(row.body as Uint8Array);
    try {
      const decoded = decodeEvent(body);
      const { event } = decoded;
      if (event.id !== id || event.type !== row.type || (event.mission ?? null) !== row.mission) {
        this.#damage.add('index-differs', id, 'its columns are not what its body says');
      }
      for (const hash of blobsNamedIn(body, event.data)) {
        this.#nameBlob(hash, id, place.author);
      }
      const isPruning = decoded.known && decoded.event.type === 'record.pruned';
      if (isPruning && this.#isOwner(place.author) && this.#fold.counts(place)) {
        this.#takePruned(decoded.event.mission ?? '', decoded.event.data);
      }
      this.#fold.take(decoded, place);
    } catch (error) {
      this.#damage.add('event-unreadable', id, (error as Error).message);
    }
  }
}

const readCommits = (database: DatabaseSync): Iterable<CommitRow> =>
  database
    .prepare('SELECT position, chain, seq, hash, header, signature FROM commits ORDER BY position')
    .iterate() as Iterable<unknown> as Iterable<CommitRow>;
