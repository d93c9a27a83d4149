/**
 * The stream of a space at a NATS server: its name, its subjects, its bounds, and what is asked of it.
 * It is a place to hand pages over, never where anything is saved: it may be empty at any time.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type {
  Consumer,
  ConsumerConfig,
  JetStreamClient,
  JetStreamManager,
  JsMsg,
  StreamConfig,
} from '@nats-io/jetstream';
import { shortNode } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertToken, nodeSubject } from '#protocol/subjects.ts';
import { PART_HEAD_BYTES, readPartHead, splitPage, type PartHead } from './page-parts.ts';

/** Bounds of a stream; the oldest pages go first. */
export interface StreamBounds {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** How long the server remembers the ids of messages. */
  readonly windowMs: number;
  /** When a page that was handed out and not answered for is handed out again. */
  readonly ackWaitMs: number;
}

/** The first or last message of a chain in the stream. */
export interface StreamedPart extends PartHead {
  readonly data: Uint8Array;
}

const NS = 1_000_000;
/** Pages that are handed out and wait for what they build on. */
const MAX_PENDING = 10_000;
/** A message is the part of a page and a little more; the server's own limit is `max_payload`. */
const MAX_PART_BYTES = 512 * 1024;
const HEADER_ROOM_BYTES = 4_096;

/** The name of a space's stream. */
export function streamName(space: string): string {
  assertToken(space, 'space');
  return `skein-${space}`;
}

/** Where a node publishes pages of a chain of its own. */
export const pageSubject = (space: string, node: string, chain: string): string =>
  `${nodeSubject(space, shortNode(node))}.page.${chain}`;

/** The subjects of all of a space's pages. */
export function pageSubjects(space: string): string {
  const any = nodeSubject(space, 'any');
  return `${any.slice(0, -'any'.length)}*.page.*`;
}

/** The digits of the node and the chain that a subject is of. */
export function readPageSubject(subject: string): {
  readonly node: string;
  readonly chain: string;
} {
  const [, , , node = '', , chain = ''] = subject.split('.');
  return { node, chain };
}

/** What a stream is asked to be. */
export function streamConfig(
  space: string,
  bounds: StreamBounds,
): Partial<StreamConfig> & {
  readonly name: string;
} {
  const { maxBytes, maxAgeMs, windowMs } = bounds;
  return {
    name: streamName(space),
    subjects: [pageSubjects(space)],
    retention: 'limits',
    storage: 'file',
    discard: 'old',
    max_bytes: maxBytes,
    max_age: maxAgeMs * NS,
    duplicate_window: windowMs * NS,
  };
}

/** The bounds that a server did not keep: it would store pages for ever. */
export const notKept = (asked: object, kept: object): readonly string[] =>
  Object.entries(asked).flatMap(([name, value]) => {
    const have = (kept as Record<string, unknown>)[name];
    return JSON.stringify(have) === JSON.stringify(value) ? [] : [name];
  });

/** Opens the stream and this node's place in it, and makes what is missing. Throws as the client does. */
export async function openPageStream(
  connection: NatsConnection,
  { space, node, bounds }: { space: string; node: string; bounds: StreamBounds },
): Promise<PageStream> {
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(connection);
  const name = streamName(space);
  const made = await findOrMake(manager, streamConfig(space, bounds));
  if (!made.subjects.includes(pageSubjects(space)))
    throw new SkeinError('conflict', `Cannot use stream ${name}: it is for other subjects`);
  const durable = `node-${shortNode(node)}`;
  await manager.consumers.add(name, consumerConfig(durable, pageSubjects(space), bounds));
  const client = jetstream(connection);
  const consumer = await client.consumers.get(name, durable);
  return new PageStream({ connection, manager, client, consumer, space, node });
}

/** Who runs the server may have set other bounds: those of a stream that is there are left alone. */
async function findOrMake(
  manager: JetStreamManager,
  config: ReturnType<typeof streamConfig>,
): Promise<StreamConfig> {
  try {
    return (await manager.streams.info(config.name)).config;
  } catch (thrown) {
    if ((thrown as Error).name !== 'StreamNotFoundError') throw thrown;
  }
  const made = (await manager.streams.add(config)).config;
  const lost = notKept(config, made);
  if (lost.length === 0) return made;
  await manager.streams.delete(config.name);
  throw new SkeinError('usage', `Cannot use the stream: the server ignores ${lost.join(', ')}`);
}

const consumerConfig = (
  durable: string,
  subjects: string,
  { ackWaitMs, maxAgeMs }: StreamBounds,
): Partial<ConsumerConfig> => ({
  durable_name: durable,
  filter_subject: subjects,
  ack_policy: 'explicit',
  deliver_policy: 'all',
  ack_wait: ackWaitMs * NS,
  max_ack_pending: MAX_PENDING,
  // A node that comes no more leaves nothing behind; one that comes later begins anew, which changes nothing.
  inactive_threshold: maxAgeMs * NS,
});

interface Parts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly consumer: Consumer;
  readonly space: string;
  readonly node: string;
}

/** A stream that was open a moment ago; everything throws when it is gone. */
export class PageStream {
  readonly #parts: Parts;
  readonly #name: string;
  #batch: { readonly close: () => unknown } | undefined;
  #isStopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#name = streamName(parts.space);
  }

  /** Bytes of a page in one message. */
  get partBytes(): number {
    const most = this.#parts.connection.info?.max_payload ?? MAX_PART_BYTES;
    return Math.min(MAX_PART_BYTES, most - PART_HEAD_BYTES - HEADER_ROOM_BYTES);
  }

  /** The first and the last message of an own chain; undefined when there is none. */
  async ends(chain: string): Promise<readonly [StreamedPart, StreamedPart] | undefined> {
    const { manager, space, node } = this.#parts;
    const subject = pageSubject(space, node, chain);
    const after = { seq: 1, next_by_subj: subject };
    const first = await manager.streams.getMessage(this.#name, after);
    const last = await manager.streams.getMessage(this.#name, { last_by_subj: subject });
    if (first === null || last === null) return undefined;
    const [head, tail] = [first.data, last.data];
    return [
      { ...readPartHead(head), data: head },
      { ...readPartHead(tail), data: tail },
    ];
  }

  /**
   * Publishes a page of an own chain. `mark` tells apart what is published again after it was lost: the
   * server remembers ids of what it no longer has. Answers false when it took a part for known.
   */
  async publish(
    chain: string,
    { bytes, first, last }: { bytes: Uint8Array; first: number; last: number },
    mark: string,
  ): Promise<boolean> {
    const { client, space, node } = this.#parts;
    const expect = { streamName: this.#name };
    const subject = pageSubject(space, node, chain);
    let isNew = true;
    for (const [index, part] of splitPage(bytes, { first, last }, this.partBytes).entries()) {
      const more = [index === 0 ? '' : `:${index}`, mark === '' ? '' : `:${mark}`].join('');
      const msgID = `${chain}:${last}${more}`;
      const ack = await client.publish(subject, part, { msgID, expect });
      if (ack.duplicate) isNew = false;
    }
    return isNew;
  }

  /** Takes all of an own chain out of the stream. */
  async purge(chain: string): Promise<void> {
    const { manager, space, node } = this.#parts;
    await manager.streams.purge(this.#name, { filter: pageSubject(space, node, chain) });
  }

  /** Whether the stream and this node's place in it are still there. */
  async check(): Promise<void> {
    await this.#parts.consumer.info();
  }

  /** Pages as they come, for ever; ends when it is stopped, throws when the stream is gone. */
  async *messages(atOnce: number, waitMs: number): AsyncGenerator<JsMsg> {
    while (!this.#isStopped) {
      const batch = await this.#parts.consumer.fetch({ max_messages: atOnce, expires: waitMs });
      this.#batch = batch;
      // What came meanwhile is still told, so that it can be given back.
      if (this.#isStopped) void batch.close();
      yield* batch;
    }
  }

  /** Nothing more comes; what is published still goes. */
  stop(): void {
    this.#isStopped = true;
    void this.#batch?.close();
  }
}
