/**
 * Links over a NATS connection, in one space: each node listens at its own subject; who dials opens a
 * wire there with a random name, and the handshake says who it is. Subjects carry the space, so that
 * the server's permissions can keep spaces apart.
 */
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { shortNode } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { nodeSubject } from '#protocol/subjects.ts';
import { answerGreeting, greet, type DialHello, type HelloOptions } from '../hello/handshake.ts';
import { SEAL_BYTES } from '../hello/sealed-wire.ts';
import { LINK_LIMITS, type Link } from '../link/link.ts';
import { RateLimit } from '../link/rate-limit.ts';
import { NATS_KIND, NatsWire } from './nats-wire.ts';

/** What links of a space are made with. */
export interface NatsLinksOptions {
  readonly connection: NatsConnection;
  readonly space: string;
  readonly hello: HelloOptions;
  /** Given each link that somebody else dialled. */
  readonly accept: (link: Link) => void;
}

const MAX_WIRES = 1_024;
const MAX_STRANGERS = 64;
const TRIES = { rate: 20, burst: 80 };
const NAME = /^[0-9a-f]{32}$/u;
const SHORT = /^[0-9a-f]{16}$/u;

/** All links of one node in one space; `close` ends them. */
export class NatsLinks {
  readonly #options: NatsLinksOptions;
  readonly #wires = new Map<string, NatsWire>();
  readonly #subscription: Subscription;
  readonly #tries: RateLimit;
  #strangers = 0;

  constructor(options: NatsLinksOptions) {
    const { connection, space, hello } = options;
    this.#options = options;
    this.#tries = new RateLimit({ ...TRIES, now: hello.timers.monotonic });
    const own = linkSubject(space, shortNode(hello.signer.key));
    this.#subscription = connection.subscribe(`${own}.*`, {
      callback: (error, message) => {
        if (error === null) this.#receive(message.subject.slice(own.length + 1), message.data);
      },
    });
  }

  /** Links with a node of the space. Throws as `greet` does. */
  async dial(peer: string, dial: DialHello = {}): Promise<Link> {
    const { connection, hello } = this.#options;
    if (connection.isClosed()) throw unreachable(peer, 'the connection to NATS is closed');
    const name = Buffer.from(hello.random(new Uint8Array(16))).toString('hex');
    const wire = this.#open(name, shortNode(peer));
    const opening = Buffer.from(shortNode(hello.signer.key));
    this.#publish(shortNode(peer), name, Buffer.concat([Buffer.from([NATS_KIND.open]), opening]));
    try {
      return await greet(wire.wire, hello, { expect: peer, ...dial });
    } catch (thrown) {
      wire.close('the greeting failed');
      throw thrown;
    }
  }

  /** Ends the links, and listens no more. */
  close(): void {
    for (const wire of this.#wires.values()) wire.close('the node stops');
    this.#subscription.unsubscribe();
  }

  /** The connection was lost for a while: what was under way may be gone, so all is made anew. */
  reset(): void {
    for (const wire of this.#wires.values()) wire.fail('the connection to NATS was lost');
  }

  #receive(name: string, data: Uint8Array): void {
    const known = this.#wires.get(name);
    if (known !== undefined) known.take(data);
    else if (data[0] === NATS_KIND.open)
      this.#answer(name, Buffer.from(data.subarray(1)).toString());
  }

  #answer(name: string, from: string): void {
    const { hello, accept } = this.#options;
    if (!NAME.test(name) || !SHORT.test(from)) return hello.refused?.('hello-invalid');
    const isFull = this.#strangers >= MAX_STRANGERS || this.#wires.size >= MAX_WIRES;
    if (isFull || !this.#tries.take()) return hello.refused?.('too-many');
    this.#strangers += 1;
    const wire = this.#open(name, from);
    answerGreeting(wire.wire, hello)
      .then(accept, () => wire.close('the greeting failed'))
      .finally(() => (this.#strangers -= 1));
  }

  #open(name: string, to: string): NatsWire {
    const carrier = {
      send: (payload: Uint8Array) => this.#publish(to, name, payload),
      ended: () => void this.#wires.delete(name),
    };
    const frameBytes = this.#options.hello.limits?.frameBytes ?? LINK_LIMITS.frameBytes;
    const wire = new NatsWire(carrier, frameBytes + SEAL_BYTES);
    this.#wires.set(name, wire);
    return wire;
  }

  #publish(to: string, name: string, payload: Uint8Array): void {
    const { connection, space } = this.#options;
    if (!connection.isClosed()) connection.publish(`${linkSubject(space, to)}.${name}`, payload);
  }
}

const linkSubject = (space: string, node: string): string => `${nodeSubject(space, node)}.link`;

const unreachable = (peer: string, state: string): SkeinError =>
  new SkeinError('node-unreachable', `Cannot reach node ${shortNode(peer)}: ${state}`);
