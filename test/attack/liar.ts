/** A member that signs what it likes: commits made by hand, each true to its signature and to nothing else. */
import type { Page, PageCommit } from '#ledger/ledger.ts';
import { eventHash, signCommit, type EncodedEvent } from '#ledger/store/commit-writer.ts';
import { makeUuidv7, uuidPlus } from '#lib/uuidv7.ts';
import type { CommitHeader } from '#protocol/commit.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { makeRandom } from '../support/seeded-random.ts';
import { human, SPACE } from '../support/test-ledger.ts';
import type { TestNode } from '../support/test-nodes.ts';

/** What a commit may say besides its events. */
export interface LieOptions {
  readonly seen?: CommitHeader['seen'];
  /** Taken for the ids of the events. */
  readonly id?: string;
  readonly hlc?: string;
  readonly actor?: string;
  /** Taken for the id of the trace. */
  readonly trace?: string;
  /** The data of the events as JSON, instead of their own. */
  readonly data?: string;
}

/** A chain that is written by hand. */
export interface LiarChain {
  readonly chain: string;
  /** The next commit; it builds on the one before. */
  readonly next: (events: readonly NewSkeinEvent[], options?: LieOptions) => PageCommit;
  /** The next commit builds on the one of this id instead of the last one. */
  readonly follow: (id: string) => void;
}

const { fill } = makeRandom(4_711);
const newId = makeUuidv7({ now: () => Date.UTC(2026, 10, 21), random: fill });

/** An event as bytes; nothing is looked at. */
function encode(event: NewSkeinEvent, first: string, index: number, data?: string): EncodedEvent {
  const whole = { id: uuidPlus(first, index), ...event };
  const { data: _, ...head } = whole;
  const text =
    data === undefined
      ? JSON.stringify(whole)
      : `${JSON.stringify(head).slice(0, -1)},"data":${data}}`;
  const salt = Buffer.from(fill(new Uint8Array(16)));
  const body = Buffer.from(text);
  return {
    event: whole as unknown as EncodedEvent['event'],
    body,
    salt,
    hash: eventHash(salt, body),
  };
}

/** A chain of `node`'s key under any name. */
export function liarChain({ signer, clock }: TestNode, chain: string): LiarChain {
  let head: { seq: number; hash: string | null } = { seq: 0, hash: null };
  let count = 0;
  return {
    chain,
    next: (events, { seen = [], id = newId(), hlc, data, ...speaker } = {}) => {
      const { actor = human.actor, trace = id.replaceAll('-', '') } = speaker;
      const time = new Date(clock.ms).toISOString();
      const span = id.replaceAll('-', '');
      const said = {
        time,
        actor,
        authority: human.authority,
        traceId: trace,
        spanId: span.slice(16),
      };
      const encoded = events.map((event, index) => encode({ ...event, ...said }, id, index, data));
      count += 1;
      const reading = `${String(clock.ms).padStart(15, '0')}-${String(count).padStart(6, '0')}`;
      const { seq, hash } = head;
      const place = { space: SPACE, chain, seq: seq + 1, prev: hash, seen };
      const signed = signCommit(signer, { ...place, hlc: hlc ?? reading }, encoded);
      head = { seq: seq + 1, hash: signed.head.hash };
      const { header, signature } = signed;
      return { header, signature, events: encoded.map(({ salt: s, body }) => ({ salt: s, body })) };
    },
    follow: (id) => {
      head = { seq: head.seq, hash: id };
    },
  };
}

/** A page of these commits. */
export const pageOf = (...commits: readonly PageCommit[]): Page => ({ space: SPACE, commits });

/** A name as an honest node would give to a chain of `node`. */
export const chainName = (node: TestNode, last: string): string =>
  node.signer.key.slice(0, 16) + last.repeat(16).slice(0, 16);

/** The signature spoiled: the header stays what it is. */
export function unsigned({ header, events, signature }: PageCommit): PageCommit {
  const spoiled = Uint8Array.from(signature);
  spoiled[3] = (spoiled[3] ?? 0) ^ 1;
  return { header, events, signature: spoiled };
}
