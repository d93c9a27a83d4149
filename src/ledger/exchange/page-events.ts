/** The events of a commit from another node: each must be what its header signed, and readable. */
import { MAX_EVENT_BYTES } from '#protocol/event.ts';
import { decodeEvent, type DecodedEvent, type EventData } from '#protocol/event-types.ts';
import { decodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import { plainJsonProblem } from '#protocol/plain-json.ts';
import { isUuidv7, uuidDistance } from '#lib/uuidv7.ts';
import type { PageCommit, PageEvent } from '#ledger/ledger.ts';
import { eventHash, nameProblem } from '#ledger/store/commit-writer.ts';
import { isOwnName, refused, type PageContext } from './page-context.ts';

/** An event to be stored; without `content` its body was pruned where it comes from. */
export interface TakenEvent {
  readonly id: string;
  readonly content?: {
    readonly decoded: DecodedEvent;
    readonly salt: Uint8Array;
    readonly body: Uint8Array;
  };
  /** Blobs that must be here before it can be folded. */
  readonly blobs?: readonly string[];
}

const SALT_BYTES = 16;

interface Link {
  readonly commit: PageCommit;
  readonly header: CommitHeader;
}

/** Throws `page-refused` for events that are not what the header says, or can't be read. */
export function readPageEvents({ commit, header }: Link, context: PageContext): TakenEvent[] {
  if (commit.events.length !== header.events.length) {
    throw refused(`commit ${header.seq} has other events than its header says`);
  }
  for (const [first] of idRanges(header.events.map(({ id }) => id))) {
    if (!isUuidv7(first)) throw refused(`${String(first).slice(0, 40)} is no id`);
  }
  return header.events.map((listed, index) =>
    readOne(listed, commit.events[index] ?? null, { header, context }),
  );
}

/** Ids that count up, as first id and length: the events of one command, or of several. */
export function idRanges(ids: readonly string[]): [first: string, count: number][] {
  const ranges: [string, number][] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last !== undefined && isNext(last, id)) last[1] += 1;
    else ranges.push([id, 1]);
  }
  return ranges;
}

/** Counting back from `id`, since counting on from the highest id of all would overflow. */
const isNext = ([first, count]: readonly [string, number], id: string): boolean =>
  isUuidv7(first) && isUuidv7(id) && uuidDistance(first, id) === count;

function readOne(
  { id, hash }: { readonly id: string; readonly hash: string },
  event: PageEvent,
  at: { readonly header: CommitHeader; readonly context: PageContext },
): TakenEvent {
  if (event === null) return { id };
  const { salt, body } = event;
  if (salt.length !== SALT_BYTES || body.length > MAX_EVENT_BYTES)
    throw refused(`${id} is too long`);
  if (eventHash(salt, body) !== hash) throw refused(`${id} has other bytes than were signed`);
  const decoded = decode(id, body);
  if (decoded.event.id !== id) throw refused(`${id} calls itself ${decoded.event.id.slice(0, 40)}`);
  assertWritable(decoded.event);
  const blobs = decoded.known ? assertAboutRecord(decoded, at) : [];
  return { id, content: { decoded, salt, body }, ...(blobs.length === 0 ? {} : { blobs }) };
}

/**
 * What is refused where events are written is refused here too: a name that the database would change,
 * and data so deep that no recursion over it ends, would be damage of this record when it is verified.
 */
function assertWritable(event: DecodedEvent['event']): void {
  const { id, type, data } = event;
  const problem = plainJsonProblem(data ?? null, 'data') ?? nameProblem(event);
  if (problem !== undefined) throw refused(`${id} is no event that anybody writes: ${problem}`);
  if (!type.isWellFormed()) throw refused(`the type of ${id} is not well-formed`);
}

function decode(id: string, body: Uint8Array): DecodedEvent {
  try {
    return decodeEvent(body);
  } catch (thrown) {
    throw refused(`${id} can not be read`, thrown);
  }
}

/** What says which commits count must be true; answers the blobs that are lacking for it. */
function assertAboutRecord(
  { event }: Extract<DecodedEvent, { known: true }>,
  { header, context }: { readonly header: CommitHeader; readonly context: PageContext },
): readonly string[] {
  const ofSpace = event.subject === `space/${context.space}`;
  switch (event.type) {
    case 'space.created':
      if (!ofSpace || header.author !== context.owner || header.seq !== 1) {
        throw refused(`${header.author} did not create this space`);
      }
      return [];
    case 'space.chain-started':
      assertOwnStart(event.data, { header, context });
      if (!ofSpace) throw refused('it speaks of another space');
      return [];
    case 'space.member-admitted':
    case 'space.member-removed':
      if (!ofSpace) throw refused('it speaks of another space');
      return [];
    case 'chain.forked':
      if (!ofSpace || !isProven(event.data, context))
        throw refused('it claims a fork without proof');
      return [];
    case 'record.pruned': {
      // Only the owner's word counts: for another's nothing has to be fetched.
      if (header.author !== context.owner) return [];
      const { list, state = [] } = event.data;
      const needed = [...(list === undefined ? [] : [list]), ...state].map(({ hash }) => hash);
      return needed.filter((hash) => !context.hasBlob(hash));
    }
    default:
      return [];
  }
}

/** A chain begins at its first commit, and ends only one of the same author, which must be here. */
function assertOwnStart(
  { chain, after }: EventData<'space.chain-started'>,
  { header, context }: { readonly header: CommitHeader; readonly context: PageContext },
): void {
  if (chain !== header.chain || header.seq !== 1) throw refused('it starts no chain of its own');
  if (after === null) return;
  const ended = context.head(after.chain);
  if (ended?.author === header.author && ended.seq >= after.seq) return;
  throw refused(`it goes on from ${after.chain}, which is none of its own here`);
}

type ForkClaim = EventData<'chain.forked'>;

/** Two different commits of the same place, both signed by the author whose chain it is. */
function isProven({ author, chain, seq, first, second }: ForkClaim, context: PageContext): boolean {
  const [one, other] = [first, second].map(({ header, signature }) => ({
    header: Buffer.from(header, 'base64'),
    signature: Buffer.from(signature, 'base64'),
  })) as [SignedHeader, SignedHeader];
  // An author can sign the same header in two ways: what is built on the one is not on the other.
  if (one.header.equals(other.header) && one.signature.equals(other.signature)) return false;
  if (!isOwnName(chain, author, context.owner)) return false;
  return [one, other].every((each) => {
    const found = decodeHeader(each.header);
    const isPlace = found.author === author && found.chain === chain && found.seq === seq;
    const isHere = found.space === context.space;
    return (
      isPlace && isHere && context.verifySignature(author, signedBytes(each.header), each.signature)
    );
  });
}

interface SignedHeader {
  readonly header: Buffer;
  readonly signature: Buffer;
}
