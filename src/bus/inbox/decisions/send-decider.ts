/** Decides what is sent: recorded by the sender, and in the same commit received by who is here. */
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import { parseAddress, speakerId, type Address } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { MESSAGE_KINDS, PRIORITIES } from '#protocol/events/message.ts';
import { blobReference } from '#protocol/events/mission.ts';
import { fields, integer, list, oneOf, optional, text, type FieldsOf } from '#protocol/shape.ts';
import { isoOf, type MessageHead } from './message-head.ts';
import {
  assigned,
  atHome,
  chooseOf,
  deferOrRefuse,
  findAgent,
  isHere,
  listeners,
  refuseSend,
} from './message-route.ts';

/** The longest text in an event, in bytes of UTF-8; a longer one is a blob. */
export const MAX_TEXT_BYTES = 16 * 1024;

/** The longest time that a message may ask for, in milliseconds: ten years. */
const MAX_SPAN_MS = 10 * 365 * 86_400_000;

const MAX_ABOUT = 100;

/** The longest `extra`, in bytes of UTF-8. */
const MAX_EXTRA_BYTES = 64 * 1024;

/** What a message says, whomever it is for. */
export const sayingFields = {
  text,
  kind: optional(oneOf(...MESSAGE_KINDS)),
  priority: optional(oneOf(...PRIORITIES)),
  answerInMs: optional(integer),
  expiresInMs: optional(integer),
  about: optional(list(text)),
  body: optional(blobReference),
  extra: optional(text),
};

/** What is said, and in answer to which message. */
export type Saying = FieldsOf<typeof sayingFields> & { readonly replyTo?: string };

/** Commands of senders: `message.send`; its id is the message's. */
export const sendDeciders: DeciderTable = {
  // `choose` are agents of a group as the sender's node would have them, the best first.
  'message.send': defineDecider(
    fields({
      to: text,
      ...sayingFields,
      replyTo: optional(text),
      choose: optional(list(text)),
    }),
    ({ to, choose = [], ...saying }, context) => {
      const address = parseAddress(to);
      const head = headOf(context, saying);
      if (address.type === 'agent') return toAgent(context, findAgent(context, address), saying);
      if (address.type === 'topic') {
        const here = listeners(context, address.name).filter((id) => id !== head.from);
        const reached = atHome(context, head, here, deferOrRefuse(context, head));
        return [sent(context, to, saying), ...reached];
      }
      if (address.type === 'skill') return toGroup(context, address, saying, choose);
      throw new SkeinError('usage', `Cannot send to ${to}: missions talk among themselves`);
    },
  ),
};

function toAgent(context: DecisionContext, id: string, saying: Saying): NewSkeinEvent[] {
  const head = headOf(context, saying);
  return [sent(context, `agent:${id}`, saying), ...atHome(context, head, [id], refuseSend)];
}

function toGroup(
  context: DecisionContext,
  { name }: Address,
  saying: Saying,
  prefer: readonly string[],
): NewSkeinEvent[] {
  const head = { ...headOf(context, saying), skill: name };
  const chosen = chooseOf(context, head, name, { prefer });
  if (chosen === undefined) {
    return refuseSend(`skill ${name}`, {
      error: 'inbox-full',
      detail: 'no agent that has it has room',
    });
  }
  return [
    sent(context, `skill:${name}`, saying),
    ...assigned(context, head, chosen, { attempt: 1 }),
  ];
}

/** The answer to who may not be here any more: it is on the record, whatever becomes of it there. */
export function answerTo(context: DecisionContext, id: string, saying: Saying): NewSkeinEvent[] {
  const head = headOf(context, saying);
  const reached = isHere(context, id)
    ? atHome(context, head, [id], deferOrRefuse(context, head))
    : [];
  // Who waits for an answer without an inbox reads the record: no need to tell that there is none.
  const told = reached.filter((event) => !isNobody(event));
  return [sent(context, `agent:${id}`, saying), ...told];
}

const isNobody = (event: NewSkeinEvent): boolean =>
  event.type === 'message.refused' && event.data.error === 'not-found';

/** The message that this command sends, as an inbox sees it. */
export function headOf(context: DecisionContext, saying: Saying): MessageHead {
  const { priority, answerInMs, expiresInMs } = saying;
  return {
    message: context.command,
    from: speakerId(context.actor, context.node),
    sentAt: isoOf(context.now),
    ...(priority === undefined ? {} : { priority }),
    ...(answerInMs === undefined ? {} : { answerBy: laterBy(context, answerInMs) }),
    ...(expiresInMs === undefined ? {} : { expiresAt: laterBy(context, expiresInMs) }),
  };
}

function laterBy({ now }: DecisionContext, ms: number): string {
  if (ms <= 0) {
    throw new SkeinError('message-expired', 'Cannot send: its time is over before it began');
  }
  if (ms > MAX_SPAN_MS)
    throw new SkeinError('usage', 'Cannot send: more than ten years are asked for');
  return isoOf(now + ms);
}

/** The event that is the message. */
export function sent(
  context: DecisionContext,
  to: string,
  saying: Saying & { readonly importedFrom?: string },
  sentAt = isoOf(context.now),
): NewSkeinEvent {
  const { text: said, kind, about, body, replyTo, importedFrom, extra } = saying;
  const bytes = Buffer.byteLength(said);
  if (bytes > MAX_TEXT_BYTES || (about?.length ?? 0) > MAX_ABOUT) {
    throw new SkeinError(
      'payload-too-large',
      `Cannot send ${bytes} bytes about ${about?.length ?? 0} paths: the limits are ${MAX_TEXT_BYTES} and ${MAX_ABOUT}`,
      { fix: 'Put the text into a blob.' },
    );
  }
  assertFits(extra);
  const { message, priority, answerBy, expiresAt } = headOf(context, saying);
  return {
    type: 'message.sent',
    subject: `message/${message}`,
    ...(replyTo === undefined ? {} : { cause: replyTo }),
    data: {
      to,
      kind: kind ?? (answerBy === undefined ? 'announce' : 'ask'),
      text: said,
      sentAt,
      ...(about === undefined ? {} : { about }),
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(priority === undefined ? {} : { priority }),
      ...(answerBy === undefined ? {} : { answerBy }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(body === undefined ? {} : { body }),
      ...(importedFrom === undefined ? {} : { importedFrom }),
      ...(extra === undefined ? {} : { extra }),
    },
  };
}

function assertFits(extra = ''): void {
  const bytes = Buffer.byteLength(extra);
  if (bytes <= MAX_EXTRA_BYTES) return;
  throw new SkeinError(
    'payload-too-large',
    `Cannot send ${bytes} bytes beside a message: the limit is ${MAX_EXTRA_BYTES}`,
  );
}
