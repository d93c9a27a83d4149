/** An inbox as it stands, with the texts of its messages; and the message of it that a word means. */
import type { InboxContents, ListedDead, ListedLetter } from '#api/bus-door.ts';
import { isOut } from '#bus/inbox/hand-out.ts';
import type { InboxState, WaitingMessage } from '#bus/inbox/inbox-reducer.ts';
import { findEvent, letterOf } from '#bus/inbox/letters.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import { lengthen } from './long-text.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The state of an inbox; undefined when there is none. */
export const inboxState = ({ read }: Ledger, id: string): InboxState | undefined =>
  read.entity('inbox', id)?.body as InboxState | undefined;

/** Reads an inbox; nothing is handed out by it. */
export function inboxContents(ledger: Ledger, id: string, nowMs: number): InboxContents {
  const state = inboxState(ledger, id);
  const now = new Date(nowMs).toISOString();
  const deferred = Object.values(state?.deferred ?? {});
  return {
    inbox: id,
    space: ledger.space,
    status: state?.status ?? 'none',
    limit: state?.limit ?? 0,
    deferred: deferred.reduce((sum, { count }) => sum + count, 0),
    handled: state?.handled ?? 0,
    expired: state?.expired ?? 0,
    died: state?.died ?? 0,
    messages: (state?.waiting ?? []).map((each) => listed(ledger, id, each, now)),
    dead: (state?.dead ?? []).map(({ message, ...rest }): ListedDead => {
      const sent = findEvent(ledger.read, 'message.sent', message)?.event;
      return { id: message, ...rest, text: sent?.data.text ?? '' };
    }),
  };
}

function listed(ledger: Ledger, id: string, each: WaitingMessage, now: string): ListedLetter {
  const { until, notBefore } = each;
  const isDelayed = notBefore !== null && notBefore > now;
  const state = isOut(each, now) ? 'handed out' : isDelayed ? 'delayed' : 'waits';
  const letter = lengthen(ledger, letterOf(ledger.read, id, each));
  return { ...letter, state, until, notBefore, alarmed: each.alarmed === true };
}

/** The id of the message that `word` is, or begins; it must wait in the inbox unless it is whole. */
export function findWaiting(ledger: Ledger, inbox: string, word: string): string {
  if (UUID.test(word)) return word;
  const waiting = inboxState(ledger, inbox)?.waiting ?? [];
  const found = waiting.map(({ message }) => message).filter((id) => id.startsWith(word));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    throw new SkeinError('not-found', `Cannot find message ${word}: none in ${inbox} begins so`, {
      fix: 'See: skein inbox. A message that has left it is named by its whole id.',
    });
  }
  throw new SkeinError('ambiguous-id', `Cannot choose: ${found.length} messages begin so`, {
    fix: `Type more of the id: ${found.slice(0, 5).join(', ')}`,
  });
}

/** How long ago a message was handed out, in milliseconds. */
export function processingMs(
  ledger: Ledger,
  inbox: string,
  message: string,
  nowMs: number,
): number {
  const state = inboxState(ledger, inbox);
  const until = state?.waiting.find((each) => each.message === message)?.until ?? null;
  if (state === undefined || until === null) return 0;
  return Math.max(0, nowMs - (Date.parse(until) - state.handleMs));
}
