/**
 * Tells the other members every few seconds that this node is there, how loaded it is, and what
 * changed with its agents; on request of one who missed something, all of them anew.
 */
import type { Bus, BusMessage, BusSubscription } from '#bus/bus.ts';
import type { Signer } from '#identity/signer.ts';
import { signalSubject } from '#protocol/subjects.ts';
import type { Load } from '#telemetry/load.ts';
import {
  HEARTBEAT_SIGNAL,
  readWanted,
  signBeat,
  WANTED_SIGNAL,
  type AgentNow,
  type BeatAgents,
  type Heartbeat,
} from './heartbeat.ts';
import { tellChanges, ToldAgents, toParts } from './told-agents.ts';

/** How often a node tells of itself, give or take a tenth, in milliseconds. */
export const BEAT_MS = 5_000;

/** How long a carrier may take before the next heartbeat is sent nevertheless, in milliseconds. */
export const STUCK_MS = 30_000;

/** At most so often all agents are told anew, in milliseconds. */
export const ANEW_GAP_MS = 10_000;

/** What a sender is made of. */
export interface BeatSenderOptions {
  readonly bus: Bus;
  readonly space: string;
  readonly signer: Signer;
  readonly name: () => string;
  /** Rises with every start of the node. */
  readonly epoch: number;
  readonly load?: () => Load;
  /** The agents of this node as they are now. */
  readonly agents: () => Iterable<AgentNow>;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** Told why a heartbeat could not be sent. */
  readonly report: (thrown: unknown) => void;
}

/** Sends the heartbeats of one node in one space. */
export class BeatSender {
  readonly #options: BeatSenderOptions;
  readonly #told = new ToldAgents();
  readonly #wanted: BusSubscription;
  #cancel: (() => void) | undefined;
  #counter = 0;
  /** Since when the carrier has not taken what we sent; null = it has. */
  #sendingMs: number | null = null;
  #anew = true;
  #lastAnewMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** Listens for wishes; `start` begins to send. */
  constructor(options: BeatSenderOptions) {
    const { bus, space, signer } = options;
    this.#options = options;
    this.#wanted = bus.subscribe(signalSubject(space, WANTED_SIGNAL), ({ body }) => {
      if (readWanted(body)?.node === signer.key) this.#anew = true;
    });
  }

  /** How many heartbeats were sent; a list in three parts is three. */
  get sent(): number {
    return this.#counter;
  }

  /** Sends the first heartbeat, and arms the next. */
  start(): void {
    this.#ring();
  }

  /** Sends one now, besides those that come anyway; never throws. */
  async beat(): Promise<void> {
    const atMs = this.#options.monotonicMs();
    const isBusy = this.#sendingMs !== null && atMs - this.#sendingMs < STUCK_MS;
    if (isBusy || this.#closed) return;
    this.#sendingMs = atMs;
    try {
      await this.#send();
    } catch (thrown) {
      // What was not sent is missed by everybody: the next one tells all.
      this.#anew = true;
      this.#lastAnewMs = Number.NEGATIVE_INFINITY;
      this.#options.report(thrown);
    } finally {
      if (this.#sendingMs === atMs) this.#sendingMs = null;
    }
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#wanted.close();
  }

  #ring(): void {
    if (this.#closed) return;
    const { after, random } = this.#options;
    this.#cancel = after(BEAT_MS * (0.9 + 0.2 * random()), () => this.#ring());
    void this.beat();
  }

  async #send(): Promise<void> {
    const { load, space, signer, bus } = this.#options;
    const now = load?.();
    for (const agents of this.#parts()) {
      const beat = this.#toBeat(agents, now);
      await bus.publish(this.#toMessage(signBeat(signer, space, beat)));
    }
  }

  #parts(): BeatAgents[] {
    const { agents, monotonicMs } = this.#options;
    const changes = tellChanges(this.#told, agents());
    const isAnew = this.#anew && monotonicMs() - this.#lastAnewMs >= ANEW_GAP_MS;
    if (!isAnew) return toParts(this.#told, changes, false);
    this.#anew = false;
    this.#lastAnewMs = monotonicMs();
    return toParts(this.#told, this.#told.lines(), true);
  }

  #toBeat(agents: BeatAgents, load: Load | undefined): Heartbeat {
    const { name, signer, epoch, now } = this.#options;
    this.#counter += 1;
    return {
      v: 1,
      node: signer.key,
      name: name(),
      sentAt: new Date(now()).toISOString(),
      epoch,
      counter: this.#counter,
      ...(load === undefined ? {} : { load }),
      agents,
    };
  }

  #toMessage(body: unknown): BusMessage {
    const { newId, space, signer, now } = this.#options;
    return {
      id: newId(),
      subject: signalSubject(space, HEARTBEAT_SIGNAL),
      from: `node:${signer.key.slice(0, 16)}`,
      sentAt: new Date(now()).toISOString(),
      body,
    };
  }
}
