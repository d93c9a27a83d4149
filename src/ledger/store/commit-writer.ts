/** Turns what was decided into a signed, chained commit and writes its rows. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { hash } from 'node:crypto';
import { uuidPlus } from '#lib/uuidv7.ts';
import type { Signer } from '#identity/signer.ts';
import type { Command, Speaker } from '#protocol/command.ts';
import { COMMIT_FORMAT, encodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import { SkeinError } from '#protocol/errors.ts';
import { MAX_EVENT_BYTES, type EventEnvelope } from '#protocol/event.ts';
import { entityOf, type NewSkeinEvent } from '#protocol/event-types.ts';
import { plainJsonProblem } from '#protocol/plain-json.ts';
import type { ChainHead } from '#ledger/ledger.ts';

/** One event, ready to be stored. */
export interface EncodedEvent {
  readonly event: EventEnvelope;
  readonly body: Uint8Array;
  readonly salt: Uint8Array;
  readonly hash: string;
}

const SALT_BYTES = 16;

/** The id of a commit: SHA-256 over header bytes and signature, so that both are chained. */
export const commitId = (header: Uint8Array, signature: Uint8Array): string =>
  hash('sha256', Buffer.concat([header, signature]), 'hex');

/** Where salt and body are put side by side: a buffer for each event would cost as much as its hash. */
const together = Buffer.alloc(SALT_BYTES + MAX_EVENT_BYTES);

/** The hash of an event on its header: SHA-256(salt + event bytes). */
export function eventHash(salt: Uint8Array, body: Uint8Array): string {
  const bytes = salt.length + body.length;
  if (bytes > together.length) return hash('sha256', Buffer.concat([salt, body]), 'hex');
  together.set(salt, 0);
  together.set(body, salt.length);
  return hash('sha256', together.subarray(0, bytes), 'hex');
}

const SALTS_AT_ONCE = 256;

/** A maker of salts; chance is asked for many at once, one by one it would cost more than hashing. */
export function makeSalts(random: (bytes: Uint8Array) => Uint8Array): () => Buffer {
  let pool = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used === pool.length) {
      // A new pool each time: salts that were handed out keep their bytes.
      pool = Buffer.from(random(new Uint8Array(SALT_BYTES * SALTS_AT_ONCE)));
      used = 0;
    }
    used += SALT_BYTES;
    return pool.subarray(used - SALT_BYTES, used);
  };
}

/** The events of one command as bytes: ids count up from the command's, the first span is its own. */
export function encodeEvents(
  decided: readonly NewSkeinEvent[],
  command: Command,
  speaker: Speaker,
  made: { readonly time: string; readonly salt: () => Buffer },
): EncodedEvent[] {
  const spanId = command.id.replaceAll('-', '').slice(16);
  return decided.map((news, index) => {
    const { type, v, subject, mission, cause, data } = news;
    const event = {
      id: uuidPlus(command.id, index),
      type,
      ...(v === undefined ? {} : { v }),
      subject,
      ...(mission === undefined ? {} : { mission }),
      time: made.time,
      actor: speaker.actor,
      authority: speaker.authority,
      traceId: speaker.traceId ?? (mission ?? command.id).replaceAll('-', ''),
      spanId,
      ...(speaker.parentSpanId === undefined ? {} : { parentSpanId: speaker.parentSpanId }),
      ...(cause === undefined ? {} : { cause }),
      data,
    } satisfies EventEnvelope;
    return encodeEvent(event, made.salt());
  });
}

/** SQLite keeps text as UTF-8: a name with half a character in it would not be found again. */
export function nameProblem(event: EventEnvelope): string | undefined {
  const names = [event.subject, event.mission ?? '', entityOf(event)?.id ?? ''];
  return names.every((name) => name.isWellFormed()) ? undefined : 'a name is not well-formed';
}

function encodeEvent(event: EventEnvelope, salt: Buffer): EncodedEvent {
  const problem = plainJsonProblem(event.data, 'data') ?? nameProblem(event);
  if (problem !== undefined) {
    throw new SkeinError('event-invalid', `Cannot record ${event.type}: ${problem}`);
  }
  const body = Buffer.from(JSON.stringify(event));
  if (body.length > MAX_EVENT_BYTES) {
    throw new SkeinError(
      'payload-too-large',
      `Cannot record ${event.type}: ${body.length} bytes, the limit is ${MAX_EVENT_BYTES}`,
      { fix: 'Put long contents into a blob.' },
    );
  }
  return { event, body, salt, hash: eventHash(salt, body) };
}

/** A signed commit. */
export interface SignedCommit {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
  readonly head: ChainHead;
}

/** Signs a header made of these events as the next commit after `prev`. */
export function signCommit(
  signer: Signer,
  next: Omit<CommitHeader, 'format' | 'author' | 'events'>,
  events: readonly EncodedEvent[],
): SignedCommit {
  const header = encodeHeader({
    format: COMMIT_FORMAT,
    author: signer.key,
    ...next,
    events: events.map(({ event, hash: digest }) => ({ id: event.id, hash: digest })),
  });
  const signature = signer.sign(signedBytes(header));
  return {
    header,
    signature,
    head: { chain: next.chain, seq: next.seq, hash: commitId(header, signature) },
  };
}

/** How many events one statement inserts: each call costs as much as a row. */
const ROWS_AT_ONCE = 16;

const EVENT_COLUMNS = '(position, commit_position, type, mission, salt, body)';

/** Inserts commits and events (null = its body was pruned); positions are local, from 1. */
export class CommitRows {
  readonly #commit: StatementSync;
  readonly #event: StatementSync;
  readonly #events: StatementSync;

  constructor(database: DatabaseSync) {
    this.#commit = database.prepare(
      'INSERT INTO commits (position, chain, seq, hash, header, signature) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const insertion = (rows: number): StatementSync => {
      const values = Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?)').join(', ');
      return database.prepare(`INSERT INTO events ${EVENT_COLUMNS} VALUES ${values}`);
    };
    this.#event = insertion(1);
    this.#events = insertion(ROWS_AT_ONCE);
  }

  insert(
    at: { readonly commit: number; readonly event: number },
    commit: SignedCommit,
    events: readonly (Pick<EncodedEvent, 'event' | 'salt' | 'body'> | null)[],
  ): void {
    const { chain, seq, hash: id } = commit.head;
    this.#commit.run(at.commit, chain, seq, id, commit.header, commit.signature);
    const whole = events.length - (events.length % ROWS_AT_ONCE);
    let values: SQLInputValue[] = [];
    for (const [index, stored] of events.entries()) {
      const { event, salt = null, body = null } = stored ?? {};
      const [type, mission] = [event?.type ?? null, event?.mission ?? null];
      values.push(at.event + index, at.commit, type, mission, salt, body);
      const full = index >= whole || (index + 1) % ROWS_AT_ONCE === 0;
      if (!full) continue;
      (index >= whole ? this.#event : this.#events).run(...values);
      values = [];
    }
  }
}
