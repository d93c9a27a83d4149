/**
 * What becomes of heartbeats that arrive: the cheap checks first, then the signature, at a bounded
 * rate; then what was said is read. What is dropped is counted by its reason, and changes nothing.
 */
import { isSigned, readBeat, readSigned, type Heartbeat, type SignedBeat } from './heartbeat.ts';
import { TokenBucket, type BucketSize } from './token-bucket.ts';

/** Why a heartbeat was dropped. */
export const DROP_REASONS = [
  'malformed',
  'too-large',
  'wrong-space',
  'not-member',
  'too-many',
  'forged',
  'unreadable',
  'clock-off',
  'replayed',
] as const;

/** See `DROP_REASONS`. */
export type DropReason = (typeof DROP_REASONS)[number];

/** How far the clock of another node may be off, in milliseconds. */
export const MAX_CLOCK_OFF_MS = 60_000;

/** Of one node: enough for 20,000 agents told at once. */
const PER_NODE: BucketSize = { burst: 64, perSecond: 4 };
/** Of all together: at 0.15 ms a signature this is some 3 % of a core. */
const IN_ALL: BucketSize = { burst: 512, perSecond: 200 };

/** What a receiver is made of. */
export interface BeatReceiverOptions {
  readonly space: string;
  /** Our own key: what comes back from the carrier is no news. */
  readonly self: string;
  readonly isMember: (node: string) => boolean;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** How far the node's clock is ahead of ours, in milliseconds, when a link has measured it. */
  readonly clockOf?: (node: string) => number | undefined;
  /** Another check of the signature: tests show what happens without it. */
  readonly isSigned?: (signed: SignedBeat) => boolean;
  readonly maxClockOffMs?: number;
  /** Limits on how many signatures are checked. */
  readonly limits?: { readonly perNode: BucketSize; readonly inAll: BucketSize };
}

/** A heartbeat that counts; `clockOffMs` is how far it came from the future, transit included. */
export interface TakenBeat {
  readonly beat: Heartbeat;
  readonly clockOffMs: number;
}

interface Sender {
  readonly bucket: TokenBucket;
  last?: { readonly epoch: number; readonly counter: number; readonly sentMs: number };
}

/** Judges the heartbeats of one space. */
export class BeatReceiver {
  readonly #options: BeatReceiverOptions;
  readonly #inAll: TokenBucket;
  readonly #perNode: BucketSize;
  // Members only, so there are no more of these than members.
  readonly #senders = new Map<string, Sender>();
  readonly #dropped = new Map<DropReason, number>();

  constructor(options: BeatReceiverOptions) {
    const { perNode, inAll } = options.limits ?? { perNode: PER_NODE, inAll: IN_ALL };
    this.#options = options;
    this.#perNode = perNode;
    this.#inAll = new TokenBucket(inAll, options.monotonicMs());
  }

  /** How many were dropped, by reason; reasons that never were are absent. */
  dropped(): Partial<Record<DropReason, number>> {
    return Object.fromEntries(this.#dropped);
  }

  /** The heartbeat in the body of a signal; undefined when it is ours or was dropped. */
  take(body: unknown): TakenBeat | undefined {
    const taken = this.#judge(body);
    if (typeof taken !== 'string') return taken;
    this.#dropped.set(taken, (this.#dropped.get(taken) ?? 0) + 1);
    return undefined;
  }

  /** The node is no member any more. */
  forget(node: string): void {
    this.#senders.delete(node);
  }

  #judge(body: unknown): TakenBeat | DropReason | undefined {
    const signed = readSigned(body);
    if (typeof signed === 'string') return signed;
    const { space, self, isMember } = this.#options;
    if (signed.space !== space) return 'wrong-space';
    if (signed.node === self) return undefined;
    if (!isMember(signed.node)) return 'not-member';
    const sender = this.#sender(signed.node);
    const atMs = this.#options.monotonicMs();
    if (!sender.bucket.take(atMs) || !this.#inAll.take(atMs)) return 'too-many';
    if (!(this.#options.isSigned ?? isSigned)(signed)) return 'forged';
    const beat = readBeat(signed);
    return beat === undefined ? 'unreadable' : this.#judgeTime(beat, sender);
  }

  #judgeTime(beat: Heartbeat, sender: Sender): TakenBeat | DropReason {
    const { now, clockOf, maxClockOffMs = MAX_CLOCK_OFF_MS } = this.#options;
    const sentMs = Date.parse(beat.sentAt);
    const clockOffMs = sentMs - now();
    // What a replay lacks is time: after we started anew, this alone keeps old heartbeats out.
    if (Math.abs(clockOffMs - (clockOf?.(beat.node) ?? 0)) > maxClockOffMs) return 'clock-off';
    const { last } = sender;
    if (last !== undefined && !isNewer(beat, sentMs, last)) return 'replayed';
    sender.last = { epoch: beat.epoch, counter: beat.counter, sentMs };
    return { beat, clockOffMs };
  }

  #sender(node: string): Sender {
    const found = this.#senders.get(node);
    if (found !== undefined) return found;
    const made = { bucket: new TokenBucket(this.#perNode, this.#options.monotonicMs()) };
    this.#senders.set(node, made);
    return made;
  }
}

/** A home that was restored from a backup counts from a lower epoch: then its clock has to decide. */
function isNewer(beat: Heartbeat, sentMs: number, last: NonNullable<Sender['last']>): boolean {
  if (beat.epoch === last.epoch) return beat.counter > last.counter;
  return beat.epoch > last.epoch || sentMs > last.sentMs;
}
