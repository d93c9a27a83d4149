/**
 * What an inbox takes in and hands out, and when: urgent first, those of one sender in order, nobody
 * starved. Pure; times are ISO 8601 in UTC as `toISOString` writes them, so that they compare as text.
 */
import { PRIORITIES, type Priority } from '#protocol/events/message.ts';
import type { InboxState, WaitingMessage } from './inbox-reducer.ts';

/** How full an inbox may be, in per cent, for a message of this urgency to be let in. */
export const SHARES: Readonly<Record<Priority, number>> = {
  critical: 100,
  high: 90,
  normal: 75,
  low: 50,
};

/** So many in a row may go before a less urgent one that waits; then it is its turn. */
export const MAX_STREAK = 8;

/** How many more of this urgency have room; below 0 when it is fuller than that. */
export const roomFor = (inbox: InboxState, priority: Priority): number =>
  Math.floor((inbox.limit * SHARES[priority]) / 100) - inbox.waiting.length;

/** Whether one more is let in: there is room, and none of the same urgency was deferred. */
export const isAdmitted = (inbox: InboxState, priority: Priority): boolean =>
  inbox.deferred[priority] === undefined && roomFor(inbox, priority) > 0;

/** What becomes of an inbox when somebody asks it for messages at a moment. */
export interface HandOut {
  readonly messages: readonly WaitingMessage[];
  readonly streak: number;
  /** Past their time; they are not handed out. */
  readonly expired: readonly WaitingMessage[];
  /** Handed out as often as may be, and never answered. */
  readonly dead: readonly WaitingMessage[];
}

/** Whether it is handed out and may still be answered. */
export const isOut = ({ until }: WaitingMessage, now: string): boolean =>
  until !== null && until > now;

/** Chooses at most `most` messages to be handed out at `now`; `most` 0 only tells what is over. */
export function handOut(inbox: InboxState, now: string, most: number): HandOut {
  const expired: WaitingMessage[] = [];
  const dead: WaitingMessage[] = [];
  const lines = makeLines();
  // Where the first of a sender has to wait, the others of the same sender and urgency do too.
  const blocked = new Set<string>();
  for (const [place, message] of inbox.waiting.entries()) {
    const { from, priority, expiresAt, tries, notBefore } = message;
    const key = `${priority} ${from}`;
    if (isOut(message, now)) blocked.add(key);
    else if (expiresAt !== undefined && expiresAt <= now) expired.push(message);
    else if (tries >= inbox.tries) dead.push(message);
    else if (notBefore !== null && notBefore > now) blocked.add(key);
    else if (!blocked.has(key)) lines[priority].push({ place, message });
  }
  return { ...takeTurns(lines, inbox.streak, most), expired, dead };
}

interface Placed {
  readonly place: number;
  readonly message: WaitingMessage;
}

type Lines = Readonly<Record<Priority, Placed[]>>;

const makeLines = (): Lines => ({ critical: [], high: [], normal: [], low: [] });

/** The streak goes on over several hand-outs: it is part of the state. */
function takeTurns(
  lines: Lines,
  before: number,
  most: number,
): Pick<HandOut, 'messages' | 'streak'> {
  const next = { critical: 0, high: 0, normal: 0, low: 0 };
  const messages: WaitingMessage[] = [];
  let streak = before;
  while (messages.length < most) {
    const heads = PRIORITIES.flatMap((priority) => lines[priority][next[priority]] ?? []);
    const [urgent, ...others] = heads;
    if (urgent === undefined) break;
    const oldest = others.toSorted((a, b) => a.place - b.place)[0];
    const isTheirTurn = oldest !== undefined && streak >= MAX_STREAK;
    const taken = isTheirTurn ? oldest : urgent;
    streak = isTheirTurn || oldest === undefined ? 0 : streak + 1;
    next[taken.message.priority] += 1;
    messages.push(taken.message);
  }
  return { messages, streak };
}

/** The times of a message at which something may be due. */
export type Due = Pick<
  WaitingMessage,
  'until' | 'notBefore' | 'expiresAt' | 'answerBy' | 'alarmed'
>;

/**
 * The next moment after `now` at which something is to be done about a message: its hand-out ends, its
 * delay or its time is over, its answer is due.
 */
export function dueOf(waiting: Due, now: string): string | undefined {
  const { until, notBefore, expiresAt, answerBy, alarmed } = waiting;
  let next: string | undefined;
  for (const each of [until, notBefore, expiresAt, alarmed === true ? null : answerBy]) {
    if (each !== null && each !== undefined && each > now && (next === undefined || each < next)) {
      next = each;
    }
  }
  return next;
}
