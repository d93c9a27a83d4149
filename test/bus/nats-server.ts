/** Real nats-server processes on free ports and in temporary folders, to be killed and started again. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where Debian puts it. */
export const NATS_PROGRAM = '/usr/sbin/nats-server';
const START_LIMIT_MS = 60_000;

/** Why NATS can't be tried here, or false. */
export const skipWithoutNats =
  spawnSync(NATS_PROGRAM, ['--version']).status === 0
    ? false
    : 'nats-server is not installed: apt-get install nats-server';

/** A server that can be stopped in every way, and started again where it was. */
export interface NatsServer {
  readonly port: number;
  readonly address: string;
  readonly log: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Kills it with SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** Starts it again when it is down; resolves when it talks. */
  readonly start: () => Promise<void>;
  /** Kills it and removes its folder. */
  readonly stop: () => Promise<void>;
}

/** A server with `config` in addition to its port; resolves when it talks. */
export async function startNats(config = '', port?: number): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-nats-'));
  const own = port ?? (await freePort());
  const [configFile, logFile] = [join(folder, 'nats.conf'), join(folder, 'nats.log')];
  writeFileSync(configFile, `listen: 127.0.0.1:${own}\nlog_file: "${logFile}"\n${config}\n`);
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const start = async (): Promise<void> => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return;
    // What it says when it crashes is no part of its log by itself.
    const said = openSync(logFile, 'a');
    child = spawn(NATS_PROGRAM, ['-c', configFile, '-sd', join(folder, 'jetstream')], {
      stdio: ['ignore', said, said],
    });
    closeSync(said);
    await talks(own, child, () => readLog(logFile));
  };
  await start();
  return {
    port: own,
    address: `127.0.0.1:${own}`,
    log: () => readLog(logFile),
    signal: (signal) => void child?.kill(signal),
    kill,
    start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port of this machine that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function talks(port: number, child: ChildProcess, log: () => string): Promise<void> {
  const endMs = performance.now() + START_LIMIT_MS;
  while (!(await greets(port))) {
    if (child.exitCode !== null) throw new Error(`nats-server ended: ${log()}`);
    if (performance.now() > endMs) throw new Error(`nats-server did not start: ${log()}`);
    await delay(5);
  }
}

/** The server speaks first: INFO. */
async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString().startsWith('INFO');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
