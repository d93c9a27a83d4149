/** Programs without any wall, which those behind walls are compared with. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { assertSound } from '../support/bench-space.ts';

/** How long a program took from start to end, in milliseconds, and what it printed. */
export interface PlainEnd {
  readonly tookMs: number;
  readonly output: string;
}

/** Runs a program to its end. */
export async function runPlain(argv: readonly string[]): Promise<PlainEnd> {
  const [file = '', ...args] = argv;
  const startedMs = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const tookMs = performance.now() - startedMs;
  assertSound(code === 0, `${argv.join(' ')}: exit ${String(code)}`);
  return { tookMs, output };
}

/** How long it took alone. */
export const timePlain = async (argv: readonly string[]): Promise<number> =>
  (await runPlain(argv)).tookMs;

/** Milliseconds until `cat` has taken all from a pipe and is gone; its start does not count. */
export async function timePipe(contents: readonly Uint8Array[]): Promise<number> {
  const child = spawn('cat', [], { stdio: ['pipe', 'ignore', 'inherit'] });
  await once(child, 'spawn');
  const closed = once(child, 'close');
  const startedMs = performance.now();
  for (const content of contents) child.stdin.write(content);
  child.stdin.end();
  await closed;
  return performance.now() - startedMs;
}
