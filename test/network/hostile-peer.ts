/** What somebody with a socket can do to a node: raw bytes, frames, and links with any key there is. */
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { surroundings } from '#daemon/network/network-sync.ts';
import type { Signer } from '#identity/signer.ts';
import { dialWs, PEER_PATH } from '#sync/link/ws-link.ts';
import type { Link } from '#sync/link/link.ts';
import { atEnd } from './net-node.ts';

/** How long a node may take to hang up on somebody, in milliseconds. */
const HANG_UP_MS = 15_000;

/** Says these bytes to a port; resolves when the other end has hung up, throws when it does not. */
export async function sayRaw(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const closed = closing(socket);
  socket.resume();
  socket.write(bytes);
  await closed;
}

/** Says once more what somebody said who opened a WebSocket: the rest when that is open again. */
export async function replay(port: number, session: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const closed = closing(socket);
  const head = session.indexOf('\r\n\r\n') + 4;
  socket.once('data', () => {
    socket.write(session.subarray(head));
    socket.resume();
  });
  socket.write(session.subarray(0, head));
  await closed;
}

/** Sends frames over a WebSocket that was opened as nodes do; ends as `sayRaw` does. */
export async function sayFrames(address: string, frames: readonly Uint8Array[]): Promise<void> {
  const socket = new WebSocket(new URL(PEER_PATH, address));
  const closed = closing(socket);
  socket.once('open', () => {
    for (const frame of frames) socket.send(frame, () => undefined);
  });
  await closed;
}

/** Resolves when it is closed, with or without an error. */
function closing(socket: Socket | WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The node did not hang up')), HANG_UP_MS);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A link in the name of a key, as a peer that believes to belong to `space`. */
export const linkAs = (address: string, signer: Signer, space: string): Promise<Link> =>
  dialWs(address, {
    ...surroundings,
    signer,
    software: 'crooked 1.0',
    spacesFor: () => [space],
  });

/** Random bytes. */
export const noise = (bytes: number): Uint8Array => randomFillSync(new Uint8Array(bytes));

/** Passes on to `target`, and keeps what each dialler said, in bytes. */
export async function startRecorder(
  target: number,
): Promise<{ readonly port: number; readonly sessions: readonly Buffer[][] }> {
  const sessions: Buffer[][] = [];
  const server = createServer((near) => {
    const said: Buffer[] = [];
    sessions.push(said);
    const far = connect(target, '127.0.0.1');
    near.on('data', (chunk: Buffer) => said.push(chunk));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', () => other.destroy());
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  atEnd(() => server.close());
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, sessions };
}
