/** One builder at a time on a machine: a file with the builder's process id, taken over from a dead one. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';

const ASK_AGAIN_MS = 100;

/** Runs `build` while no other process does; throws `sandbox-failed` when that takes too long. */
export async function withBuildLock(
  file: string,
  limitMs: number,
  build: () => Promise<void>,
): Promise<void> {
  const until = performance.now() + limitMs;
  while (!(await take(file))) {
    if (performance.now() > until) {
      throw new SkeinError('sandbox-failed', `Cannot build: ${file} is held by another process`);
    }
    await delay(ASK_AGAIN_MS);
  }
  try {
    await build();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch {
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(file, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
