/**
 * Messages and the inboxes they wait in. The sender records a message before it leaves, the home of
 * the recipient's inbox before anybody handles it. Inside one node agents talk without inboxes: then
 * `received` and `handled` name none, and are notes.
 */
import type { EventTypeDefinition } from '../event-type.ts';
import { noteEvent } from '../event-type.ts';
import {
  fields,
  flag,
  integer,
  list,
  oneOf,
  optional,
  text,
  type FieldsOf,
  type Shape,
} from '../shape.ts';
import { blobReference } from './mission.ts';

/** What a message between peers is for. */
export const MESSAGE_KINDS = ['announce', 'warn', 'yield', 'ask', 'answer', 'dispatch'] as const;

/** The purpose of a message. */
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** How urgent a message is, the most urgent first. */
export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;

/** The urgency of a message. */
export type Priority = (typeof PRIORITIES)[number];

/** A type whose events change the inbox that `data.inbox` names; none when it names none. */
const inboxEvent = <F extends Readonly<Record<string, Shape<unknown>>>>(
  data: F,
): EventTypeDefinition<FieldsOf<F>> & { readonly entity: 'inbox' } => ({
  v: 1,
  order: 'home',
  entity: 'inbox',
  data: fields(data),
});

/** What an inbox keeps of a message. */
const arrival = {
  message: text,
  receivedAt: text,
  from: optional(text),
  priority: optional(oneOf(...PRIORITIES)),
  sentAt: optional(text),
  answerBy: optional(text),
  expiresAt: optional(text),
  skill: optional(text),
  offsetMs: optional(integer),
  offsetErrorMs: optional(integer),
};

/** Subjects are `message/<id>`, where the id is that of the event `message.sent`. Times are ISO 8601. */
export const messageEvents = {
  /**
   * `to` is an address (`protocol/address.ts`); `about` the paths it concerns; `replyTo` the message
   * it answers; an `ask` wants an answer by `answerBy`. Past `expiresAt` nobody is to handle it.
   * A text that is too long for an event is the blob `body`, and `text` is how it begins.
   * `importedFrom` is who said it on an older bus: such a message is history of the node that
   * imported it, no other node takes it in; `extra` is what else stood there, as JSON.
   */
  'message.sent': noteEvent({
    to: text,
    kind: oneOf(...MESSAGE_KINDS),
    text,
    about: optional(list(text)),
    task: optional(text),
    replyTo: optional(text),
    sentAt: text,
    priority: optional(oneOf(...PRIORITIES)),
    answerBy: optional(text),
    expiresAt: optional(text),
    body: optional(blobReference),
    importedFrom: optional(text),
    extra: optional(text),
  }),
  /** Exactly one of a skill's agents gets it: the node that sent it says which. */
  'message.assigned': noteEvent({ message: text, to: text, attempt: integer }),
  /**
   * Taken into an inbox. `offsetMs` is how far the sender's clock is ahead, give or take its error;
   * `sentAt` is by that clock, `answerBy` and `expiresAt` by the one of the inbox. `skill` is the
   * group for which it came to this agent.
   */
  'message.received': inboxEvent({ ...arrival, inbox: optional(text) }),
  /** Come to an inbox that has no room: it is received in its turn, and the record keeps it till then. */
  'message.deferred': inboxEvent({ ...arrival, inbox: text }),
  /** Not taken: the inbox is full, or there is no such agent. The sender hears of it. */
  'message.refused': noteEvent({ message: text, to: text, error: text, detail: text }),
  /**
   * Handed to the agent, which has until `until` to say what became of them. `streak` counts how many
   * were handed out since one less urgent, which waits, had its turn.
   */
  'message.delivered': inboxEvent({
    inbox: text,
    messages: list(text),
    until: text,
    streak: integer,
  }),
  'message.handled': inboxEvent({ message: text, processingMs: integer, inbox: optional(text) }),
  /**
   * Given back; it waits until `notBefore`, and those of the same sender behind it do too. When it was
   * `unseen` by whoever should handle it, it counts as not handed out.
   */
  'message.returned': inboxEvent({
    inbox: text,
    message: text,
    reason: text,
    notBefore: text,
    unseen: optional(flag),
  }),
  /** Given up after `tries`. It stays in the inbox's list of dead letters. */
  'message.dead-lettered': inboxEvent({ inbox: text, message: text, reason: text, tries: integer }),
  'message.expired': inboxEvent({ inbox: text, message: text }),
  /** The alarm: delivered to `to`, and no answer came by the time it was asked for. */
  'message.unanswered': inboxEvent({
    message: text,
    to: text,
    state: text,
    answerBy: text,
    inbox: optional(text),
  }),
} as const;

/** Subjects are `inbox/<agent id>`. */
export const inboxEvents = {
  /** `limit` messages may wait; one that is not answered for `handleMs` comes again, `tries` times. */
  'inbox.opened': inboxEvent({ inbox: text, limit: integer, handleMs: integer, tries: integer }),
  /** What waits in it stays; nothing more is taken until it is opened again. */
  'inbox.closed': inboxEvent({ inbox: text, reason: text }),
} as const;
