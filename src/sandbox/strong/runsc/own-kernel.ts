/** Whether a guest has a kernel of its own: it must not be told the version of the host's. */
import fs from 'node:fs';
import { text } from 'node:stream/consumers';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { ProbeReport } from '#sandbox/sandbox.ts';
import type { JailBackend } from '#sandbox/jail/jail.ts';

const LIMIT_MS = 20_000;

/** The attempt to reach the host's kernel by its system calls. Rejects when no guest starts. */
export async function reachKernel(
  backend: Pick<JailBackend, 'start'>,
): Promise<ProbeReport['attempts'][number]> {
  const attack = 'reach-host-kernel';
  const guest = backend.start({
    argv: ['cat', '/proc/version'],
    cwd: '/tmp',
    environment: {},
    mounts: [],
    limits: COMMAND_LIMITS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const timer = setTimeout(() => void guest.kill(), LIMIT_MS);
  try {
    const [said] = await Promise.all([
      guest.stdout === null ? '' : text(guest.stdout),
      guest.ended,
    ]);
    if (!said.startsWith('Linux version')) {
      return { attack, held: false, detail: 'the attempt could not be made' };
    }
    return { attack, held: said !== fs.readFileSync('/proc/version', 'utf8') };
  } finally {
    clearTimeout(timer);
  }
}
