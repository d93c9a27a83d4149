/**
 * The bus: how agents reach each other while they are at work, in one process or over a network.
 *
 * Contract. A message goes to who is subscribed to its subject at that moment; of a group exactly one
 * member gets it: those with room take turns. Between one sender and one subscription the order of
 * sending is kept. A handler has one message at a time and is never called from inside `publish`; if
 * it throws, it loses its own message only. Delivery is at most once: what must not be lost is
 * recorded before it is sent. Every subscription has a bounded queue: what does not fit is dropped
 * for that subscription alone, counted, and told to it (`overflow`); nobody else notices. Bodies and
 * answers are plain JSON (`message-invalid`) of at most 256 kB (`payload-too-large`); what one does
 * to a body nobody else sees. `request` sends to one responder and answers with what its handler
 * returned; it throws `no-responder`, `inbox-full`, `request-timeout`, the handler's own SkeinError,
 * or `internal` for anything else. Subjects are built by `protocol/subjects.ts`; others are refused
 * with `subject-invalid`. After `close` everything throws `bus-closed`. Adapters pass `bus-conformance.ts`.
 */

/**
 * What travels. `id` UUIDv7 by the sender; `from` its name; `sentAt` its wall clock, ISO 8601 (each
 * at most 128 characters); `body` plain JSON. `from` is a claim: what counts is on the record.
 */
export interface BusMessage {
  readonly id: string;
  readonly subject: string;
  readonly from: string;
  readonly sentAt: string;
  readonly body: unknown;
}

/**
 * Called with one message at a time; what it returns is the answer to a request (nothing = null).
 * `asked` says whether somebody waits for it.
 */
export type BusHandler = (message: BusMessage, asked?: boolean) => unknown;

/** How a subscriber listens. */
export interface SubscribeOptions {
  /** Members of one group share the messages of a subject. Named as a part of a subject is. */
  readonly group?: string;
  /** How many messages may wait (1 to 100,000, default 1,000); together at most 8 MB of bodies. */
  readonly maxWaiting?: number;
  /** Told soon after messages did not fit, with how many were dropped so far. */
  readonly overflow?: (dropped: number) => void;
}

/** A subscription at work; `close` drops what waits, and lets go on what is being handled. */
export interface BusSubscription {
  readonly waiting: () => number;
  readonly dropped: () => number;
  readonly close: () => void;
}

/** A connection to the bus. */
export interface Bus {
  /** Resolves when the carrier has taken the message. */
  readonly publish: (message: BusMessage) => Promise<void>;
  /** Counts at once for what this connection sends, for others as soon as the carrier knows it. */
  readonly subscribe: (
    subject: string,
    handle: BusHandler,
    options?: SubscribeOptions,
  ) => BusSubscription;
  /** Waits 1 ms to an hour. If the responder closes meanwhile: `no-responder` or `request-timeout`. */
  readonly request: (message: BusMessage, timeoutMs: number) => Promise<unknown>;
  /** Ends its subscriptions and open requests; resolves when the carrier knows. Again: nothing. */
  readonly close: () => Promise<void>;
}
