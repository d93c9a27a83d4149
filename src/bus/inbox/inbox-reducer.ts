/**
 * The state of an inbox: what waits in it, in the order of arrival, and what was given up. What was
 * handled leaves it; that it never comes again is known from the record, which keeps all ids.
 */
import type { EventOf } from '#protocol/event-types.ts';
import type { Priority } from '#protocol/events/message.ts';

/** A message that waits, or that was handed out and not answered yet. Times are ISO 8601. */
export interface WaitingMessage {
  readonly message: string;
  readonly from: string;
  readonly priority: Priority;
  readonly sentAt: string;
  readonly receivedAt: string;
  readonly answerBy?: string;
  readonly expiresAt?: string;
  /** The group for which this agent was chosen, and the event that another node chose it with. */
  readonly skill?: string;
  readonly assignment?: string;
  /** The alarm that no answer came in time was given. */
  readonly alarmed?: true;
  /** How often it was handed out. */
  readonly tries: number;
  /** Handed out until then; null = it waits. */
  readonly until: string | null;
  /** Not to be handed out before then. */
  readonly notBefore: string | null;
}

/** A message that was given up, and why. */
export interface DeadLetter {
  readonly message: string;
  readonly from: string;
  readonly reason: string;
  readonly tries: number;
}

/**
 * What of one priority came when there was no room: `count` messages wait on the record. The next is
 * that of the event `at`, or the first one after it when that one was `taken`.
 */
export interface Deferred {
  readonly at: string;
  readonly taken: boolean;
  readonly count: number;
}

/** `received`, `handled`, `expired` and `died` count for ever; `dead` lists the last of those that died. */
export interface InboxState {
  readonly status: 'open' | 'closed';
  readonly limit: number;
  readonly handleMs: number;
  readonly tries: number;
  readonly waiting: readonly WaitingMessage[];
  readonly deferred: Readonly<Partial<Record<Priority, Deferred>>>;
  readonly dead: readonly DeadLetter[];
  readonly streak: number;
  readonly received: number;
  readonly handled: number;
  readonly expired: number;
  readonly died: number;
}

/** How many dead letters an inbox lists; all of them are on the record. */
export const LISTED_DEAD = 100;

const EMPTY: InboxState = {
  status: 'closed',
  limit: 0,
  handleMs: 0,
  tries: 0,
  waiting: [],
  deferred: {},
  dead: [],
  streak: 0,
  received: 0,
  handled: 0,
  expired: 0,
  died: 0,
};

type InboxEvent = EventOf<'inbox'>;
type Of<T extends InboxEvent['type']> = Extract<InboxEvent, { type: T }>;

/** Folds the events of an inbox. */
export function reduceInbox(state: InboxState | undefined, event: InboxEvent): InboxState {
  const inbox = state ?? EMPTY;
  switch (event.type) {
    case 'inbox.opened': {
      const { limit, handleMs, tries } = event.data;
      return { ...inbox, status: 'open', limit, handleMs, tries };
    }
    case 'inbox.closed':
      return { ...inbox, status: 'closed' };
    case 'message.received':
      return receive(inbox, event);
    case 'message.deferred':
      return defer(inbox, event);
    case 'message.delivered': {
      const { messages, until, streak } = event.data;
      const handed = new Set(messages);
      const waiting = inbox.waiting.map((each) =>
        handed.has(each.message)
          ? { ...each, tries: each.tries + 1, until, notBefore: null }
          : each,
      );
      return { ...inbox, waiting, streak };
    }
    case 'message.returned': {
      const { message, notBefore, unseen = false } = event.data;
      return changed(inbox, message, (each) => {
        const tries = unseen ? Math.max(each.tries - 1, 0) : each.tries;
        return { ...each, tries, until: null, notBefore };
      });
    }
    case 'message.unanswered':
      return changed(inbox, event.data.message, (each) => ({ ...each, alarmed: true }));
    case 'message.handled':
      return { ...without(inbox, event.data.message), handled: inbox.handled + 1 };
    case 'message.expired':
      return { ...without(inbox, event.data.message), expired: inbox.expired + 1 };
    case 'message.dead-lettered': {
      const { message, reason, tries } = event.data;
      const from = inbox.waiting.find((each) => each.message === message)?.from ?? '';
      const dead = [...inbox.dead, { message, from, reason, tries }].slice(-LISTED_DEAD);
      return { ...without(inbox, message), dead, died: inbox.died + 1 };
    }
  }
}

const without = (inbox: InboxState, message: string): InboxState => ({
  ...inbox,
  waiting: inbox.waiting.filter((each) => each.message !== message),
});

const changed = (
  inbox: InboxState,
  message: string,
  change: (each: WaitingMessage) => WaitingMessage,
): InboxState => ({
  ...inbox,
  waiting: inbox.waiting.map((each) => (each.message === message ? change(each) : each)),
});

/** Its cause is what brought it: for what was deferred, the event that says so. */
function receive(inbox: InboxState, event: Of<'message.received'>): InboxState {
  const { data, cause } = event;
  const waiting = [...inbox.waiting, toWaiting(event)];
  const received = inbox.received + 1;
  const { [data.priority ?? 'normal']: deferred, ...others } = inbox.deferred;
  if (deferred === undefined || cause === undefined || data.skill !== undefined) {
    return { ...inbox, received, waiting };
  }
  const left = { at: cause, taken: true, count: deferred.count - 1 };
  const rest = left.count === 0 ? others : { ...others, [data.priority ?? 'normal']: left };
  return { ...inbox, received, waiting, deferred: rest };
}

function defer(inbox: InboxState, { id, data }: Of<'message.deferred'>): InboxState {
  const { priority = 'normal' } = data;
  const known = inbox.deferred[priority] ?? { at: id, taken: false, count: 0 };
  const deferred = { ...inbox.deferred, [priority]: { ...known, count: known.count + 1 } };
  return { ...inbox, deferred };
}

/** With its keys in their order: a state with many of them is written with every change. */
function toWaiting({ data, cause }: Of<'message.received'>): WaitingMessage {
  const { message, receivedAt, from = '', priority = 'normal', sentAt = receivedAt } = data;
  const { answerBy, expiresAt, skill } = data;
  return {
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(skill === undefined || cause === undefined ? {} : { assignment: cause }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    from,
    message,
    notBefore: null,
    priority,
    receivedAt,
    sentAt,
    ...(skill === undefined ? {} : { skill }),
    tries: 0,
    until: null,
  };
}
