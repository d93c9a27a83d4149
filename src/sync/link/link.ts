/**
 * A link: an authenticated connection to one other node, over whatever carries it.
 *
 * Contract. Both ends have proven the keys they are named by. `call` answers with what the other
 * end's handler returned, or throws its SkeinError, `request-timeout`, or `node-unreachable` when the
 * link is closed; calls over the limit wait for their turn. `tell` wants no answer: it is false, and
 * nothing was sent, when more than a few megabytes wait for a peer that doesn't read. Params are
 * plain JSON of at most 1 MB; with the body a frame has at most 8 MB (`payload-too-large`), a larger
 * one is refused by its declared length. Order is kept as far as the carrier keeps it; what is lost or
 * doubled on the way is for the callers to bear. A handler must not wait for a call on its own link:
 * while too many are at work nothing more is read. Adapters pass `link-conformance.ts`.
 */

/** What travels with a method's name: plain JSON, and bytes where there are many. */
export interface LinkMessage {
  readonly params: unknown;
  readonly body?: Uint8Array;
}

/** Serves the other end; what it answers to a `tell` goes nowhere. */
export type LinkHandler = (
  method: string,
  message: LinkMessage,
) => LinkMessage | Promise<LinkMessage>;

/** What may differ from call to call. */
export interface CallOptions {
  readonly body?: Uint8Array;
  readonly timeoutMs?: number;
}

/**
 * The peer's clock, seen from here: how far it is ahead, and how wrong that may be, in milliseconds;
 * from the quickest of the last round trips.
 */
export interface ClockEstimate {
  readonly offsetMs: number;
  readonly errorMs: number;
  readonly rttMs: number;
}

/** What the peer said of itself as the link was made, signed by its key. */
export interface Greeting {
  readonly software: string;
  /** `join`: it comes with an invitation, and may do nothing else. */
  readonly purpose: 'peer' | 'join';
  /** The spaces it has of which it believes this node to be a member. */
  readonly spaces: readonly string[];
  /** Names this one handshake, in hexadecimal: a proof over it is worth nothing on another link. */
  readonly binding: string;
  /** Whether this node dialled. */
  readonly dialled: boolean;
}

/** A connection to one peer. */
export interface Link {
  /** The peer's public key, 64 hexadecimal digits. */
  readonly peer: string;
  readonly greeting: Greeting;
  readonly call: (method: string, params: unknown, options?: CallOptions) => Promise<LinkMessage>;
  readonly tell: (method: string, params: unknown, body?: Uint8Array) => boolean;
  /** Until it is set, calls wait; the last one given serves. */
  readonly serve: (handler: LinkHandler) => void;
  readonly clock: () => ClockEstimate | undefined;
  /** Says why to the other end as well. */
  readonly close: (reason: string) => void;
  /** Resolves with the reason, whoever gave it. */
  readonly closed: Promise<string>;
}

/** Limits of a link; counts, bytes and milliseconds. */
export interface LinkLimits {
  readonly frameBytes: number;
  readonly paramsBytes: number;
  /** Calls of ours that wait for an answer. */
  readonly calls: number;
  /** Calls and tells of the peer that are being handled, and what is read of it at most meanwhile. */
  readonly served: number;
  /** What may wait to be sent before `tell` refuses. */
  readonly queuedBytes: number;
  readonly callTimeoutMs: number;
  readonly pingEveryMs: number;
  /** A link on which nothing was heard for so long is closed. */
  readonly silenceMs: number;
  /** What is read of a peer in a second, before anything is checked. */
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What a link allows unless it is told otherwise. */
export const LINK_LIMITS: LinkLimits = {
  frameBytes: 8 << 20,
  paramsBytes: 1 << 20,
  calls: 16,
  served: 32,
  queuedBytes: 4 << 20,
  callTimeoutMs: 20_000,
  pingEveryMs: 5_000,
  silenceMs: 20_000,
  framesPerSecond: 20_000,
  bytesPerSecond: 128 << 20,
};
