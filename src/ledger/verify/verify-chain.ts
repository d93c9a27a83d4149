/**
 * Walks all commits and their events in stored order. A contiguous run of a chain is
 * authenticated by its last signature, because every commit's id covers the header and signature
 * before it; single signatures are only checked around a finding, to name the right commit.
 */
import type { DatabaseSync } from 'node:sqlite';
import { decodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import type { Entity } from '#protocol/entity.ts';
import { decodeEvent, type DecodedEvent } from '#protocol/event-types.ts';
import { commitId, eventHash } from '#ledger/store/commit-writer.ts';
import { foldEvent } from '#ledger/fold.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/reducer.ts';
import { blobsNamedIn } from './verify-blobs.ts';
import type { DamageList } from './verify-damage.ts';

interface CommitRow {
  readonly position: number;
  readonly hash: string;
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
}

interface EventRow {
  readonly position: number;
  readonly commit_position: number;
  readonly type: string | null;
  readonly mission: string | null;
  readonly salt: Uint8Array | null;
  readonly body: Uint8Array | null;
}

interface Link {
  readonly row: CommitRow;
  readonly header: CommitHeader;
  readonly id: string;
}

/** What to walk; `anchors` are the commits whose ids are asked for afterwards. */
export interface WalkRequest {
  readonly space: string;
  readonly reducers: ReducerSet;
  readonly anchors: readonly ChainHead[];
  /** Whether `signature` over `bytes` was made by `key`. */
  readonly verifySignature: (key: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
}

/** The state of a walk; use `run` once, then read the results. */
export class ChainWalk {
  readonly entities = new Map<string, Entity>();
  readonly blobs = new Map<string, string>();
  commits = 0;
  events = 0;
  pruned = 0;
  last: ChainHead | null = null;
  readonly #space: string;
  readonly #reducers: ReducerSet;
  readonly #damage: DamageList;
  readonly #chains = new Map<string, Link>();
  readonly #verifySignature: WalkRequest['verifySignature'];
  readonly #watched: ReadonlySet<string>;
  readonly #hashes = new Map<string, string>();
  readonly #members = new Set<string>();

  constructor(request: WalkRequest, damage: DamageList) {
    this.#space = request.space;
    this.#reducers = request.reducers;
    this.#watched = new Set(request.anchors.map(({ chain, seq }) => `${chain}:${seq}`));
    this.#verifySignature = request.verifySignature;
    this.#damage = damage;
  }

  lastSeq(chain: string): number {
    return this.#chains.get(chain)?.header.seq ?? 0;
  }

  /** The id of a commit that an anchor names; others are not kept. */
  anchoredHash(chain: string, seq: number): string | undefined {
    return this.#hashes.get(`${chain}:${seq}`);
  }

  run(database: DatabaseSync): void {
    const events = database.prepare('SELECT * FROM events ORDER BY position').iterate();
    const ids = new IdWalk(database, this.#damage);
    const cursor = new EventCursor(events as Iterator<unknown>);
    const rows = database.prepare(
      'SELECT position, hash, header, signature FROM commits ORDER BY position',
    );
    for (const row of rows.iterate()) {
      const link = this.#readCommit(row as unknown as CommitRow);
      this.commits += 1;
      if (link === undefined) cursor.skip(Number(row['position']));
      else this.#walkEvents(link, cursor, ids);
    }
    for (let row = cursor.take(); row !== undefined; row = cursor.take()) {
      this.#damage.add('event-extra', `position ${row.position}`, 'no commit holds this event');
    }
    ids.end();
    for (const tail of this.#chains.values()) this.#checkSignature(tail);
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
    if (header.space !== this.#space) {
      this.#damage.add('commit-foreign', row.hash, `it belongs to space ${header.space}`);
    }
    this.#followChain(link);
    return link;
  }

  #followChain(link: Link): void {
    const { chain, seq, prev } = link.header;
    const before = this.#chains.get(chain);
    const expected = (before?.header.seq ?? 0) + 1;
    const follows = seq === expected && prev === (before?.id ?? null);
    if (!follows) {
      this.#nameBreak(link, before, expected);
      this.#checkSignature(link);
      if (before !== undefined) this.#checkSignature(before);
    }
    const name = `${chain}:${seq}`;
    if (this.#watched.has(name)) this.#hashes.set(name, link.id);
    this.#chains.set(chain, link);
    this.last = { chain, seq, hash: link.id };
  }

  #nameBreak({ row, header }: Link, before: Link | undefined, expected: number): void {
    const { chain, seq } = header;
    if (seq > expected) {
      const range =
        seq - 1 === expected ? `commit ${expected}` : `commits ${expected} to ${seq - 1}`;
      this.#damage.add(
        'commit-missing',
        `${chain}:${expected}`,
        `${range} of the chain are not here`,
      );
    } else if (seq < expected) {
      this.#damage.add(
        'commit-reordered',
        row.hash,
        `it is number ${seq} where ${expected} belongs`,
      );
    } else {
      const name = before?.row.hash ?? row.hash;
      this.#damage.add('header-changed', name, `commit ${seq} of the chain does not build on it`);
    }
  }

  #checkSignature({ row, header }: Link): void {
    if (!this.#verifySignature(header.author, signedBytes(row.header), row.signature)) {
      this.#damage.add('signature-forged', row.hash, `it is not signed by ${header.author}`);
    }
  }

  #walkEvents({ row, header }: Link, cursor: EventCursor, ids: IdWalk): void {
    const hashes = new Set(header.events.map((event) => event.hash));
    for (const entry of header.events) {
      this.events += 1;
      const found = cursor.takeOf(row.position);
      if (found === undefined) {
        this.#damage.add('event-missing', entry.id, `commit ${row.hash} has it, the table has not`);
        continue;
      }
      ids.expect(found.position, entry.id);
      if (found.body === null || found.salt === null) {
        this.pruned += 1;
        this.#damage.add('event-missing', entry.id, 'its body was removed and nothing explains it');
        continue;
      }
      const actual = eventHash(found.salt, found.body);
      if (actual !== entry.hash) {
        const kind = hashes.has(actual) ? 'commit-reordered' : 'event-changed';
        this.#damage.add(kind, entry.id, `commit ${row.hash} signed other bytes`);
      } else this.#foldBody(entry.id, header.author, found);
    }
    for (
      let extra = cursor.takeOf(row.position);
      extra !== undefined;
      extra = cursor.takeOf(row.position)
    ) {
      this.#damage.add(
        'event-extra',
        `position ${extra.position}`,
        `commit ${row.hash} does not have it`,
      );
    }
    if (!this.#members.has(header.author)) {
      this.#damage.add('author-unknown', row.hash, `${header.author} is not a member of the space`);
    }
  }

  #foldBody(id: string, author: string, row: EventRow): void {
    const body = Buffer.from(row.body as Uint8Array);
    let decoded: DecodedEvent;
    try {
      decoded = decodeEvent(body);
    } catch (error) {
      this.#damage.add('event-unreadable', id, (error as Error).message);
      return;
    }
    const { event } = decoded;
    if (event.id !== id || event.type !== row.type || (event.mission ?? null) !== row.mission) {
      this.#damage.add('index-differs', id, 'its columns are not what its body says');
    }
    for (const hash of blobsNamedIn(body)) if (!this.blobs.has(hash)) this.blobs.set(hash, id);
    this.#trackMembers(decoded);
    const entity = foldEvent(this.#reducers, decoded, author, (kind, key) =>
      this.entities.get(`${kind}/${key}`),
    );
    if (entity !== undefined) this.entities.set(`${entity.kind}/${entity.id}`, entity);
  }

  #trackMembers(decoded: DecodedEvent): void {
    if (!decoded.known) return;
    const { event } = decoded;
    if (event.type === 'space.created') this.#members.add(event.data.owner);
    if (event.type === 'space.member-admitted') this.#members.add(event.data.key);
  }
}

/** Events in order of position, taken commit by commit. */
class EventCursor {
  readonly #rows: Iterator<unknown>;
  #next: EventRow | undefined;

  constructor(rows: Iterator<unknown>) {
    this.#rows = rows;
    this.#next = this.#pull();
  }

  take(): EventRow | undefined {
    const row = this.#next;
    if (row !== undefined) this.#next = this.#pull();
    return row;
  }

  takeOf(commit: number): EventRow | undefined {
    return this.#next?.commit_position === commit ? this.take() : undefined;
  }

  skip(commit: number): void {
    while (this.takeOf(commit) !== undefined);
  }

  #pull(): EventRow | undefined {
    const { done, value } = this.#rows.next();
    return done === true ? undefined : (value as EventRow);
  }
}

/** The table of ids must tile the events: a removed row would let a command run twice. */
class IdWalk {
  readonly #rows: Iterator<Record<string, unknown>>;
  readonly #damage: DamageList;
  #row: { readonly id: string; readonly position: number; readonly count: number } | undefined;
  #tiledUpTo = 0;

  constructor(database: DatabaseSync, damage: DamageList) {
    const rows = database.prepare(
      'SELECT hex(id) AS id, position, count FROM ids ORDER BY position',
    );
    this.#rows = rows.iterate() as Iterator<Record<string, unknown>>;
    this.#damage = damage;
    this.#pull();
  }

  expect(position: number, id: string): void {
    if (position <= this.#tiledUpTo) return;
    const row = this.#row;
    this.#tiledUpTo = position;
    if (row?.position !== position) {
      this.#damage.add('index-differs', id, 'the table of ids does not hold it');
      return;
    }
    if (row.id !== id.replaceAll('-', '').toUpperCase()) {
      this.#damage.add('index-differs', id, `the table of ids holds ${row.id} in its place`);
    }
    this.#tiledUpTo = position + row.count - 1;
    this.#pull();
  }

  end(): void {
    if (this.#row !== undefined) {
      this.#damage.add('index-differs', 'ids', 'the table of ids holds more than the events');
    }
  }

  #pull(): void {
    const { done, value } = this.#rows.next();
    this.#row =
      done === true
        ? undefined
        : {
            id: String(value['id']),
            position: Number(value['position']),
            count: Number(value['count']),
          };
  }
}
