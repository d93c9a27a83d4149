/** Keeps head and tail of what a program prints, in memory that does not grow with it. */
import type { KeptOutput } from '#sandbox/sandbox.ts';

/** Output that is being kept. */
export interface TextKeeper {
  readonly add: (chunk: Uint8Array) => void;
  readonly kept: () => KeptOutput;
}

/** Keeps `mostBytes` of it: all, or its first and its last half with a line between that says what is gone. */
export function keepText(mostBytes: number): TextKeeper {
  const half = Math.ceil(mostBytes / 2);
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let totalBytes = 0;
  return {
    add: (chunk) => {
      totalBytes += chunk.length;
      const room = half - head.length;
      if (room > 0) head = Buffer.concat([head, chunk.subarray(0, room)]);
      const rest = chunk.subarray(Math.max(0, room));
      if (rest.length === 0) return;
      tail = Buffer.concat([tail, rest]);
      // Cut once it is twice as long, so that many small pieces do not each move all of it.
      if (tail.length > 2 * half) tail = Buffer.from(tail.subarray(tail.length - half));
    },
    kept: () => {
      const end = tail.subarray(Math.max(0, tail.length - (mostBytes - head.length)));
      const gone = totalBytes - head.length - end.length;
      if (gone === 0) return { text: Buffer.concat([head, end]).toString('utf8'), totalBytes };
      const between = `\n[... ${gone} bytes left out ...]\n`;
      return { text: `${head.toString('utf8')}${between}${end.toString('utf8')}`, totalBytes };
    },
  };
}
