/** A wire over a WebSocket (RFC 6455) of `ws`: one binary message is one frame. */
import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { FrameQueue, type Wire } from './wire.ts';

/** Frames that may wait for a listener before nothing more is read. */
const MAX_HELD = 32;

/**
 * The wire of a socket; `oversize` is told when a frame declares more than the socket's limit. With
 * the stream below it, all frames of one turn leave together: a system call for each is half its cost.
 */
export function wsWire(
  socket: WebSocket,
  oversize?: () => void,
  stream?: () => Writable | undefined,
): Wire {
  const queue = new FrameQueue();
  const ended = Promise.withResolvers<string>();
  let isAsked = false;
  let said: string | undefined;
  const choke = (): void => {
    if (socket.readyState !== socket.OPEN) return;
    const isChoked = isAsked || queue.length >= MAX_HELD;
    if (isChoked && !socket.isPaused) socket.pause();
    else if (!isChoked && socket.isPaused) socket.resume();
  };
  let isGathering = false;
  const gather = (): void => {
    const below = stream?.();
    if (below === undefined || isGathering) return;
    isGathering = true;
    below.cork();
    process.nextTick(() => {
      isGathering = false;
      below.uncork();
    });
  };
  const close = (reason: string): void => {
    said ??= reason;
    if (socket.readyState === socket.CONNECTING || socket.readyState === socket.CLOSED) {
      socket.terminate();
    }
    // A socket that is not read never hears that the other end has closed as well.
    socket.resume();
    socket.close(1000);
    ended.resolve(reason);
  };
  socket.on('message', (data, isBinary) => {
    if (!isBinary) return close('a frame was text');
    queue.push(asBytes(data));
    choke();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') oversize?.();
    said ??= error.message;
    socket.terminate();
  });
  socket.on('close', () => ended.resolve(said ?? 'the connection is gone'));
  return {
    send: (frame) =>
      new Promise((resolve) => {
        if (socket.readyState !== socket.OPEN) return resolve();
        gather();
        socket.send(frame, { binary: true }, () => resolve());
      }),
    buffered: () => socket.bufferedAmount,
    receive: (handle) => {
      queue.receive(handle);
      choke();
    },
    pause: (isPaused) => {
      isAsked = isPaused;
      choke();
    },
    close,
    closed: ended.promise,
  };
}

/** With the default `binaryType` a message comes as one Buffer. */
function asBytes(data: Buffer | ArrayBuffer | Buffer[]): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
