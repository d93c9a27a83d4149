/** What a group's agent leaves behind when it retires goes to another one of the group. */
import type { DecisionContext } from '#ledger/decider.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { isOut } from '../hand-out.ts';
import type { InboxState, WaitingMessage } from '../inbox-reducer.ts';
import { isoOf, refused } from './message-head.ts';
import { assigned, chooseAgain, groupRefused, isHere } from './message-route.ts';

/** So many at once: those of one command don't see each other where they come in. */
export const MAX_GIVEN_BACK = 50;

/**
 * Messages of a group that nobody is at work on leave the inbox. Of those sent by this node another
 * agent is chosen in the same commit; other nodes hear of a refusal and choose themselves. What was
 * sent to the agent itself stays.
 */
export function givenBack(
  context: DecisionContext,
  id: string,
  { waiting }: InboxState,
  reason: string,
): NewSkeinEvent[] {
  const now = isoOf(context.now);
  return waiting
    .filter((each) => each.skill !== undefined && !isOut(each, now))
    .slice(0, MAX_GIVEN_BACK)
    .flatMap((each) => giveBack(context, id, each, reason));
}

function giveBack(
  context: DecisionContext,
  inbox: string,
  waiting: WaitingMessage,
  reason: string,
): NewSkeinEvent[] {
  const { message, tries, from, skill = '', assignment } = waiting;
  const data = { inbox, message, reason, tries };
  const subject = `message/${message}`;
  const gone: NewSkeinEvent = { type: 'message.dead-lettered', subject, data };
  if (!isHere(context, from)) {
    const refusal = { error: 'not-found' as const, detail: reason };
    return [gone, refused({ message }, inbox, refusal, assignment)];
  }
  const { priority, sentAt, answerBy, expiresAt } = waiting;
  const head = {
    message,
    from,
    skill,
    priority,
    sentAt,
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const chosen = chooseAgain(context, head, skill, [inbox]);
  if (chosen === undefined) return [gone, groupRefused(head, skill)];
  return [gone, ...assigned(context, head, chosen, { attempt: 2 })];
}
