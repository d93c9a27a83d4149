/**
 * Decides what becomes of messages that other nodes sent, in the transaction that takes them. Their
 * commands have derived ids (`derived-id.ts`): a message that comes again changes nothing.
 */
import { defineDecider, type DeciderTable } from '#ledger/decider.ts';
import { fields, integer, list, optional, text } from '#protocol/shape.ts';
import {
  hasRoom,
  headFields,
  inboxOf,
  received,
  refused,
  type MessageHead,
} from './message-head.ts';
import {
  arrive,
  assigned,
  atHome,
  chooseAgain,
  deferOrRefuse,
  groupRefused,
  meantHere,
  type WhenRefused,
} from './message-route.ts';
import { assertNode } from './own-inbox.ts';

/** Commands of the node: `message.receive`, `.assign`, `.take-deferred`. */
export const receiveDeciders: DeciderTable = {
  // `cause` is the assignment, for a group: who has no room refuses it, so that another one gets it.
  'message.receive': defineDecider(
    fields({ ...headFields, to: text, cause: optional(text) }),
    ({ to, cause, ...head }, context) => {
      assertNode(context);
      const here = meantHere(context, to);
      if (cause === undefined) return atHome(context, head, here, deferOrRefuse(context, head));
      const whenRefused: WhenRefused = (id, refusal) => refused(head, id, refusal, cause);
      return here.map((id) => arrive(context, head, id, { whenRefused, cause }));
    },
  ),
  // Another agent of a group, after those in `not` have refused.
  'message.assign': defineDecider(
    fields({ ...headFields, skill: text, attempt: integer, not: list(text), cause: text }),
    ({ attempt, not, cause, ...head }, context) => {
      assertNode(context);
      const chosen = chooseAgain(context, head, head.skill, not);
      if (chosen === undefined) return [groupRefused(head, head.skill, cause)];
      return assigned(context, head, chosen, { attempt, cause });
    },
  ),
  // `event` is what deferred it, `after` the one before it: out of turn nothing is taken.
  'message.take-deferred': defineDecider(
    fields({ ...headFields, inbox: text, event: text, after: text }),
    ({ inbox: id, event, after, ...head }, context) => {
      assertNode(context);
      const inbox = inboxOf(context, id);
      const behind = inbox?.deferred[head.priority ?? 'normal'];
      if (inbox === undefined || behind === undefined) return [];
      const isNext = behind.at === (behind.taken ? after : event);
      if (!isNext || !hasRoom(inbox, head.priority ?? 'normal')) return [];
      // Its times are by our clock already: they stand as they were when it came.
      const { offsetMs = 0 } = head;
      return [received(context, byTheirClock(head, offsetMs), id, event)];
    },
  ),
};

function byTheirClock(head: MessageHead, offsetMs: number): MessageHead {
  const shifted = (value: string): string => new Date(Date.parse(value) + offsetMs).toISOString();
  const { answerBy, expiresAt } = head;
  return {
    ...head,
    ...(answerBy === undefined ? {} : { answerBy: shifted(answerBy) }),
    ...(expiresAt === undefined ? {} : { expiresAt: shifted(expiresAt) }),
  };
}
