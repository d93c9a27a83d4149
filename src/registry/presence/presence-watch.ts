/**
 * Watches the other nodes of a space: one tick a second while there are any, changes recorded as
 * notes. When this process or machine slept, the silence was ours, and everybody starts anew.
 */
import type { Presence } from '#protocol/events/node.ts';
import {
  dueChange,
  PRESENCE_LIMITS,
  seenPresence,
  startPresence,
  stepPresence,
  withRecorded,
  type PresenceChange,
  type PresenceEvent,
  type PresenceLimits,
  type PresenceState,
} from './presence.ts';

/** A change for the record; `lastSeenAt` is ISO 8601, absent when there was no sign of life. */
export interface PresenceNote extends PresenceChange {
  readonly node: string;
  readonly lastSeenAt?: string;
}

/** What a watch is made of. */
export interface PresenceWatchOptions {
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back after so many milliseconds; answers how to cancel that. */
  readonly after: (ms: number, callback: () => void) => () => void;
  /** Records a change; when it throws, it is tried again after the gap between two changes. */
  readonly record: (note: PresenceNote) => Promise<void>;
  /** Told what `record` threw. */
  readonly report: (thrown: unknown) => void;
  /** Told which node is seen otherwise than before. */
  readonly changed: (node: string) => void;
  /** What the record said last of each node. */
  readonly recorded?: ReadonlyMap<string, Presence>;
  readonly limits?: PresenceLimits;
  /** A jump of the clocks by more than this was a sleep; Infinity: none ever is. */
  readonly sleepMs?: number;
}

/** How often the watch looks, in milliseconds. */
export const TICK_MS = 1_000;

const SLEEP_MS = 5_000;
/** The rest follows a second later: a cut network must not fill one commit with thousands. */
const MAX_NOTES_A_TICK = 200;

interface Watched {
  state: PresenceState;
  /** Wall clock of the last sign of life. */
  lastSeenMs: number | null;
}

/** The other nodes of one space, as they are seen from here. */
export class PresenceWatch {
  readonly #options: PresenceWatchOptions;
  readonly #limits: PresenceLimits;
  readonly #nodes = new Map<string, Watched>();
  /** What the record says, also of those who are no members at the moment. */
  readonly #recorded: Map<string, Presence>;
  #cancel: (() => void) | undefined;
  #lastTick = { monotonicMs: 0, wallMs: 0 };
  #closed = false;

  constructor(options: PresenceWatchOptions) {
    this.#options = options;
    this.#limits = options.limits ?? PRESENCE_LIMITS;
    this.#recorded = new Map(options.recorded);
  }

  /** Watches a node, or takes in what its card says now. */
  watch(node: string, draining: boolean): void {
    if (this.#nodes.has(node)) return this.#step(node, { type: 'draining', draining });
    const { monotonicMs, changed } = this.#options;
    const state = startPresence(monotonicMs(), draining, this.#recorded.get(node));
    this.#nodes.set(node, { state, lastSeenMs: null });
    changed(node);
    if (this.#cancel === undefined && !this.#closed) this.#arm();
  }

  /** The node is no member any more. */
  forget(node: string): void {
    this.#nodes.delete(node);
  }

  /** A heartbeat of the node, or a link to it that came up. */
  sign(node: string): void {
    const watched = this.#nodes.get(node);
    if (watched !== undefined) watched.lastSeenMs = this.#options.now();
    this.#step(node, { type: 'sign' });
  }

  /** The link to the node has closed. */
  linkDown(node: string): void {
    this.#step(node, { type: 'link-down' });
  }

  /** How present a node is, undefined when it is not watched. */
  of(node: string): Presence | undefined {
    const watched = this.#nodes.get(node);
    return watched === undefined ? undefined : seenPresence(watched.state);
  }

  /** When the node last gave a sign of life, in milliseconds since 1970. */
  lastSeenMs(node: string): number | null {
    return this.#nodes.get(node)?.lastSeenMs ?? null;
  }

  /** Ends the watch; nothing is recorded any more. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #step(node: string, event: PresenceEvent): void {
    const watched = this.#nodes.get(node);
    if (watched === undefined || this.#closed) return;
    const before = seenPresence(watched.state);
    watched.state = stepPresence(watched.state, event, this.#options.monotonicMs(), this.#limits);
    if (seenPresence(watched.state) !== before) this.#options.changed(node);
  }

  #arm(): void {
    this.#lastTick = this.#clocks();
    this.#cancel = this.#options.after(TICK_MS, () => this.#tick());
  }

  #clocks(): { readonly monotonicMs: number; readonly wallMs: number } {
    return { monotonicMs: this.#options.monotonicMs(), wallMs: this.#options.now() };
  }

  #tick(): void {
    this.#cancel = undefined;
    const slept = this.#slept();
    let notes = 0;
    for (const [node, watched] of this.#nodes) {
      if (slept) this.#step(node, { type: 'woke' });
      this.#step(node, { type: 'tick' });
      if (notes < MAX_NOTES_A_TICK && this.#note(node, watched)) notes += 1;
    }
    if (this.#nodes.size > 0) this.#arm();
  }

  /** A process that was stopped sees its timer ring late; some systems stop the monotonic clock too. */
  #slept(): boolean {
    const { sleepMs = SLEEP_MS } = this.#options;
    const now = this.#clocks();
    const passedMs = now.monotonicMs - this.#lastTick.monotonicMs;
    const wallMs = now.wallMs - this.#lastTick.wallMs;
    return passedMs - TICK_MS > sleepMs || wallMs - passedMs > sleepMs;
  }

  #note(node: string, watched: Watched): boolean {
    const atMs = this.#options.monotonicMs();
    const change = dueChange(watched.state, atMs, this.#limits);
    if (change === undefined) return false;
    const settle = (presence: Presence): void => {
      watched.state = withRecorded(watched.state, presence, atMs);
      this.#recorded.set(node, presence);
    };
    settle(change.to);
    const { lastSeenMs } = watched;
    const seen = lastSeenMs === null ? {} : { lastSeenAt: new Date(lastSeenMs).toISOString() };
    this.#options.record({ node, ...change, ...seen }).catch((thrown: unknown) => {
      settle(change.from);
      this.#options.report(thrown);
    });
    return true;
  }
}
