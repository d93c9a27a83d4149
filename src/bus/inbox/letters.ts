/** Messages as their readers get them, read from the record by id. */
import type { BlobReference, LedgerReader, StoredEvent } from '#ledger/ledger.ts';
import { speakerId } from '#protocol/address.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import type { EventOfType } from './event-of-type.ts';
import type { WaitingMessage } from './inbox-reducer.ts';

/**
 * A message that was handed out. `text` is all of it, or how the blob `body` begins; `traceId` and
 * `spanId` are those of its sending. Without `kind` its event is not on this node any more.
 */
export interface Letter {
  readonly id: string;
  readonly inbox: string;
  readonly from: string;
  readonly to?: string;
  readonly kind?: string;
  readonly text: string;
  readonly body?: BlobReference;
  readonly about?: readonly string[];
  readonly replyTo?: string;
  readonly importedFrom?: string;
  /** What else an old bus said of it, as JSON. */
  readonly extra?: string;
  readonly priority: string;
  readonly sentAt: string;
  readonly receivedAt: string;
  readonly answerBy?: string;
  readonly expiresAt?: string;
  /** How often it was handed out, this time included. */
  readonly tries: number;
  readonly traceId?: string;
  readonly spanId?: string;
}

/** An event with who signed it. */
export interface Signed<E extends SkeinEvent = SkeinEvent> {
  readonly event: E;
  readonly author: string;
}

/** The event with this id, if it is here, readable, and of this type. */
export function findEvent<T extends SkeinEvent['type']>(
  read: Pick<LedgerReader, 'events' | 'position'>,
  type: T,
  id: string,
): Signed<EventOfType<T>> | undefined {
  const position = read.position(id);
  if (position === undefined) return undefined;
  const [stored] = read.events({ after: position - 1, limit: 1 });
  if (stored === undefined || stored.type !== type) return undefined;
  const event = readStored(stored);
  if (event?.id !== id || event.type !== type) return undefined;
  return { event: event as EventOfType<T>, author: stored.author };
}

/** A stored event of a known type; undefined when it was pruned or can't be read. */
export function readStored({ body }: StoredEvent): SkeinEvent | undefined {
  if (body === null) return undefined;
  try {
    const decoded = decodeEvent(body);
    return decoded.known ? decoded.event : undefined;
  } catch {
    return undefined;
  }
}

/** The letter of a message that an inbox has handed out. */
export function letterOf(
  read: Pick<LedgerReader, 'events' | 'position'>,
  inbox: string,
  waiting: WaitingMessage,
): Letter {
  const { message: id, from, priority, sentAt, receivedAt, answerBy, expiresAt, tries } = waiting;
  const known = {
    id,
    inbox,
    from,
    priority,
    sentAt,
    receivedAt,
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    tries,
  };
  const sent = findEvent(read, 'message.sent', id)?.event;
  if (sent === undefined) return { ...known, text: '' };
  const { to, kind, text, body, about, replyTo, importedFrom, extra } = sent.data;
  return {
    ...known,
    to,
    kind,
    text,
    ...(body === undefined ? {} : { body }),
    ...(about === undefined ? {} : { about }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(importedFrom === undefined ? {} : { importedFrom }),
    ...(extra === undefined ? {} : { extra }),
    traceId: sent.traceId,
    spanId: sent.spanId,
  };
}

/** Who sent a message, as the record says it: the signer's word for the name, its own for the node. */
export const senderOf = ({ event, author }: Signed): string => speakerId(event.actor, author);
