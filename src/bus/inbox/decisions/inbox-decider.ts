/** Decides what is handed out of an inbox, and what became of it. */
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, flag, integer, optional, text } from '#protocol/shape.ts';
import { handOut, isOut, type HandOut } from '../hand-out.ts';
import type { InboxState } from '../inbox-reducer.ts';
import { givenBack } from './give-back.ts';
import { isoOf } from './message-head.ts';
import { assertNode, handedOut, ownInbox } from './own-inbox.ts';
import { answerTo, sayingFields } from './send-decider.ts';

/** The most messages that are handed out at once. */
export const MAX_HAND_OUT = 1_000;

/** The longest delay of what is given back, in milliseconds: a week. */
const MAX_DELAY_MS = 7 * 86_400_000;

/** Commands of who owns an inbox: `message.deliver`, `.pick`, `.ack`, `.nack`, `.reply`; `inbox.sweep`. */
export const inboxDeciders: DeciderTable = {
  'message.deliver': defineDecider(
    fields({ inbox: text, most: integer }),
    ({ inbox: id, most }, context) => {
      const inbox = ownInbox(context, id);
      if (most < 1 || most > MAX_HAND_OUT) {
        throw new SkeinError('usage', `Cannot hand out ${most} messages: 1 to ${MAX_HAND_OUT}`);
      }
      const given = handOut(inbox, isoOf(context.now), most);
      const messages = given.messages.map(({ message }) => message);
      if (messages.length === 0) return over(id, given);
      const until = isoOf(context.now + inbox.handleMs);
      const data = { inbox: id, messages, until, streak: given.streak };
      return [{ type: 'message.delivered', subject: `inbox/${id}`, data }, ...over(id, given)];
    },
  ),
  // This one, whatever is before it: a person chose it, or it is the answer that somebody waits for.
  'message.pick': defineDecider(
    fields({ inbox: text, message: text }),
    ({ inbox: id, message }, context) => {
      const inbox = ownInbox(context, id);
      const found = inbox.waiting.find((each) => each.message === message);
      if (found === undefined || isOut(found, isoOf(context.now))) {
        const state = found === undefined ? 'it does not wait there' : 'it is handed out';
        throw new SkeinError('conflict', `Cannot hand out ${message} of ${id}: ${state}`);
      }
      const until = isoOf(context.now + inbox.handleMs);
      const data = { inbox: id, messages: [message], until, streak: inbox.streak };
      return [{ type: 'message.delivered', subject: `inbox/${id}`, data }];
    },
  ),
  'message.ack': defineDecider(
    fields({ inbox: text, message: text, processingMs: integer }),
    (done, context) => {
      handedOut(ownInbox(context, done.inbox), done.inbox, done.message);
      return [handled(done)];
    },
  ),
  'message.nack': defineDecider(
    fields({
      inbox: text,
      message: text,
      reason: text,
      delayMs: optional(integer),
      unseen: optional(flag),
    }),
    ({ inbox: id, message, reason, delayMs = 0, unseen = false }, context) => {
      const inbox = ownInbox(context, id);
      const { tries } = handedOut(inbox, id, message);
      if (delayMs < 0 || delayMs > MAX_DELAY_MS) {
        throw new SkeinError('usage', `Cannot delay ${message} by ${delayMs} ms: 0 to a week`);
      }
      const subject = `message/${message}`;
      if (tries >= inbox.tries && !unseen) {
        const data = { inbox: id, message, reason, tries };
        return [{ type: 'message.dead-lettered', subject, data }];
      }
      const notBefore = isoOf(context.now + delayMs);
      const data = { inbox: id, message, reason, notBefore, ...(unseen ? { unseen } : {}) };
      return [{ type: 'message.returned', subject, data }];
    },
  ),
  // The answer and that the question is done with are one commit: none is without the other.
  'message.reply': defineDecider(
    fields({ inbox: text, message: text, processingMs: integer, ...sayingFields }),
    ({ inbox: id, message, processingMs, ...saying }, context) => {
      const { from, priority } = handedOut(ownInbox(context, id), id, message);
      if (!from.includes('@')) {
        throw new SkeinError('not-found', `Cannot answer ${from}: it is not known in this space`);
      }
      const answer = { priority, kind: 'answer' as const, ...saying, replyTo: message };
      return [...answerTo(context, from, answer), handled({ inbox: id, message, processingMs })];
    },
  ),
  // What is over without anybody asking: the node calls this when something is due.
  'inbox.sweep': defineDecider(fields({ inbox: text }), ({ inbox: id }, context) => {
    assertNode(context);
    const inbox = ownInbox(context, id);
    const given = handOut(inbox, isoOf(context.now), 0);
    if (inbox.status === 'closed') return givenBack(context, id, inbox, 'the agent is retired');
    return [...over(id, given), ...alarms(context, id, inbox, given)];
  }),
};

function handled(done: {
  readonly inbox: string;
  readonly message: string;
  readonly processingMs: number;
}): NewSkeinEvent {
  if (done.processingMs < 0) {
    throw new SkeinError('usage', `Cannot answer ${done.message}: it took ${done.processingMs} ms`);
  }
  return { type: 'message.handled', subject: `message/${done.message}`, data: done };
}

/** Messages that will not be handed out any more. */
function over(inbox: string, { expired, dead }: HandOut): NewSkeinEvent[] {
  return [
    ...expired.map(({ message }): NewSkeinEvent => ({
      type: 'message.expired',
      subject: `message/${message}`,
      data: { inbox, message },
    })),
    ...dead.map(({ message, tries }): NewSkeinEvent => ({
      type: 'message.dead-lettered',
      subject: `message/${message}`,
      data: { inbox, message, reason: `not answered ${tries} times`, tries },
    })),
  ];
}

/** Once for each message that wanted an answer by a time that is over. */
function alarms(
  { now }: DecisionContext,
  id: string,
  inbox: InboxState,
  { expired, dead }: HandOut,
): NewSkeinEvent[] {
  const time = isoOf(now);
  const gone = new Set([...expired, ...dead].map(({ message }) => message));
  return inbox.waiting.flatMap((each): NewSkeinEvent[] => {
    const { message, answerBy, alarmed, tries } = each;
    if (answerBy === undefined || answerBy > time || alarmed === true || gone.has(message))
      return [];
    const returned = tries > 0 ? 'returned' : 'waiting';
    const state = isOut(each, time) ? 'delivered' : returned;
    const data = { message, to: id, state, answerBy, inbox: id };
    return [{ type: 'message.unanswered', subject: `message/${message}`, data }];
  });
}
