/** Two ends of a real connection in this process: a served memory bus, and buses of peers. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { NODE_TIMERS, openMemory, type OpenedMemory } from '#bus/conformance/open-memory.ts';
import type { OpenedBus } from '#bus/conformance/stage.ts';
import { socketLink, webSocketLink, type FrameLink } from '#bus/socket/frame-link.ts';
import { serveBus, type ServedPeer, type ServeOptions } from '#bus/socket/serve-bus.ts';
import { makeSocketBus, type SocketBus } from '#bus/socket/socket-bus.ts';
import { MAX_FRAME_BYTES } from '#bus/wire-frame.ts';
import type { SkeinError } from '#protocol/errors.ts';

/** A bus that is served, and its peers. */
export interface OpenedSocket extends OpenedBus {
  readonly bus: SocketBus;
  readonly connect: () => Promise<SocketBus>;
  /** A connection that nobody speaks on yet. */
  readonly dial: () => Promise<FrameLink>;
  readonly memory: OpenedMemory;
  readonly served: ServedPeer[];
}

/** Serves and dials in one way. */
interface Wire {
  readonly serve: (accept: (link: FrameLink) => void) => Promise<void>;
  readonly dial: () => Promise<FrameLink>;
  readonly close: () => Promise<void>;
}

/** Unix sockets in a folder of their own. */
export function unixWire(): Wire {
  const folder = mkdtempSync(join(tmpdir(), 'skein-socket-'));
  const path = join(folder, 'bus.sock');
  let server: Server;
  return {
    serve: async (accept) => {
      server = createServer((socket) => accept(socketLink(socket))).listen(path);
      await once(server, 'listening');
    },
    dial: async () => {
      const socket = connect(path);
      await once(socket, 'connect');
      return socketLink(socket);
    },
    close: async () => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** WebSockets on a free port. */
export function webWire(): Wire {
  let server: WebSocketServer;
  return {
    serve: async (accept) => {
      server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: MAX_FRAME_BYTES });
      server.on('connection', (socket) => accept(webSocketLink(socket)));
      await once(server, 'listening');
    },
    dial: async () => {
      const { port } = server.address() as { port: number };
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, { maxPayload: MAX_FRAME_BYTES });
      await once(socket, 'open');
      return webSocketLink(socket);
    },
    close: async () => void server.close(),
  };
}

/** A memory bus that is served over `wire`, and a first peer. */
export async function openSocket(
  wire: Wire,
  options: Partial<ServeOptions> = {},
): Promise<OpenedSocket> {
  const reported: SkeinError[] = [];
  const report = (error: SkeinError): void => void reported.push(error);
  const memory = await openMemory({ report });
  const served: ServedPeer[] = [];
  const { soon } = NODE_TIMERS;
  await wire.serve((link) => {
    const rules = { allow: () => true, speaker: (claimed: string) => claimed, soon };
    served.push(serveBus(link, { ...rules, bus: memory.bus.connect(), ...options }));
  });
  const buses: SocketBus[] = [];
  const open = async (): Promise<SocketBus> => {
    const bus = makeSocketBus({ ...NODE_TIMERS, link: await wire.dial(), report });
    buses.push(bus);
    return bus;
  };
  return {
    bus: await open(),
    connect: open,
    dial: wire.dial,
    memory,
    served,
    reported: () => reported,
    close: async () => {
      for (const bus of buses) await bus.close();
      for (const peer of served) peer.close();
      await memory.close();
      await wire.close();
    },
  };
}
