/**
 * What a node has to keep in mind of its inboxes between two commits: who is to be woken, and when
 * something is due next. Told of events one by one, it costs the same however many messages wait.
 */
import { CommitBell } from '#ledger/subscription.ts';
import { isHomeById } from '#protocol/address.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { EventOfType } from './event-of-type.ts';
import { dueOf, type Due } from './hand-out.ts';
import type { InboxState } from './inbox-reducer.ts';

/** One inbox. `dueMs` is never too late; it may be too early. */
interface Watched {
  readonly bell: CommitBell;
  readonly waiting: Map<string, Due>;
  deferred: boolean;
  /** How many may leave before it is worth looking whether what waits outside has room. */
  patience: number;
  left: number;
  dueMs: number;
}

/** Called when the next moment may have changed, and when an inbox may have room for what waits outside. */
export interface InboxWatchHooks {
  readonly rearm: () => void;
  readonly room: (inbox: string) => void;
}

/** The inboxes of one node. */
export class InboxWatch {
  readonly #nodeKey: string;
  readonly #hooks: InboxWatchHooks;
  readonly #inboxes = new Map<string, Watched>();

  constructor(nodeKey: string, hooks: InboxWatchHooks) {
    this.#nodeKey = nodeKey;
    this.#hooks = hooks;
  }

  /** What rings when there may be something to hand out. */
  bell(inbox: string): CommitBell {
    return this.#watched(inbox).bell;
  }

  /** An inbox as it stands; the events that follow may have been counted in already. */
  begin(id: string, { waiting, deferred, limit }: InboxState, nowMs: number): void {
    const inbox = this.#watched(id);
    for (const each of waiting) inbox.waiting.set(each.message, each);
    inbox.deferred = Object.keys(deferred).length > 0;
    inbox.patience = patienceOf(limit);
    if (waiting.length > 0) inbox.dueMs = nowMs;
    if (inbox.deferred) this.#hooks.room(id);
    this.#hooks.rearm();
  }

  /** An event of this node as it was committed. */
  see(event: SkeinEvent, nowMs: number): void {
    const id = inboxNamed(event);
    if (id === undefined || isHomeById('inbox', id, this.#nodeKey) !== true) return;
    const inbox = this.#watched(id);
    const before = inbox.dueMs;
    this.#note(inbox, event, nowMs);
    if (inbox.waiting.size === 0) inbox.dueMs = Infinity;
    if (event.type !== 'message.delivered' && event.type !== 'message.unanswered')
      inbox.bell.ring();
    if (inbox.deferred && (inbox.left >= inbox.patience || inbox.waiting.size === 0)) {
      inbox.left = 0;
      this.#hooks.room(id);
    }
    if (inbox.dueMs !== before) this.#hooks.rearm();
  }

  /** Nothing waits outside any more. */
  caughtUp(inbox: string): void {
    this.#watched(inbox).deferred = false;
  }

  /** The next moment at which something is due, in milliseconds since 1970; Infinity = never. */
  get nextMs(): number {
    let next = Infinity;
    for (const { dueMs } of this.#inboxes.values()) next = Math.min(next, dueMs);
    return next;
  }

  /** The inboxes about which something is due; each is looked at again when its next moment comes. */
  takeDue(nowMs: number): readonly string[] {
    const now = new Date(nowMs).toISOString();
    const due: string[] = [];
    for (const [id, inbox] of this.#inboxes) {
      if (inbox.dueMs > nowMs) continue;
      due.push(id);
      inbox.dueMs = Infinity;
      for (const each of inbox.waiting.values()) lower(inbox, dueOf(each, now));
    }
    return due;
  }

  /** It could not be seen to: again at this moment. */
  retry(inbox: string, ms: number): void {
    const watched = this.#watched(inbox);
    if (watched.waiting.size === 0 || watched.dueMs <= ms) return;
    watched.dueMs = ms;
    this.#hooks.rearm();
  }

  /** Wakes everybody who waits, for the end. */
  ringAll(): void {
    for (const { bell } of this.#inboxes.values()) bell.ring();
  }

  #watched(id: string): Watched {
    let found = this.#inboxes.get(id);
    if (found === undefined) {
      const bell = new CommitBell();
      const none = { patience: 1, left: 0, dueMs: Infinity };
      found = { bell, waiting: new Map(), deferred: false, ...none };
      this.#inboxes.set(id, found);
    }
    return found;
  }

  #note(inbox: Watched, event: SkeinEvent, nowMs: number): void {
    const { waiting } = inbox;
    const now = new Date(nowMs).toISOString();
    const update = (message: string, change: Partial<Due>): void => {
      const each = { ...(waiting.get(message) ?? NEW), ...change };
      waiting.set(message, each);
      lower(inbox, dueOf(each, now));
    };
    switch (event.type) {
      case 'message.received':
        update(event.data.message, timesOf(event));
        // What is over already, because it waited elsewhere, is to be told too.
        return lower(inbox, earliest(event.data.expiresAt, event.data.answerBy));
      case 'message.delivered':
        for (const message of event.data.messages) {
          if (waiting.has(message)) update(message, { until: event.data.until, notBefore: null });
        }
        return;
      case 'message.returned':
        if (!waiting.has(event.data.message)) return;
        return update(event.data.message, { until: null, notBefore: event.data.notBefore });
      case 'message.unanswered':
        if (waiting.has(event.data.message)) update(event.data.message, { alarmed: true });
        return;
      case 'message.handled':
      case 'message.expired':
      case 'message.dead-lettered':
        if (waiting.delete(event.data.message)) inbox.left += 1;
        return;
      case 'message.deferred':
        inbox.deferred = true;
        return;
      case 'inbox.opened':
        inbox.patience = patienceOf(event.data.limit);
        inbox.left = inbox.patience;
        return;
      case 'inbox.closed':
        // What a group's agent leaves is given back, bit by bit.
        if (waiting.size > 0) inbox.dueMs = nowMs;
        return;
      default:
    }
  }
}

const NEW: Due = { until: null, notBefore: null };

/** A sixteenth of an inbox: half of what has to be free for something to be taken in. */
const patienceOf = (limit: number): number => Math.ceil(limit / 16);

const earliest = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one;

function lower(inbox: Watched, due: string | undefined): void {
  if (due !== undefined) inbox.dueMs = Math.min(inbox.dueMs, Date.parse(due));
}

function timesOf({ data }: EventOfType<'message.received'>): Partial<Due> {
  const { answerBy, expiresAt } = data;
  return {
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function inboxNamed({ data }: SkeinEvent): string | undefined {
  return (data as { readonly inbox?: string }).inbox;
}
