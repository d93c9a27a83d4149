/** Keeps the end of what a program prints, within a limit, and counts all of it. */

import { endOfOutput } from '#lib/output-end.ts';

/** The end of a stream of bytes. */
export interface OutputTail {
  readonly add: (chunk: Buffer) => void;
  readonly text: () => string;
  readonly totalBytes: () => number;
}

/** A tail of at most `limitBytes`; what was cut in front is said in the first line of the text. */
export function outputTail(limitBytes: number): OutputTail {
  let chunks: Buffer[] = [];
  let kept = 0;
  let total = 0;
  const add = (chunk: Buffer): void => {
    chunks.push(chunk);
    kept += chunk.length;
    total += chunk.length;
    // twice the limit before cutting: each byte is copied once on average, not once a chunk
    if (kept > 2 * limitBytes) {
      chunks = [Buffer.concat(chunks).subarray(-limitBytes)];
      kept = limitBytes;
    }
  };
  const text = (): string => endOfOutput(Buffer.concat(chunks), limitBytes, total);
  return { add, text, totalBytes: () => total };
}
