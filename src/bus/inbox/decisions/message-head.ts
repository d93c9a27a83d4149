/** What an inbox needs to know of a message, wherever it comes from, and what becomes of it there. */
import type { DecisionContext } from '#ledger/decider.ts';
import type { Entity } from '#protocol/entity.ts';
import type { ErrorName } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { PRIORITIES, type Priority } from '#protocol/events/message.ts';
import { integer, oneOf, optional, text } from '#protocol/shape.ts';
import { isAdmitted, roomFor } from '../hand-out.ts';
import type { InboxState } from '../inbox-reducer.ts';

/** `sentAt`, `answerBy` and `expiresAt` are by the sender's clock, which is `offsetMs` ahead of ours. */
export const headFields = {
  message: text,
  from: text,
  sentAt: text,
  priority: optional(oneOf(...PRIORITIES)),
  answerBy: optional(text),
  expiresAt: optional(text),
  skill: optional(text),
  offsetMs: optional(integer),
  offsetErrorMs: optional(integer),
};

/** A message without its text. */
export interface MessageHead {
  readonly message: string;
  readonly from: string;
  readonly sentAt: string;
  readonly priority?: Priority;
  readonly answerBy?: string;
  readonly expiresAt?: string;
  readonly skill?: string;
  readonly offsetMs?: number;
  readonly offsetErrorMs?: number;
}

/** How many messages may wait outside an inbox that has no room; then they are refused. */
export const MAX_DEFERRED = 100_000;

/** Why a message is not taken in. */
export interface Refusal {
  readonly error: ErrorName;
  readonly detail: string;
}

/** The moment as the record writes it. */
export const isoOf = (ms: number): string => new Date(ms).toISOString();

/** The inbox as it stands now. */
export const inboxOf = (context: DecisionContext, id: string): InboxState | undefined =>
  (context.entity('inbox', id) as Entity<InboxState> | undefined)?.body;

/** Why the inbox `id` can't have the message now; undefined when it can. */
export function refusalOf(
  context: DecisionContext,
  head: MessageHead,
  id: string,
): Refusal | undefined {
  const inbox = inboxOf(context, id);
  if (inbox === undefined) return { error: 'not-found', detail: `there is no agent ${id}` };
  if (inbox.status === 'closed') return { error: 'not-found', detail: `${id} is retired` };
  const expiresAt = ourTime(head.expiresAt, head);
  if (expiresAt !== undefined && expiresAt <= isoOf(context.now)) {
    return { error: 'message-expired', detail: `it expired at ${expiresAt}` };
  }
  const { priority = 'normal' } = head;
  if (isAdmitted(inbox, priority)) return undefined;
  return { error: 'inbox-full', detail: fullDetail(inbox, priority) };
}

function fullDetail(inbox: InboxState, priority: Priority): string {
  const behind = inbox.deferred[priority]?.count ?? 0;
  return `${inbox.waiting.length + behind} messages wait, the limit is ${inbox.limit} and less for ${priority} ones`;
}

/** The message is taken into the inbox. `cause` is what brought it, other than the message itself. */
export function received(
  context: DecisionContext,
  head: MessageHead,
  inbox: string,
  cause = head.message,
): NewSkeinEvent {
  return {
    type: 'message.received',
    subject: `message/${head.message}`,
    ...(cause === head.message ? {} : { cause }),
    data: { ...arrivalOf(context, head), inbox },
  };
}

/** The inbox has no room for it: what waits on the record is taken in its turn, or it is refused. */
export function deferred(context: DecisionContext, head: MessageHead, id: string): NewSkeinEvent {
  const inbox = inboxOf(context, id) as InboxState;
  const behind = Object.values(inbox.deferred).reduce((sum, { count }) => sum + count, 0);
  if (behind >= MAX_DEFERRED) {
    return refused(head, id, {
      error: 'inbox-full',
      detail: fullDetail(inbox, head.priority ?? 'normal'),
    });
  }
  const data = { ...arrivalOf(context, head), inbox: id };
  return { type: 'message.deferred', subject: `message/${head.message}`, data };
}

/** Told to the sender. `cause` is the assignment that is refused, if it was one. */
export function refused(
  { message }: Pick<MessageHead, 'message'>,
  to: string,
  refusal: Refusal,
  cause?: string,
): NewSkeinEvent {
  return {
    type: 'message.refused',
    subject: `message/${message}`,
    ...(cause === undefined ? {} : { cause }),
    data: { message, to, ...refusal },
  };
}

/** How many messages wait in it or for it: what a group is shared by. */
export const loadOf = (inbox: InboxState | undefined): number =>
  inbox === undefined
    ? 0
    : Object.values(inbox.deferred).reduce((sum, { count }) => sum + count, inbox.waiting.length);

/** Whether a deferred message of this urgency may come in now. */
export const hasRoom = (inbox: InboxState, priority: Priority): boolean =>
  roomFor(inbox, priority) > 0;

function arrivalOf(context: DecisionContext, head: MessageHead): ArrivalData {
  const { message, from, sentAt, priority = 'normal', skill, offsetMs, offsetErrorMs } = head;
  const answerBy = ourTime(head.answerBy, head);
  const expiresAt = ourTime(head.expiresAt, head);
  return {
    message,
    receivedAt: isoOf(context.now),
    from,
    priority,
    sentAt,
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(skill === undefined ? {} : { skill }),
    ...(offsetMs === undefined ? {} : { offsetMs }),
    ...(offsetErrorMs === undefined ? {} : { offsetErrorMs }),
  };
}

type ArrivalData = Omit<MessageHead, 'priority'> & {
  readonly receivedAt: string;
  readonly priority: Priority;
};

/** A time of the sender's by our clock, in the form that compares as text; undefined for none. */
function ourTime(value: string | undefined, { offsetMs = 0 }: MessageHead): string | undefined {
  const ms = Date.parse(value ?? '') - offsetMs;
  return Math.abs(ms) < MAX_MS ? isoOf(ms) : undefined;
}

/** The year 9999: later ones have more digits, and would not compare. */
const MAX_MS = Date.UTC(9999, 0, 1);
