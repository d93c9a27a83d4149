/**
 * Links over WebSockets: an edge node dials out, and accepts on its own server only when it is told
 * to. Until who dialled has proven its key it gets little: few at once, a few a second from one
 * address, and not more bytes than a greeting has.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { SkeinError } from '#protocol/errors.ts';
import {
  answerGreeting,
  greet,
  HELLO_MS,
  type DialHello,
  type HelloOptions,
} from '../hello/handshake.ts';
import { MAX_HELLO_BYTES } from '../hello/hello-messages.ts';
import { SEAL_BYTES } from '../hello/sealed-wire.ts';
import { LINK_LIMITS, type Link } from './link.ts';
import { RateLimit } from './rate-limit.ts';
import { wsWire } from './ws-wire.ts';

/** Where a node listens for others. */
export const PEER_PATH = '/v1/peer';

/** How many strangers may be greeting at once, and how often one address may try. */
const MAX_STRANGERS = 64;
const TRIES = { rate: 5, burst: 40 };
const MAX_ADDRESSES = 4_096;
/** Two messages of a greeting, with what HTTP says before. */
const MAX_STRANGER_BYTES = 2 * MAX_HELLO_BYTES + 65_536;

const maxPayload = (hello: HelloOptions): number =>
  (hello.limits?.frameBytes ?? LINK_LIMITS.frameBytes) + SEAL_BYTES;

/** Links with the node at `ws://host:port` or `wss://host:port`. Throws `node-unreachable`, `peer-refused`. */
export async function dialWs(
  address: string,
  hello: HelloOptions,
  dial?: DialHello,
): Promise<Link> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(new URL(PEER_PATH, address), {
    maxPayload: maxPayload(hello),
    perMessageDeflate: false,
    handshakeTimeout: hello.helloMs ?? HELLO_MS,
    followRedirects: false,
  });
  let stream: Duplex | undefined;
  socket.once('upgrade', (response) => (stream = response.socket));
  const oversize = (): void => hello.refused?.('frame-oversize');
  const wire = wsWire(socket, oversize, () => stream);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    void wire.closed.then((reason) =>
      reject(new SkeinError('node-unreachable', `Cannot reach ${address}: ${reason}`)),
    );
  });
  return greet(wire, hello, dial);
}

/** What serves links. */
export interface LinkServer {
  /** Accepts nobody any more; links that are made stay. */
  readonly close: () => void;
}

/** Accepts links on `PEER_PATH` of a server; `accept` is given each link that was made. */
export async function serveLinks(
  server: Server,
  hello: HelloOptions,
  accept: (link: Link) => void,
): Promise<LinkServer> {
  const { WebSocketServer } = await import('ws');
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayload(hello),
    perMessageDeflate: false,
  });
  const tries = new Tries(hello.timers.monotonic);
  const oversize = (): void => hello.refused?.('frame-oversize');
  let strangers = 0;
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url !== PEER_PATH) return turnAway(socket, 404, server);
    if (strangers >= MAX_STRANGERS || !tries.allows(request.socket.remoteAddress ?? '')) {
      hello.refused?.('too-many');
      return turnAway(socket, 503);
    }
    strangers += 1;
    const forget = boundStranger(socket);
    const done = (): void => {
      strangers -= 1;
      forget();
    };
    const late = hello.timers.after(hello.helloMs ?? HELLO_MS, () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (open) => {
      late();
      answerGreeting(
        wsWire(open, oversize, () => socket),
        hello,
      )
        .then(accept, () => open.terminate())
        .finally(done);
    });
    // A request that is no proper upgrade was answered and closed: nobody will greet.
    if (socket.writableEnded || socket.destroyed) {
      late();
      done();
    }
  };
  server.on('upgrade', upgrade);
  return { close: () => void server.off('upgrade', upgrade) };
}

/** Ends a connection that sends more than a greeting before it was let in. */
function boundStranger(socket: Duplex): () => void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_STRANGER_BYTES) socket.destroy();
  };
  socket.on('data', count);
  return () => void socket.off('data', count);
}

/** Other paths may have listeners of their own; when there are none, somebody has to say so. */
function turnAway(socket: Duplex, status: 404 | 503, server?: Server): void {
  if (server !== undefined && server.listenerCount('upgrade') > 1) return;
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} ${status === 404 ? 'Not Found' : 'Busy'}\r\nConnection: close\r\n\r\n`,
  );
}

/** How often each address may still try; those that are quiet again are forgotten. */
class Tries {
  readonly #now: () => number;
  readonly #known = new Map<string, RateLimit>();

  constructor(now: () => number) {
    this.#now = now;
  }

  allows(address: string): boolean {
    const limit = this.#known.get(address) ?? new RateLimit({ ...TRIES, now: this.#now });
    if (this.#known.size >= MAX_ADDRESSES) this.#forget();
    this.#known.set(address, limit);
    return limit.take();
  }

  #forget(): void {
    for (const [address, limit] of this.#known) if (limit.isFull()) this.#known.delete(address);
    // All of them are busy: that is an attack from many places, and the count of strangers bounds it.
    if (this.#known.size >= MAX_ADDRESSES) this.#known.clear();
  }
}
