/** The text of a message as it was typed, or from standard input. */
import { SkeinError } from '#protocol/errors.ts';

/** More than the node takes of a request, in bytes: whoever pipes more shall hear of it early. */
const MAX_BYTES = 900_000;

/** The text; `-` reads all of standard input, without the line end that closes it. */
export async function readText(typed: string): Promise<string> {
  const text = typed === '-' ? await readStdin() : typed;
  if (text.trim() !== '') return text;
  throw new SkeinError('usage', 'Cannot send nothing: the text is empty', {
    fix: 'A program that failed before it wrote anything may be the reason.',
  });
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BYTES) {
      throw new SkeinError('payload-too-large', `Cannot send more than ${MAX_BYTES} bytes`, {
        fix: 'Put it into a file that both can read, and send where it is.',
      });
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/u, '');
}
