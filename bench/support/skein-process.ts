/** Runs commands of Skein as a person would, in a home of the bench's own. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assertSound } from './bench-space.ts';

const CLOSE_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
const LAUNCHER = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));

/** How long `node <args>` takes from start to exit, in milliseconds, and what it printed. */
export function timeNode(
  args: readonly string[],
  home: string,
): { readonly durationMs: number; readonly output: string } {
  const env = { ...process.env, SKEIN_HOME: home };
  const startedMs = performance.now();
  const done = spawnSync(process.execPath, [...args], { env, encoding: 'utf8' });
  const durationMs = performance.now() - startedMs;
  assertSound(done.status === 0, `${args.join(' ')}: exit ${done.status}: ${done.stderr}`);
  return { durationMs, output: done.stdout };
}

/** What `skein <args>` prints. */
export const askSkein = (home: string, ...args: readonly string[]): string =>
  timeNode([LAUNCHER, ...args], home).output;

/** Runs `skein <args>`; answers milliseconds. */
export const timeSkein = (home: string, ...args: readonly string[]): number =>
  timeNode([LAUNCHER, ...args], home).durationMs;

/**
 * Stops the node and waits until its files are closed: a database that was closed has folded its
 * write-ahead log back and removed it.
 */
export async function stopNode(home: string): Promise<void> {
  timeSkein(home, 'down');
  const isOpen = (): boolean =>
    readdirSync(join(home, 'spaces'), { recursive: true }).some((file) =>
      `${file}`.endsWith('-wal'),
    );
  for (let waitedMs = 0; isOpen() && waitedMs < CLOSE_TIMEOUT_MS; waitedMs += POLL_MS) {
    await sleep(POLL_MS);
  }
}
