/**
 * What this node does about what another one wrote: commands that are executed in the transaction that
 * takes the page, each with its commit, so that a message is never here without being received. Ids are
 * derived: a page that comes twice changes nothing. The page is not verified yet, and may say anything.
 */
import type { LedgerReader, Page, Reaction } from '#ledger/ledger.ts';
import { parseAddress, shortNode } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { decodeHeader, type CommitHeader } from '#protocol/commit.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import { derivedId } from './derived-id.ts';
import type { EventOfType } from './event-of-type.ts';
import { findEvent, senderOf, type Signed } from './letters.ts';

/** How far another node's clock is ahead of ours, give or take. */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly errorMs: number;
}

/** What reactions are computed with. */
export interface ReactionParts {
  readonly read: Pick<LedgerReader, 'events' | 'position'>;
  readonly nodeKey: string;
  /** Known to this node only, the same at every start. */
  readonly secret: string;
  /** How many chains this node began after its first one: what it then receives again has other ids. */
  readonly chainsBegun?: () => number;
  readonly clockOf: (author: string) => ClockOffset | undefined;
}

type Sent = Signed<EventOfType<'message.sent'>>;
type Assigned = Signed<EventOfType<'message.assigned'>>;
type Refused = Signed<EventOfType<'message.refused'>>;

/** A refusal is looked at with all that went before it: at most so many. */
const MAX_REFUSALS = 1_000;

/** Who speaks when the node itself decides. */
export const nodeSpeaker = (nodeKey: string): Speaker => ({
  actor: `node:${shortNode(nodeKey)}`,
  authority: 'system',
});

/** The commands that go with a page. */
export function reactionsTo(parts: ReactionParts, page: Page): readonly Reaction[] {
  const sent: InPage = new Map();
  const reactions: Reaction[] = [];
  for (const found of messagesIn(page, shortNode(parts.nodeKey))) {
    const { id, seq, read } = found;
    if (found.isForGroup) sent.set(id, read);
    const signed = found.isForGroup ? undefined : read();
    if (signed === undefined || signed.author === parts.nodeKey) continue;
    const reaction = reactionTo(parts, signed, sent);
    if (reaction !== undefined) reactions.push({ ...reaction, seq: seq() });
  }
  return reactions;
}

/** Messages to groups that stand in the page, read when an assignment names them. */
type InPage = Map<string, () => Signed | undefined>;

function reactionTo(parts: ReactionParts, signed: Signed, sent: InPage): Reaction | undefined {
  switch (signed.event.type) {
    case 'message.sent':
      return receive(parts, signed as Sent);
    case 'message.assigned':
      return receiveAssigned(parts, signed as Assigned, sent);
    case 'message.refused':
      return assignAgain(parts, signed as Refused);
    default:
      return undefined;
  }
}

/** An event that may be for us; most of a page is not, and is not read. */
interface Found {
  readonly id: string;
  /** A message to a group: whose it is an assignment says. */
  readonly isForGroup: boolean;
  readonly seq: () => number;
  readonly read: () => Signed | undefined;
}

/** An event's bytes begin with its id and type: `ledger/store/commit-writer.ts` writes them so. */
const HEAD_BYTES = 128;

function* messagesIn(page: Page, node: string): Generator<Found> {
  for (const commit of page.commits) {
    let header: CommitHeader | undefined;
    const headerOnce = (): CommitHeader | undefined => (header ??= headerOf(commit.header));
    for (const event of commit.events) {
      const meant = event === null ? undefined : whomFor(event.body, node);
      if (event === null || meant === undefined) continue;
      const { body } = event;
      yield {
        id: meant === 'group' ? idOf(body) : '',
        isForGroup: meant === 'group',
        seq: () => headerOnce()?.seq ?? 0,
        read: () => readSigned(body, headerOnce()?.author),
      };
    }
  }
}

/** Told by its bytes: reading all of a long history that is for others would take as long as storing it. */
function whomFor(body: Uint8Array, node: string): 'us' | 'group' | undefined {
  if (isOther(body)) return undefined;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const head = bytes.subarray(0, HEAD_BYTES);
  if (!head.includes('"type":"message.')) return undefined;
  if (head.includes('"message.refused"')) return 'us';
  if (head.includes('"message.assigned"')) return bytes.includes(`@${node}"`) ? 'us' : undefined;
  if (!head.includes('"message.sent"')) return undefined;
  if (bytes.includes(`"to":"agent:`)) return bytes.includes(`@${node}"`) ? 'us' : undefined;
  if (bytes.includes('"to":"topic:')) return 'us';
  return bytes.includes('"to":"skill:') ? 'group' : undefined;
}

/** Where, of `{"id":"<36 characters>","type":"message.sent"`, the type and its second word begin. */
const TYPE_AT = 53;
const WORD_AT = TYPE_AT + 'message.'.length;
const [QUOTE, M, S, A, R] = Buffer.from('"msar');

/** Whether it can be seen at once that this is none of the three types; most of a history is. */
function isOther(body: Uint8Array): boolean {
  if (body[TYPE_AT - 1] !== QUOTE || body[TYPE_AT - 10] !== QUOTE) return false;
  if (body[TYPE_AT] !== M) return true;
  const word = body[WORD_AT];
  return word !== S && word !== A && word !== R;
}

const idOf = (body: Uint8Array): string =>
  /"id":"([0-9a-f-]{36})"/u.exec(
    Buffer.from(body.subarray(0, HEAD_BYTES)).toString('latin1'),
  )?.[1] ?? '';

/** Events of missions are for who works in them. */
function readSigned(body: Uint8Array, author: string | undefined): Signed | undefined {
  const event = eventOf(body);
  return event === undefined || event.mission !== undefined || author === undefined
    ? undefined
    : { event, author };
}

function headerOf(header: Uint8Array): CommitHeader | undefined {
  try {
    return decodeHeader(header);
  } catch {
    return undefined;
  }
}

function eventOf(body: Uint8Array): SkeinEvent | undefined {
  try {
    const decoded = decodeEvent(body);
    return decoded.known ? decoded.event : undefined;
  } catch {
    return undefined;
  }
}

/** To an agent of this node, or to a topic: who listens is known when it is decided. */
function receive(parts: ReactionParts, signed: Sent): Reaction | undefined {
  const { event } = signed;
  if (event.data.importedFrom !== undefined || event.subject !== `message/${event.id}`) {
    return undefined;
  }
  if (!isPlain(signed)) return undefined;
  const isTopic = event.data.to.startsWith('topic:');
  if (!isTopic && !isOurs(parts, event.data.to)) return undefined;
  if (isTopic && !isAddress(event.data.to)) return undefined;
  const input = { ...headOf(parts, signed), to: event.data.to };
  return toReaction(parts, { name: 'message.receive', base: event.id, input }, event);
}

/** Only who sent a message may say which agent of a group has it. */
function receiveAssigned(
  parts: ReactionParts,
  { event, author }: Assigned,
  inPage: InPage,
): Reaction | undefined {
  const { message, to } = event.data;
  if (!isOurs(parts, to)) return undefined;
  const sent = sentAs(inPage.get(message)?.()) ?? findEvent(parts.read, 'message.sent', message);
  if (sent === undefined || sent.author !== author || sent.event.id !== message) return undefined;
  if (!isPlain(sent)) return undefined;
  const skill = groupOf(sent.event);
  if (skill === undefined) return undefined;
  const input = { ...headOf(parts, sent), skill, to, cause: event.id };
  return toReaction(parts, { name: 'message.receive', base: event.id, input }, sent.event);
}

const sentAs = (signed: Signed | undefined): Sent | undefined =>
  signed?.event.type === 'message.sent' ? (signed as Sent) : undefined;

/** Once for each assignment of ours that the home of its agent refuses, and for nothing else. */
function assignAgain(parts: ReactionParts, { event, author }: Refused): Reaction | undefined {
  const { message, to } = event.data;
  if (event.cause === undefined || !to.endsWith(`@${shortNode(author)}`)) return undefined;
  const assigned = ownAssignment(parts, event.cause);
  if (assigned?.data.message !== message || assigned.data.to !== `agent:${to}`) return undefined;
  const sent = findEvent(parts.read, 'message.sent', message);
  const skill = sent === undefined ? undefined : groupOf(sent.event);
  if (sent === undefined || skill === undefined || sent.author !== parts.nodeKey) return undefined;
  const input = {
    ...headOf(parts, sent),
    skill,
    attempt: assigned.data.attempt + 1,
    not: agentsBefore(parts, assigned),
    cause: event.id,
  };
  return toReaction(parts, { name: 'message.assign', base: assigned.id, input }, sent.event);
}

function ownAssignment(
  { read, nodeKey }: ReactionParts,
  id: string,
): EventOfType<'message.assigned'> | undefined {
  const found = findEvent(read, 'message.assigned', id);
  return found?.author === nodeKey ? found.event : undefined;
}

/** Those to whom it was assigned so far: each later one names the refusal that led to it. */
function agentsBefore(
  parts: ReactionParts,
  last: EventOfType<'message.assigned'>,
): readonly string[] {
  const agents: string[] = [];
  let next: EventOfType<'message.assigned'> | undefined = last;
  while (next !== undefined && agents.length < MAX_REFUSALS) {
    agents.push(next.data.to.slice('agent:'.length));
    next = assignmentBefore(parts, next);
  }
  return agents;
}

function assignmentBefore(
  parts: ReactionParts,
  { cause }: EventOfType<'message.assigned'>,
): EventOfType<'message.assigned'> | undefined {
  const refusal = cause === undefined ? undefined : findEvent(parts.read, 'message.refused', cause);
  const before = refusal?.event.cause;
  return before === undefined ? undefined : ownAssignment(parts, before);
}

function groupOf({ data }: EventOfType<'message.sent'>): string | undefined {
  return data.to.startsWith('skill:') && isAddress(data.to)
    ? data.to.slice('skill:'.length)
    : undefined;
}

function isAddress(to: string): boolean {
  try {
    parseAddress(to);
    return true;
  } catch {
    return false;
  }
}

const FROM = /^[\w.-]{1,64}@[0-9a-f]+$/u;
const MAX_TIME = 40;

/**
 * Whether a sender's name and time are as every node writes them. Each inbox keeps both of each message
 * that waits: a member that writes by hand could make them as long as an event.
 */
const isPlain = (signed: Sent): boolean =>
  FROM.test(senderOf(signed)) && signed.event.data.sentAt.length <= MAX_TIME;

const TRACE = /^[0-9a-f]{32}$/u;
const SPAN = /^[0-9a-f]{16}$/u;

const isOurs = ({ nodeKey }: ReactionParts, to: string): boolean =>
  to.startsWith('agent:') && to.endsWith(`@${shortNode(nodeKey)}`) && isAddress(to);

/** A message without its text, as the deciders want it. */
function headOf({ clockOf, nodeKey }: ReactionParts, { event, author }: Sent): object {
  const { sentAt, priority, answerBy, expiresAt } = event.data;
  const clock = author === nodeKey ? undefined : clockOf(author);
  return {
    message: event.id,
    from: senderOf({ event, author }),
    sentAt,
    ...(priority === undefined ? {} : { priority }),
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(clock === undefined
      ? {}
      : { offsetMs: Math.round(clock.offsetMs), offsetErrorMs: Math.ceil(clock.errorMs) }),
  };
}

/** In the trace of what was sent. */
function toReaction(
  { nodeKey, secret, chainsBegun = () => 0 }: ReactionParts,
  { name, base, input }: { readonly name: string; readonly base: string; readonly input: object },
  { traceId, spanId }: SkeinEvent,
): Reaction {
  const begun = chainsBegun();
  const what = begun === 0 ? name : `${name} ${begun}`;
  return {
    command: { id: derivedId(secret, base, what), name, input },
    speaker: {
      ...nodeSpeaker(nodeKey),
      ...(TRACE.test(traceId) ? { traceId } : {}),
      ...(SPAN.test(spanId) ? { parentSpanId: spanId } : {}),
    },
  };
}
