/** Keeps the end of what a program prints, within a limit, and counts all of it. */

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
  const text = (): string => {
    const bytes = Buffer.concat(chunks).subarray(-limitBytes);
    if (total <= limitBytes) return bytes.toString('utf8');
    const whole = bytes.subarray(firstWholeLine(bytes));
    return `[${total - whole.length} bytes before this are not kept]\n${whole.toString('utf8')}`;
  };
  return { add, text, totalBytes: () => total };
}

/**
 * Where the first whole line begins: half a line may hold half a secret, which nobody would
 * recognise. Output without line ends begins at its first whole UTF-8 character.
 */
function firstWholeLine(bytes: Buffer): number {
  const newline = bytes.indexOf(0x0a);
  if (newline !== -1 && newline + 1 < bytes.length) return newline + 1;
  let start = 0;
  while (start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start === 4 ? 0 : start;
}
