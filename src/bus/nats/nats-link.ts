/**
 * One connection to NATS, as the bus needs it: what is sent while the server is away waits, bounded,
 * and goes out in its order; who sends learns whether the server has it; subscriptions come back.
 */
import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import { SkeinError } from '#protocol/errors.ts';
import { closed } from '../bus-refusals.ts';
import { toBusError } from './nats-options.ts';

/** How many messages wait while the server is away, and how many bytes of them. */
export const MAX_AWAY = 1_000;
const MAX_AWAY_BYTES = 8 * 1024 * 1024;
/** How many may be under way to a server that has not said that it has them. */
const MAX_UNDER_WAY = 100_000;
const MAX_UNDER_WAY_BYTES = 64 * 1024 * 1024;

/** The client gives a request up so much later than who asks: they say what it means. */
const LATER_MS = 1_000;

/** A message as NATS gives it. */
export type NatsMessage = Pick<Msg, 'data' | 'reply' | 'subject'>;

/** What a link tells its owner. */
export interface LinkHost {
  readonly report: (error: SkeinError) => void;
  /** The connection has ended, and does not come back. */
  readonly ended: () => void;
}

/** How long an answer is waited for; `waits` is false once nobody does. */
export interface Waiting {
  readonly timeoutMs: number;
  readonly waits: () => boolean;
}

interface Held {
  /** As a string has them: enough for a bound. */
  readonly sizeBytes: number;
  readonly send: () => void;
  readonly refuse: (error: SkeinError) => void;
}

/** What was sent in one go, and when the server has it. */
interface Batch {
  readonly taken: Promise<void>;
  count: number;
  sizeBytes: number;
}

/** A connection that is in use. */
export class NatsLink {
  readonly #client: NatsConnection;
  readonly #host: LinkHost;
  #held: Held[] = [];
  #heldBytes = 0;
  #away = false;
  #closing = false;
  /** Counts disconnections: what was under way in another epoch may be lost. */
  #epoch = 0;
  #batch: Batch | undefined;
  #underWay = 0;
  #underWayBytes = 0;

  constructor(client: NatsConnection, host: LinkHost) {
    this.#client = client;
    this.#host = host;
    void this.#watch();
    void client.closed().then((error) => this.#end(error));
  }

  get away(): boolean {
    return this.#away;
  }

  get serverVersion(): string | undefined {
    return this.#client.info?.version;
  }

  /** Resolves when the server has it; throws `bus-disconnected` or `inbox-full`. */
  publish(subject: string, payload: string): Promise<void> {
    const sizeBytes = payload.length;
    if (!this.#away) return this.#publishNow(subject, payload);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const send = (): void => void this.#publishNow(subject, payload).then(resolve, reject);
    this.#whenHere({ sizeBytes, send, refuse: reject });
    return promise;
  }

  /** An answer: nobody waits for it here. Who asked has gone when it can't be sent. */
  respond(subject: string, payload: string): void {
    const send = (): void => {
      if (!this.#client.isClosed()) this.#client.publish(subject, payload);
    };
    if (!this.#closing)
      this.#whenHere({ sizeBytes: payload.length, send, refuse: () => undefined });
  }

  /** The answer, or undefined when nobody is there. Other ends are for who asks to notice by time. */
  request(
    subject: string,
    payload: string,
    { timeoutMs, waits }: Waiting,
  ): Promise<Uint8Array | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
    const send = (): void => {
      if (!waits()) return resolve(undefined);
      this.#client.request(subject, payload, { timeout: timeoutMs + LATER_MS }).then(
        ({ data }) => resolve(data),
        (thrown: unknown) =>
          isNobody(thrown) ? resolve(undefined) : reject(toBusError(thrown, [subject])),
      );
    };
    this.#whenHere({ sizeBytes: payload.length, send, refuse: reject });
    return promise;
  }

  /** Listens, in a queue group if one is named; answers how to stop. */
  listen(
    subject: string,
    queue: string | undefined,
    take: (message: NatsMessage) => void,
  ): () => void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) take(message);
      else if (!this.#closing) this.#host.report(toBusError(error, [subject]));
    };
    const options = queue === undefined ? { callback } : { callback, queue };
    const subscription = this.#client.subscribe(subject, options);
    return () => {
      // What the server has sent before it heard of this still comes, and is handed on.
      if (!subscription.isClosed()) subscription.drain().catch(() => undefined);
    };
  }

  /** Resolves when the server knows all that was said before; while it is away, at once. */
  async settled(): Promise<void> {
    if (this.#away || this.#client.isClosed()) return;
    await this.#client.flush().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closing = true;
    const held = this.#held;
    [this.#held, this.#heldBytes] = [[], 0];
    for (const { refuse } of held) refuse(closed('send'));
    await this.#client.close();
  }

  #whenHere(held: Held): void {
    if (!this.#away) return held.send();
    if (this.#held.length >= MAX_AWAY || this.#heldBytes + held.sizeBytes > MAX_AWAY_BYTES)
      return held.refuse(
        new SkeinError('bus-disconnected', 'Cannot send: the NATS server is away, too much waits', {
          details: { waiting: this.#held.length },
        }),
      );
    this.#held.push(held);
    this.#heldBytes += held.sizeBytes;
  }

  #publishNow(subject: string, payload: string): Promise<void> {
    const sizeBytes = payload.length;
    if (this.#underWay >= MAX_UNDER_WAY || this.#underWayBytes + sizeBytes > MAX_UNDER_WAY_BYTES)
      return Promise.reject(tooMuchUnderWay());
    try {
      this.#client.publish(subject, payload);
    } catch (thrown) {
      return Promise.reject(toBusError(thrown, [subject]));
    }
    this.#underWay += 1;
    this.#underWayBytes += sizeBytes;
    this.#batch ??= this.#openBatch();
    this.#batch.count += 1;
    this.#batch.sizeBytes += sizeBytes;
    return this.#batch.taken;
  }

  /** All that is sent in one go shares one question to the server, and its answer. */
  #openBatch(): Batch {
    const epoch = this.#epoch;
    const settle = async (): Promise<void> => {
      await undefined;
      this.#batch = undefined;
      try {
        await this.#client.flush();
      } catch (thrown) {
        throw this.#lost(thrown);
      } finally {
        this.#underWay -= batch.count;
        this.#underWayBytes -= batch.sizeBytes;
      }
      if (epoch !== this.#epoch) throw this.#lost(undefined);
    };
    const batch = { count: 0, sizeBytes: 0, taken: settle() };
    return batch;
  }

  #lost(cause: unknown): SkeinError {
    if (this.#closing) return closed('send');
    return new SkeinError(
      'bus-disconnected',
      'Cannot say whether the message was sent: the NATS server went away',
      { cause, fix: 'Send it again with the same id.' },
    );
  }

  async #watch(): Promise<void> {
    for await (const status of this.#client.status()) this.#see(status);
  }

  #see(status: Status): void {
    if (status.type === 'disconnect') {
      this.#away = true;
      this.#epoch += 1;
    } else if (status.type === 'reconnect') {
      this.#away = false;
      const held = this.#held;
      [this.#held, this.#heldBytes] = [[], 0];
      for (const { send } of held) send();
    } else if (status.type === 'error') this.#host.report(toBusError(status.error, ['its server']));
  }

  #end(error: unknown): void {
    if (this.#closing) return;
    this.#closing = true;
    if (error !== undefined) this.#host.report(toBusError(error, ['its server']));
    for (const { refuse } of this.#held.splice(0)) refuse(closed('send'));
    this.#host.ended();
  }
}

const tooMuchUnderWay = (): SkeinError =>
  new SkeinError('inbox-full', 'Cannot send: too much is under way to the NATS server');

const isNobody = (thrown: unknown): boolean => {
  const { name, cause } = thrown as Error;
  return [name, (cause as Error | undefined)?.name].includes('NoResponders');
};
