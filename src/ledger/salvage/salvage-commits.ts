/** Reads the commits of a damaged ledger one by one and yields those that prove themselves. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { uuidDistance } from '#lib/uuidv7.ts';
import { decodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { commitId, eventHash } from '#ledger/store/commit-writer.ts';

/** An event's row; all null when its body is not there: it is lost, or was pruned. */
export interface SalvagedBody {
  readonly type: string | null;
  readonly mission: string | null;
  readonly salt: Uint8Array | null;
  readonly content: Uint8Array | null;
}

/** Where the ids of one command stand inside a commit. */
export interface SalvagedRange {
  readonly id: string;
  readonly offset: number;
  readonly count: number;
}

/** A commit that is signed by its author and linked to the one before. */
export interface ProvenCommit {
  readonly header: CommitHeader;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly id: string;
  readonly bodies: readonly SalvagedBody[];
  readonly ranges: readonly SalvagedRange[];
}

/** What proves a commit, and the list that takes `chain:seq` of the first lost one of a chain. */
export interface CommitSalvageOptions {
  readonly space: string;
  readonly verifySignature: (key: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
  readonly lost: string[];
}

interface RawCommit {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
}

type Read = EventEnvelope & { readonly row: SalvagedBody };

const ABSENT: SalvagedBody = { type: null, mission: null, salt: null, content: null };

/** Follows every chain as far as it goes without a break. */
export class CommitSalvage {
  readonly #options: CommitSalvageOptions;
  readonly #tails = new Map<string, ChainHead>();
  readonly #broken = new Set<string>();

  constructor(options: CommitSalvageOptions) {
    this.#options = options;
  }

  /** The last good commit of every chain. */
  get lastGood(): ChainHead[] {
    return [...this.#tails.values()];
  }

  *read(database: DatabaseSync): Generator<ProvenCommit> {
    const bodies = new BodyReader(database);
    for (const raw of readRaw(database)) {
      const proven = this.#prove(raw);
      if (proven === undefined) continue;
      const { header } = proven;
      const events = header.events.map(({ id, hash }) => ({ id, found: bodies.find(hash) }));
      yield {
        ...proven,
        bodies: events.map(({ found }) => found?.row ?? ABSENT),
        ranges: rangesOf(events),
      };
    }
  }

  #prove(raw: RawCommit): Omit<ProvenCommit, 'bodies' | 'ranges'> | undefined {
    const { header: bytes, signature } = raw;
    const header = tryTo(() => decodeHeader(bytes));
    if (header === undefined || header.space !== this.#options.space) return undefined;
    const { chain, seq, prev } = header;
    if (this.#broken.has(chain)) return undefined;
    const tail = this.#tails.get(chain);
    const expected = (tail?.seq ?? 0) + 1;
    const linked = seq === expected && prev === (tail?.hash ?? null);
    const signed = this.#options.verifySignature(header.author, signedBytes(bytes), signature);
    if (!linked || !signed) {
      this.#broken.add(chain);
      this.#options.lost.push(`${chain}:${expected}`);
      return undefined;
    }
    const id = commitId(bytes, signature);
    this.#tails.set(chain, { chain, seq, hash: id });
    return { header, bytes, signature, id };
  }
}

/** Row by row through the key: a page that can't be read costs only the rows on it. */
function* readRaw(database: DatabaseSync): Generator<RawCommit> {
  const one = tryTo(() =>
    database.prepare('SELECT header, signature FROM commits WHERE position = ?'),
  );
  const last = tryTo(() => database.prepare('SELECT max(position) AS last FROM commits').get());
  if (one === undefined) return;
  for (let position = 1; position <= Number(last?.['last'] ?? 0); position += 1) {
    const row = tryTo(() => one.get(position));
    if (row?.['header'] instanceof Uint8Array && row['signature'] instanceof Uint8Array) {
      yield row as unknown as RawCommit;
    }
  }
}

/**
 * Finds bodies by the hash that was signed: columns and order of a damaged table prove nothing.
 * All rows are hashed once; the map costs about 150 bytes an event.
 */
class BodyReader {
  readonly #one: StatementSync | undefined;
  readonly #positions = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#one = tryTo(() => database.prepare('SELECT salt, body FROM events WHERE position = ?'));
    const last = tryTo(() => database.prepare('SELECT max(position) AS last FROM events').get());
    for (let position = 1; position <= Number(last?.['last'] ?? 0); position += 1) {
      const read = this.#read(position);
      if (read !== undefined) this.#positions.set(read.hash, position);
    }
  }

  find(hash: string): Read | undefined {
    const position = this.#positions.get(hash);
    return position === undefined ? undefined : this.#read(position)?.event;
  }

  #read(position: number): { hash: string; event: Read } | undefined {
    const row = tryTo(() => this.#one?.get(position));
    return row === undefined ? undefined : readBody(row);
  }
}

function readBody(row: Record<string, unknown>): { hash: string; event: Read } | undefined {
  const { salt, body: content } = row;
  if (!(salt instanceof Uint8Array) || !(content instanceof Uint8Array)) return undefined;
  const event = tryTo(() => parseEnvelope(content));
  if (event === undefined) return undefined;
  const { type, mission = null } = event;
  return {
    hash: eventHash(salt, content),
    event: { ...event, row: { type, mission, salt, content } },
  };
}

/** The events of a command share its span and count up from its id. */
function rangesOf(
  events: readonly { readonly id: string; readonly found: Read | undefined }[],
): SalvagedRange[] {
  const ranges: { id: string; offset: number; count: number }[] = [];
  let before: (typeof events)[number] | undefined;
  for (const [offset, event] of events.entries()) {
    const current = ranges.at(-1);
    const follows = before !== undefined && uuidDistance(before.id, event.id) === 1;
    const [a, b] = [before?.found?.spanId, event.found?.spanId];
    const sameSpan = a === undefined || b === undefined || a === b;
    if (current !== undefined && follows && sameSpan) current.count += 1;
    else ranges.push({ id: event.id, offset, count: 1 });
    before = event;
  }
  return ranges;
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
