/** What a probe lays out for its attempts: a secret file, listeners, a process; and what it saw of them. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { isAlive, readProcess } from '../bubblewrap/process-state.ts';
import type { ProcessIdentity } from '../bubblewrap/process-state.ts';
import type { Aims } from './attack-script.ts';

/** Small, so that a probe is quick. */
export const PROBE_SHARED_BYTES = 1024 * 1024;

/** The aims, laid out. */
export interface LaidOut {
  readonly aims: Aims;
  /** The secret in the file and in the environment. */
  readonly canary: string;
  /** A folder that the jail may write. */
  readonly work: string;
  /** Which of the listeners somebody came to. */
  readonly visited: () => Promise<Readonly<Record<'tcp' | 'unix' | 'abstract', boolean>>>;
  readonly isVictimAlive: () => boolean;
  /** Kills processes that were left, and tells whether there were any. */
  readonly endDaemons: () => boolean;
  readonly close: () => Promise<void>;
}

interface Listener {
  readonly server: net.Server;
  readonly visited: () => Promise<boolean>;
}

/** Lays all out below the folder for temporary files. */
export async function layOut(): Promise<LaidOut> {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skein-probe-')));
  try {
    return await layOutIn(folder);
  } catch (cause) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw cause;
  }
}

async function layOutIn(folder: string): Promise<LaidOut> {
  const canary = `canary-${randomUUID()}`;
  const mark = `probe-${randomUUID()}`;
  const paths = {
    work: path.join(folder, 'work'),
    canaryFile: path.join(folder, 'canary'),
    newFile: path.join(folder, 'written'),
    unixSocket: path.join(folder, 'socket'),
  };
  fs.mkdirSync(paths.work);
  fs.writeFileSync(paths.canaryFile, canary);
  const victim = await startVictim(canary);
  const tcp = await listen({ host: '127.0.0.1', port: 0 });
  const unix = await listen({ path: paths.unixSocket });
  const abstract = await listen({ path: `\0${mark}` });
  return {
    aims: {
      ...paths,
      victimPid: victim.identity.pid,
      port: (tcp.server.address() as net.AddressInfo).port,
      abstractSocket: mark,
      mark,
      sharedBytes: PROBE_SHARED_BYTES,
      node: fs.realpathSync(process.execPath),
    },
    canary,
    work: paths.work,
    visited: async () => ({
      tcp: await tcp.visited(),
      unix: await unix.visited(),
      abstract: await abstract.visited(),
    }),
    isVictimAlive: () => isAlive(victim.identity),
    endDaemons: () => endMarked(mark),
    close: async () => {
      victim.child.kill('SIGKILL');
      for (const { server } of [tcp, unix, abstract]) server.close();
      await fs.promises.rm(folder, { recursive: true, force: true });
    },
  };
}

/** A process that may be killed, with the secret in its environment. */
async function startVictim(
  canary: string,
): Promise<{ readonly child: ChildProcess; readonly identity: ProcessIdentity }> {
  const child = spawn('sleep', ['600'], { env: { CANARY: canary }, stdio: 'ignore' });
  await once(child, 'spawn');
  child.unref();
  const identity = readProcess(child.pid ?? 0);
  if (identity !== null) return { child, identity };
  throw new SkeinError('sandbox-failed', 'Cannot probe a jail: /proc shows no processes');
}

async function listen(at: net.ListenOptions): Promise<Listener> {
  let visits = 0;
  const server = net.createServer((socket) => {
    visits += 1;
    socket.on('error', () => {});
    socket.end();
    socket.resume();
  });
  server.listen(at);
  await once(server, 'listening');
  server.unref();
  const address = server.address();
  const back = typeof address === 'string' ? { path: at.path ?? '' } : { port: portOf(address) };
  const visited = async (): Promise<boolean> => {
    // Visitors are seen in the order in which they came: after our own visit nobody is on the way.
    const socket = net.connect({ ...back, host: '127.0.0.1' });
    socket.resume();
    await once(socket, 'end');
    return visits > 1;
  };
  return { server, visited };
}

const portOf = (address: net.AddressInfo | null): number => address?.port ?? 0;

function endMarked(mark: string): boolean {
  const left = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && hasMark(name, mark));
  for (const pid of left.map(Number)) {
    // With what it has started: it leads a group of its own.
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
  }
  return left.length > 0;
}

function hasMark(pid: string, mark: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(mark);
  } catch {
    return false;
  }
}
