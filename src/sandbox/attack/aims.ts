/** What attacks go for on the host: things made for them, so that whatever happens to them is seen. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names and places for programs, and what has happened to them. */
export interface Aims {
  /** A folder of the host, and a file in it that holds `secret`. */
  readonly folder: string;
  readonly canary: string;
  /** Its name is a secret as well. */
  readonly fileName: string;
  /** Texts that no run may ever have: of the file, its name, the environment, a command line. */
  readonly secrets: readonly string[];
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly socketPath: string;
  /** Without its leading NUL. */
  readonly abstractName: string;
  /** A process of the host that must live. */
  readonly victim: number;
  /** In the command line of every process that an attack starts. */
  readonly marker: string;
  readonly hostName: string;
  /** What has been done to them since it was asked last, mended now; null when nothing. */
  readonly harm: () => Promise<string | null>;
  readonly close: () => Promise<void>;
}

/** The variable of this process that holds a secret while attacks go on. */
export const SECRET_VARIABLE = 'SKEIN_ATTACK_SECRET';

/** How long a process of the host may take to say that it lives. */
const ANSWER_MS = 20_000;

const token = (): string => randomBytes(12).toString('hex');

/** Makes them; `close` takes all of it away. */
export async function makeAims(): Promise<Aims> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'skein-attack-')));
  const folder = join(root, 'outside');
  const [secret, inName, inEnvironment, inArguments] = [token(), token(), token(), token()];
  const fileName = `secret-${inName}.txt`;
  const canary = join(folder, fileName);
  await mkdir(folder);
  await writeFile(canary, `${secret}\n`);
  process.env[SECRET_VARIABLE] = inEnvironment;
  const reached: string[] = [];
  const tcp = await listen(createServer(), { port: 0, host: '127.0.0.1' }, 'TCP', reached);
  const socketPath = join(root, 'socket');
  const unix = await listen(createServer(), { path: socketPath }, 'a Unix socket', reached);
  const abstractName = `skein-attack-${token()}`;
  const hidden = await listen(
    createServer(),
    { path: process.platform === 'linux' ? `\0${abstractName}` : join(root, 'other') },
    'an abstract socket',
    reached,
  );
  const udp = createSocket('udp4', () => reached.push('UDP'));
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  let victim = await startVictim(inArguments);
  const marker = `skein-attack-${token()}`;
  const port = tcp.address();
  return {
    folder,
    canary,
    fileName,
    secrets: [secret, inName, inEnvironment, inArguments],
    tcpPort: typeof port === 'object' && port !== null ? port.port : 0,
    udpPort: udp.address().port,
    socketPath,
    abstractName,
    get victim() {
      return victim.pid ?? 0;
    },
    marker,
    hostName: hostname(),
    harm: async () => {
      if (!(await isAlive(victim))) {
        victim.kill('SIGKILL');
        victim = await startVictim(inArguments);
        return 'a process was killed';
      }
      if (reached.length > 0) return `the host was reached over ${reached.splice(0).join(', ')}`;
      return harmToFiles(folder, fileName, secret);
    },
    close: async () => {
      victim.kill('SIGKILL');
      delete process.env[SECRET_VARIABLE];
      for (const server of [tcp, unix, hidden]) server.close();
      udp.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function listen(
  server: Server,
  at: { readonly port: number; readonly host: string } | { readonly path: string },
  name: string,
  reached: string[],
): Promise<Server> {
  server.on('connection', (socket) => {
    reached.push(name);
    socket.on('error', () => undefined);
    socket.destroy();
  });
  server.listen(at);
  await once(server, 'listening');
  return server;
}

/** It answers whatever comes by its standard input. */
async function startVictim(secret: string): Promise<ChildProcess> {
  const script =
    'process.stdin.on("data", () => process.stdout.write("up")); process.stdout.write("up")';
  const victim = spawn(process.execPath, ['-e', script, secret], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  });
  victim.stdin?.on('error', () => undefined);
  if (victim.stdout !== null) await once(victim.stdout, 'data');
  return victim;
}

/** Asked, as the news of its end may be on their way; one that was stopped does not answer. */
async function isAlive(victim: ChildProcess): Promise<boolean> {
  if (victim.exitCode !== null || victim.signalCode !== null) return false;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  const { signal } = late;
  victim.stdin?.write('?');
  const answered = victim.stdout === null ? [] : [once(victim.stdout, 'data', { signal })];
  try {
    return await Promise.race([
      ...answered.map((answer) => answer.then(() => true)),
      once(victim, 'exit', { signal }).then(() => false),
    ]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}

async function harmToFiles(
  folder: string,
  fileName: string,
  secret: string,
): Promise<string | null> {
  const file = join(folder, fileName);
  const names = await readdir(folder);
  const content = await readFile(file, 'utf8').catch(() => null);
  const planted = names.filter((name) => name !== fileName);
  for (const name of planted) await rm(join(folder, name), { recursive: true, force: true });
  if (content !== `${secret}\n`) {
    await writeFile(file, `${secret}\n`);
    return content === null ? 'a file of the host was removed' : 'a file of the host was changed';
  }
  return planted.length > 0 ? `a file was planted on the host: ${planted.join(', ')}` : null;
}
