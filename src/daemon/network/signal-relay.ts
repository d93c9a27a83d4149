/**
 * Carries signals between nodes: what is published here goes to all linked peers of the space and to
 * NATS when there is one, what comes from there is published here. A node in the middle passes them on, each once.
 */
import type { Bus, BusMessage } from '#bus/bus.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { signalSubject } from '#protocol/subjects.ts';
import type { Link, LinkMessage } from '#sync/link/link.ts';

/** The method by which a signal travels over a link. */
export const SIGNAL_METHOD = 'signal';

/** What a relay is made of; `peersOf` are the linked members of a space. */
export interface SignalRelayOptions {
  readonly local: Bus;
  readonly peersOf: (space: string) => readonly Link[];
  /** The kinds of signals that travel. */
  readonly kinds: readonly string[];
  readonly report: (error: unknown) => void;
}

/** How many ids are remembered, and how far a signal goes. */
const MAX_SEEN = 20_000;
const MAX_HOPS = 3;
const MAX_SIGNAL_BYTES = 96 * 1024;

interface Carried {
  readonly message: BusMessage;
  readonly hops: number;
}

/** A relay over all links of a node. */
export class SignalRelay {
  readonly #options: SignalRelayOptions;
  readonly #far = new Map<string, Bus>();
  #seen = new Set<string>();
  #before = new Set<string>();
  dropped = 0;

  constructor(options: SignalRelayOptions) {
    this.#options = options;
  }

  /** A connection to the local bus that sends its signals to other nodes as well. */
  bus(): Bus {
    const { local } = this.#options;
    return {
      subscribe: (subject, handle, options) => local.subscribe(subject, handle, options),
      request: (message, timeoutMs) => local.request(message, timeoutMs),
      close: () => Promise.resolve(),
      publish: async (message) => {
        if (isSignal(message.subject)) this.#spread({ message, hops: 0 }, undefined);
        await local.publish(message);
      },
    };
  }

  /** Serves what a peer sends: only signals of spaces that both belong to. */
  receive({ params }: LinkMessage, peer: string, isShared: (space: string) => boolean): void {
    const carried = params as Partial<Carried>;
    const { message, hops = MAX_HOPS } = carried;
    if (message === undefined || !this.#isWanted(message, isShared)) {
      this.dropped += 1;
      return;
    }
    this.#publish(message);
    if (hops + 1 < MAX_HOPS) this.#spread({ message, hops: hops + 1 }, peer);
  }

  /** Signals of a space also go over this bus, and come from it; the answer ends that. */
  join(space: string, far: Bus): () => void {
    this.#far.set(space, far);
    const subscriptions = this.#options.kinds.map((kind) =>
      far.subscribe(signalSubject(space, kind), (message) => {
        if (this.#isNew(message.id)) this.#publish(message);
      }),
    );
    return () => {
      this.#far.delete(space);
      for (const subscription of subscriptions) subscription.close();
    };
  }

  #isWanted(message: BusMessage, isShared: (space: string) => boolean): boolean {
    const { id, subject } = message;
    if (typeof subject !== 'string' || typeof id !== 'string' || !isSignal(subject)) return false;
    const [, space = '', , kind = ''] = subject.split('.');
    if (!isShared(space) || !this.#options.kinds.includes(kind)) return false;
    return JSON.stringify(message.body ?? null).length <= MAX_SIGNAL_BYTES && this.#isNew(id);
  }

  #publish(message: BusMessage): void {
    this.#options.local.publish(message).catch((thrown: unknown) => {
      this.dropped += 1;
      this.#options.report(thrown as SkeinError);
    });
  }

  #spread(carried: Carried, except: string | undefined): void {
    const { message } = carried;
    if (except === undefined) this.#isNew(message.id);
    const space = message.subject.split('.')[1] ?? '';
    for (const link of this.#options.peersOf(space)) {
      if (link.peer !== except && !link.tell(SIGNAL_METHOD, carried)) this.dropped += 1;
    }
    const far = this.#far.get(space);
    far?.publish(message).catch(() => void (this.dropped += 1));
  }

  /** Two generations: what is forgotten is old. */
  #isNew(id: string): boolean {
    if (this.#seen.has(id) || this.#before.has(id)) return false;
    if (this.#seen.size >= MAX_SEEN) [this.#before, this.#seen] = [this.#seen, new Set()];
    this.#seen.add(id);
    return true;
  }
}

const isSignal = (subject: string): boolean => /^skein\.[^.]+\.signal\./u.test(subject);
