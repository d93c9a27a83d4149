/**
 * Takes in what had to wait on the record because an inbox had no room, in the order in which it came.
 * All it needs is on the record: it may be stopped anywhere and begun again.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { PRIORITIES, type Priority } from '#protocol/events/message.ts';
import { derivedId } from './derived-id.ts';
import type { EventOfType } from './event-of-type.ts';
import { roomFor } from './hand-out.ts';
import type { Deferred, InboxState } from './inbox-reducer.ts';
import { readStored } from './letters.ts';

/** What it is done with. */
export interface DeferredParts {
  readonly ledger: Pick<Ledger, 'execute' | 'read'>;
  readonly secret: string;
  readonly speaker: Speaker;
}

type DeferredEvent = EventOfType<'message.deferred'>;

/** So many commands at a time, and so many events in one reading. */
const AT_ONCE = 200;
const PAGE_EVENTS = 250;

/** It begins when an eighth of the inbox is free: a commit for each message that leaves would be waste. */
const FREE_PART = 8;

/** Answers whether anything still waits outside. */
export async function takeDeferred(parts: DeferredParts, inbox: string): Promise<boolean> {
  for (const priority of PRIORITIES) while (await takeSome(parts, inbox, priority));
  return Object.keys(stateOf(parts, inbox)?.deferred ?? {}).length > 0;
}

const stateOf = ({ ledger }: DeferredParts, id: string): InboxState | undefined =>
  ledger.read.entity('inbox', id)?.body as InboxState | undefined;

/** Answers whether to go on at once. */
async function takeSome(parts: DeferredParts, id: string, priority: Priority): Promise<boolean> {
  const inbox = stateOf(parts, id);
  const deferred = inbox?.deferred[priority];
  if (inbox === undefined || deferred === undefined) return false;
  const room = roomFor(inbox, priority);
  if (room < Math.min(deferred.count, Math.ceil(inbox.limit / FREE_PART))) return false;
  const most = Math.min(room, AT_ONCE, deferred.count);
  const next = nextDeferred(parts, { id, priority, deferred, most });
  let after = deferred.at;
  const taken = next.map((event) => {
    const said = take(parts, event, after);
    after = event.id;
    return said;
  });
  const counts = await Promise.all(taken);
  return counts.length > 0 && counts.every((count) => count > 0);
}

async function take(
  { ledger, secret, speaker }: DeferredParts,
  { id: event, data, traceId, spanId }: DeferredEvent,
  after: string,
): Promise<number> {
  const { receivedAt: _, ...head } = data;
  const command = {
    id: derivedId(secret, event, 'message.take-deferred'),
    name: 'message.take-deferred',
    input: { ...head, event, after },
  };
  const receipt = await ledger.execute(command, { ...speaker, traceId, parentSpanId: spanId });
  return receipt.events.length;
}

interface Wanted {
  readonly id: string;
  readonly priority: Priority;
  readonly deferred: Deferred;
  readonly most: number;
}

/** The events that deferred what comes next. */
function nextDeferred(
  { ledger: { read } }: DeferredParts,
  { id, priority, deferred: { at, taken }, most }: Wanted,
): readonly DeferredEvent[] {
  const found: DeferredEvent[] = [];
  let after = (read.position(at) ?? 1) - (taken ? 0 : 1);
  while (found.length < most) {
    const page = read.events({ after, limit: PAGE_EVENTS });
    for (const stored of page) {
      if (stored.type !== 'message.deferred' || found.length === most) continue;
      const event = readStored(stored);
      if (event?.type !== 'message.deferred' || event.data.inbox !== id) continue;
      if ((event.data.priority ?? 'normal') === priority) found.push(event);
    }
    if (page.length < PAGE_EVENTS) break;
    after = page.at(-1)?.position ?? after;
  }
  return found;
}
