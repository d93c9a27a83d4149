/**
 * The bus: how agents reach each other while they are at work, in one process or over a network.
 *
 * Contract. A message goes to who is subscribed to its subject at that moment; of a group exactly
 * one member gets it. Between one sender and one subscription the order of sending is kept; a
 * handler is called with one message at a time. Delivery is at most once: what must not be lost is
 * recorded before it is sent. Every subscription has a bounded queue: what does not fit is dropped
 * for that subscription alone, counted, and told to it (`overflow`); nobody else notices. A handler that throws loses
 * its own message only. `request` sends to one responder and answers with what its handler
 * returned; it throws `no-responder`, `request-timeout`, or the handler's own SkeinError.
 * Subjects are built by `protocol/subjects.ts`; others are refused with `subject-invalid`. After `close` everything
 * throws `bus-closed`. Adapters pass `bus-conformance.ts`.
 */

/** What travels. `id` UUIDv7 by the sender; `sentAt` its wall clock, ISO 8601; `body` plain JSON. */
export interface BusMessage {
  readonly id: string;
  readonly subject: string;
  readonly from: string;
  readonly sentAt: string;
  readonly body: unknown;
}

/** Called with one message at a time; what it returns is the answer to a request. */
export type BusHandler = (message: BusMessage) => unknown;

/** How a subscriber listens. */
export interface SubscribeOptions {
  /** Members of one group share the messages of a subject. */
  readonly group?: string;
  /** How many messages may wait (default 1,000). */
  readonly maxWaiting?: number;
  /** Told when a message did not fit, with how many were dropped so far. */
  readonly overflow?: (dropped: number) => void;
}

/** A subscription at work; `close` drops what waits. */
export interface BusSubscription {
  readonly waiting: () => number;
  readonly dropped: () => number;
  readonly close: () => void;
}

/** A bus. */
export interface Bus {
  /** Resolves when the carrier has taken the message. */
  readonly publish: (message: BusMessage) => Promise<void>;
  readonly subscribe: (
    subject: string,
    handle: BusHandler,
    options?: SubscribeOptions,
  ) => BusSubscription;
  readonly request: (message: BusMessage, timeoutMs: number) => Promise<unknown>;
  readonly close: () => Promise<void>;
}
