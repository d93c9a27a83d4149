/** Runs commands of Skein as a person would, in a home of the bench's own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assertSound } from './bench-space.ts';

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

/** Runs `skein <args>`; answers milliseconds. */
export const timeSkein = (home: string, ...args: readonly string[]): number =>
  timeNode([LAUNCHER, ...args], home).durationMs;
