/** Makes what a probe aims at: a secret, a listener, a process; and tells what happened to them. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Targets } from './escape-attempts.ts';

/** The targets of one probe. */
export interface ProbeTargets extends Targets {
  readonly secret: string;
  /** How often something connected. */
  readonly connections: () => number;
  readonly isVictimAlive: () => boolean;
  readonly isLeft: (name: string) => boolean;
  readonly remove: () => Promise<void>;
}

// longer than a probe takes, and it is killed at the end of it
const VICTIM = 'setTimeout(() => undefined, 600_000)';

/** Makes them. */
export async function makeTargets(): Promise<ProbeTargets> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'skein-probe-')));
  const canary = path.join(folder, 'canary.json');
  const secret = randomBytes(16).toString('hex');
  await writeFile(canary, JSON.stringify(secret), { mode: 0o600 });
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const victim = spawn(process.execPath, ['-e', VICTIM], { env: {}, stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => victim.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => victim.once('spawn', resolve).once('error', reject));
  return {
    canary,
    folder,
    secret,
    port: (server.address() as AddressInfo).port,
    victim: victim.pid ?? 0,
    connections: () => connections,
    isVictimAlive: () => victim.exitCode === null && victim.signalCode === null,
    isLeft: (name) => existsSync(path.join(folder, name)),
    remove: async () => {
      victim.kill('SIGKILL');
      await gone;
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
