/**
 * Ways for a signal from one process to another: the bus over NATS and a link over WebSockets, and
 * beside each the bare client of the same carrier with the same messages as JSON.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from '@nats-io/transport-node';
import { WebSocket, WebSocketServer } from 'ws';
import { NODE_TIMERS, openMemory } from '#bus/conformance/open-memory.ts';
import type { BusMessage } from '#bus/bus.ts';
import { openNatsBus, type NatsBus } from '#bus/nats/nats-bus.ts';
import { SIGNAL_METHOD, SignalRelay } from '#daemon/network/signal-relay.ts';
import { signalSubject, topicSubject } from '#protocol/subjects.ts';
import { testHello } from '#sync/link/fixtures/test-hello.ts';
import type { Link } from '#sync/link/link.ts';
import { dialWs, serveLinks } from '#sync/link/ws-link.ts';
import { assertSound, BENCH_SPACE } from '../support/bench-space.ts';

const KIND = 'bench';
const SUBJECT = signalSubject(BENCH_SPACE, KIND);
const QUESTION = topicSubject(BENCH_SPACE, 'question');
const ASK_MS = 20_000;

/** The sending end. */
export interface NearEnd {
  /** Resolves when the carrier has it, where it says so. */
  readonly send: (message: BusMessage) => Promise<unknown>;
  readonly ask: (message: BusMessage) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

/** Where the other end is: an address of NATS, or a port. */
export type Where = string | number;

/** One way; `serve` answers where it is reached, when that is somewhere new. Bare ones tell what came. */
export interface Carrier {
  readonly serve: (where: Where, arrived: (text: string) => void) => Promise<Where | undefined>;
  readonly open: (where: Where) => Promise<NearEnd>;
}

/** The ways by name. */
export const CARRIERS = {
  natsBus: {
    serve: async (where, arrived) => {
      const bus = await openBus(where);
      bus.subscribe(SUBJECT, () => arrived(''), { maxWaiting: 100_000 });
      bus.subscribe(QUESTION, ({ body }) => body);
      return undefined;
    },
    open: async (where) => {
      const bus = await openBus(where);
      return {
        send: (message) => bus.publish({ ...message, subject: SUBJECT }),
        ask: (message) => bus.request({ ...message, subject: QUESTION }, ASK_MS),
        close: () => bus.close(),
      };
    },
  },
  natsBare: {
    serve: async (where, arrived) => {
      const client = await connect({ servers: String(where) });
      client.subscribe('bare', {
        callback: (_, message) => {
          const text = message.string();
          JSON.parse(text);
          arrived(text);
        },
      });
      client.subscribe('bare.question', {
        callback: (_, message) => {
          const { body } = JSON.parse(message.string()) as BusMessage;
          message.respond(JSON.stringify(body));
        },
      });
      await client.flush();
      return undefined;
    },
    open: async (where) => {
      const client = await connect({ servers: String(where) });
      let flushing: Promise<void> | undefined;
      // One question to the server for all that is sent in one go, as whoever knows the client would.
      const flush = async (): Promise<void> => {
        await undefined;
        flushing = undefined;
        await client.flush();
      };
      return {
        send: (message) => {
          client.publish('bare', JSON.stringify(message));
          flushing ??= flush();
          return flushing;
        },
        ask: async (message) => {
          const answer = await client.request('bare.question', JSON.stringify(message), {
            timeout: ASK_MS,
          });
          return answer.json();
        },
        close: () => client.close(),
      };
    },
  },
  wsLink: {
    serve: async (_, arrived) => {
      const { bus } = await openMemory();
      bus.subscribe(SUBJECT, () => arrived(''), { maxWaiting: 100_000 });
      const relay = relayOf(bus, []);
      const server = createServer();
      await serveLinks(server, testHello({ spacesFor: () => [BENCH_SPACE] }), (link) =>
        link.serve((method, message) => {
          if (method !== SIGNAL_METHOD) return { params: message.params };
          relay.receive(message, link.peer, () => true);
          return { params: null };
        }),
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    open: async (where) => {
      const hello = testHello({ spacesFor: () => [BENCH_SPACE] });
      const link = await dialWs(`ws://127.0.0.1:${where}`, hello);
      const { bus } = await openMemory();
      const relay = relayOf(bus, [link]);
      const relayed = relay.bus();
      return {
        send: (message) => relayed.publish({ ...message, subject: SUBJECT }),
        ask: async ({ body }) => (await link.call('echo', body)).params,
        close: async () => {
          assertSound(relay.dropped === 0, `${relay.dropped} signals were dropped`);
          link.close('done');
          await bus.close();
        },
      };
    },
  },
  wsBare: {
    serve: async (_, arrived) => {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
      server.on('connection', (socket) =>
        socket.on('message', (data) => {
          const text = String(data);
          const { asked, message } = JSON.parse(text) as Framed;
          if (asked === undefined) arrived(text);
          else socket.send(JSON.stringify({ asked, message: message.body }));
        }),
      );
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    open: async (where) => {
      const socket = new WebSocket(`ws://127.0.0.1:${where}`, { perMessageDeflate: false });
      await once(socket, 'open');
      const waiting = new Map<number, (answer: unknown) => void>();
      let asked = 0;
      socket.on('message', (data) => {
        const answer = JSON.parse(String(data)) as Required<Framed>;
        waiting.get(answer.asked)?.(answer.message);
        waiting.delete(answer.asked);
      });
      return {
        send: async (message) => socket.send(JSON.stringify({ message })),
        ask: (message) => {
          asked += 1;
          const { promise, resolve } = Promise.withResolvers<unknown>();
          waiting.set(asked, resolve);
          socket.send(JSON.stringify({ asked, message }));
          return promise;
        },
        close: async () => socket.close(),
      };
    },
  },
} as const satisfies Record<string, Carrier>;

/** The name of a way. */
export type CarrierName = keyof typeof CARRIERS;

interface Framed {
  readonly asked?: number;
  readonly message: BusMessage;
}

const openBus = (where: Where): Promise<NatsBus> =>
  openNatsBus({
    ...NODE_TIMERS,
    servers: [String(where)],
    report: (error) => assertSound(false, error.message),
  });

type Local = Awaited<ReturnType<typeof openMemory>>['bus'];

const relayOf = (local: Local, links: readonly Link[]): SignalRelay =>
  new SignalRelay({
    local,
    kinds: [KIND],
    peersOf: () => links,
    report: (error) => assertSound(false, String(error)),
  });
