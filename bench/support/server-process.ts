/** Starts the bench's server and speaks to it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { request } from 'node:http';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Schedule, ServerMessage } from './bench-server.ts';

/** A running server. */
export interface BenchServer {
  readonly socket: string;
  /** Starts a schedule; answers when it begins, in nanoseconds of the monotonic clock. */
  readonly start: (schedule: Schedule) => Promise<bigint>;
  /** The lines that the server's bare peer sends. */
  readonly bareLines: () => Promise<Readable>;
  readonly stop: () => Promise<void>;
}

/** Starts a server on the space in `folder`. */
export async function startServer(folder: string): Promise<BenchServer> {
  const [socket, bare] = [join(folder, 'api.sock'), join(folder, 'bare.sock')];
  const entry = fileURLToPath(new URL('./bench-server.ts', import.meta.url));
  const child = fork(entry, [folder, socket, bare]);
  await told(child, 'ready');
  return {
    socket,
    start: async (schedule) => {
      const started = told(child, 'started');
      child.send(schedule);
      const message = await started;
      return message.type === 'started' ? BigInt(message.atNs) : 0n;
    },
    bareLines: async () => {
      const stream = connect(bare);
      await once(stream, 'connect');
      return stream;
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function told(child: ChildProcess, type: ServerMessage['type']): Promise<ServerMessage> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [ServerMessage];
    if (message.type === type) return message;
  }
}

/** The lines of events from the API, as a client receives them. */
export function followEvents(socketPath: string, space: string): Promise<Readable> {
  const headers = { authorization: 'Bearer bench' };
  const path = `/v1/events?space=${space}&follow=1`;
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers }, resolve);
    asked.on('error', reject);
    asked.end();
  });
}
