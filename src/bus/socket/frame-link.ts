/**
 * A connection that carries frames in their order, whatever it is made of. What is too long is
 * refused by its declared length, before any of it is kept.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { SkeinError } from '#protocol/errors.ts';
import { MAX_FRAME_BYTES } from '../wire-frame.ts';

/** Told what a link brings, from the moment it is given to one. */
export interface LinkListener {
  readonly frame: (bytes: Uint8Array) => void;
  /** Once; `error` is why, when it was not closed. */
  readonly end: (error?: Error) => void;
}

/** A connection that is open. What comes before somebody listens waits in it. */
export interface FrameLink {
  readonly listen: (listener: LinkListener) => void;
  readonly send: (frame: string) => void;
  /** How many bytes the other side has not taken yet. */
  readonly bufferedBytes: () => number;
  /** Sends what waits, and ends. */
  readonly close: () => void;
}

/** What one side of a link may owe the other: who reads so slowly is cut off. */
export const MAX_BUFFERED_BYTES = 32 * 1024 * 1024;

const LENGTH_BYTES = 4;

/** Frames over a stream (Unix or TCP), each with its length in four bytes before it. */
export function socketLink(socket: Socket): FrameLink {
  socket.pause();
  socket.setNoDelay(true);
  let waiting: string[] = [];
  let waitingLength = 0;
  // All frames of one turn leave together: a thousand small writes cost more than what is in them.
  const flush = (): void => {
    const frames = waiting;
    [waiting, waitingLength] = [[], 0];
    if (frames.length > 0 && socket.writable) socket.write(joinFrames(frames));
  };
  return {
    listen: ({ frame, end }) => {
      let failed: Error | undefined;
      const take = makeSplitter(frame);
      socket.on('data', (chunk: Buffer) => {
        try {
          take(chunk);
        } catch (thrown) {
          socket.destroy(thrown as Error);
        }
      });
      socket.on('error', (error) => (failed = error));
      socket.on('close', () => end(failed));
      socket.on('end', () => socket.end());
      socket.resume();
    },
    send: (frame) => {
      if (!socket.writable) return;
      waitingLength += frame.length;
      if (waiting.push(frame) === 1) process.nextTick(flush);
    },
    bufferedBytes: () => socket.writableLength + waitingLength,
    close: () => {
      flush();
      socket.end();
    },
  };
}

/** Frames over a WebSocket, which must have `maxPayload: MAX_FRAME_BYTES`: it refuses what is longer. */
export const webSocketLink = (socket: WebSocket): FrameLink => {
  socket.binaryType = 'nodebuffer';
  socket.pause();
  return {
    listen: ({ frame, end }) => {
      let failed: Error | undefined;
      socket.on('message', (data: Buffer) => frame(data));
      socket.on('error', (error: Error) => (failed = error));
      socket.on('close', () => end(failed));
      socket.resume();
    },
    send: (frame) => {
      if (socket.readyState === socket.OPEN) socket.send(frame);
    },
    bufferedBytes: () => socket.bufferedAmount,
    close: () => socket.close(),
  };
};

/** Each frame with its length before it. */
function joinFrames(frames: readonly string[]): Buffer {
  const sizes = frames.map((frame) => Buffer.byteLength(frame));
  const whole = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + LENGTH_BYTES + size, 0));
  let at = 0;
  for (const [index, frame] of frames.entries()) {
    at = whole.writeUInt32BE(sizes[index] ?? 0, at);
    at += whole.write(frame, at);
  }
  return whole;
}

/** Cuts what comes at its lengths; throws `payload-too-large`. */
function makeSplitter(take: (frame: Uint8Array) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    parts.push(chunk);
    size += chunk.length;
    if (size < LENGTH_BYTES) return;
    let need = declaredLength(parts);
    if (size < LENGTH_BYTES + need) return;
    let rest = parts.length === 1 ? chunk : Buffer.concat(parts);
    while (rest.length >= LENGTH_BYTES + need) {
      take(rest.subarray(LENGTH_BYTES, LENGTH_BYTES + need));
      rest = rest.subarray(LENGTH_BYTES + need);
      if (rest.length < LENGTH_BYTES) break;
      need = declaredLength([rest]);
    }
    [parts, size] = rest.length === 0 ? [[], 0] : [[rest], rest.length];
  };
}

function declaredLength(parts: readonly Buffer[]): number {
  const [first] = parts;
  const head = first !== undefined && first.length >= LENGTH_BYTES ? first : Buffer.concat(parts);
  const length = head.readUInt32BE();
  if (length <= MAX_FRAME_BYTES) return length;
  throw new SkeinError(
    'payload-too-large',
    `Cannot read a frame of ${length} bytes: the most is ${MAX_FRAME_BYTES}`,
  );
}
