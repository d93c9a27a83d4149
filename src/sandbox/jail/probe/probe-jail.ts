/**
 * The probe of a jail: starts a program in one that tries to get out by the known doors, and judges what
 * happened rather than what was answered. A jail is used only when each attempt was made and none came
 * through.
 */
import fs from 'node:fs';
import { toSkeinError } from '#protocol/errors.ts';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { Enclosure, ProbeReport } from '#sandbox/sandbox.ts';
import type { JailBackend, JailRequest } from '../jail.ts';
import { ATTACKS, attackScript, connectScript } from './attack-script.ts';
import type { Attack } from './attack-script.ts';
import { layOut, PROBE_SHARED_BYTES } from './probe-aims.ts';
import type { LaidOut } from './probe-aims.ts';

const LIMIT_MS = 20_000;
const OUTPUT_LIMIT = 1024 * 1024;
const VARIABLE = 'SKEIN_PROBE_CANARY';

/** For these there may be no program on a machine; then they are not made. */
const OPTIONAL: readonly Attack[] = ['nest-namespaces', 'mount'];

/** Any maker of jails. */
export type Probed = Pick<JailBackend, 'mechanism' | 'walls' | 'versions' | 'start'>;

/** Tries to get out of a jail of `backend`. Never throws; takes less than a second on a quiet machine. */
export async function probeJail(backend: Probed): Promise<ProbeReport> {
  const { mechanism, walls, versions } = backend;
  const enclosure: Enclosure = { tier: 'T2', mechanism, strength: 'kernel', walls, versions };
  let laidOut: LaidOut | null = null;
  try {
    laidOut = await layOut();
    const said = await attack(backend, laidOut);
    const attempts = await judge(said, laidOut);
    return { enclosure, attempts, ...verdict(attempts) };
  } catch (cause) {
    const error = toSkeinError(cause);
    const fix = error.fix ?? `See what keeps a jail of ${mechanism} from starting here`;
    return { enclosure, attempts: [], holds: false, problem: error.message, fix };
  } finally {
    await laidOut?.close().catch(() => {});
  }
}

async function attack(backend: Probed, { aims, work, canary }: LaidOut): Promise<string> {
  const request: JailRequest = {
    argv: ['sh', '-c', attackScript(aims), 'sh', connectScript(aims)],
    cwd: work,
    environment: {},
    mounts: [
      { source: work, target: work, access: 'write' },
      ...(aims.node.startsWith('/usr/')
        ? []
        : [{ source: aims.node, target: aims.node, access: 'read' as const }]),
    ],
    limits: { ...COMMAND_LIMITS, sharedBytes: PROBE_SHARED_BYTES },
    memory: 'data',
    stdio: ['ignore', 'pipe', 'ignore'],
  };
  // What is started with Skein's environment would have it.
  process.env[VARIABLE] = canary;
  const jailed = (() => {
    try {
      return backend.start(request);
    } finally {
      delete process.env[VARIABLE];
    }
  })();
  let said = '';
  jailed.stdout?.on('data', (chunk: Buffer) => {
    if (said.length < OUTPUT_LIMIT) said += chunk.toString('latin1');
  });
  const timer = setTimeout(() => void jailed.kill(), LIMIT_MS);
  try {
    await jailed.ended;
    await drained(jailed.stdout);
  } finally {
    clearTimeout(timer);
  }
  return said;
}

/** What is dead writes no more: what is still on its way is here soon. */
async function drained(stream: NodeJS.ReadableStream | null): Promise<void> {
  if (stream === null || !stream.readable) return;
  await new Promise<void>((resolve) => {
    stream
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    // A process that was left behind holds it open.
    setTimeout(resolve, 1000).unref();
  });
}

async function judge(said: string, laidOut: LaidOut): Promise<ProbeReport['attempts']> {
  const lines = new Set(said.split('\n'));
  const done = (name: Attack): boolean => lines.has(`done ${name}`);
  const secrets = said.split(`tried read-file-outside`);
  const visited = await laidOut.visited();
  const through: Readonly<Record<Attack, boolean>> = {
    'read-file-outside': (secrets[0] ?? '').includes(laidOut.canary),
    'read-environment': secrets.slice(1).join('').includes(laidOut.canary),
    'write-file-outside': fs.existsSync(laidOut.aims.newFile),
    'signal-host': !laidOut.isVictimAlive(),
    'leave-daemon': laidOut.endDaemons(),
    'connect-tcp': visited.tcp,
    'connect-unix': visited.unix,
    'connect-abstract': visited.abstract,
    'read-shadow': done('read-shadow'),
    'fill-shared-memory': done('fill-shared-memory'),
    'write-root': done('write-root'),
    'kernel-settings': done('kernel-settings'),
    'nest-namespaces': done('nest-namespaces'),
    mount: done('mount'),
  };
  return ATTACKS.flatMap((name): ProbeReport['attempts'] => {
    if (through[name]) return [{ attack: name, held: false }];
    if (lines.has(`tried ${name}`)) return [{ attack: name, held: true }];
    if (OPTIONAL.includes(name)) return [];
    return [{ attack: name, held: false, detail: 'the attempt could not be made' }];
  });
}

function verdict(
  attempts: ProbeReport['attempts'],
): Pick<ProbeReport, 'holds' | 'problem' | 'fix'> {
  const open = attempts.filter(({ held }) => !held);
  if (open.length === 0) return { holds: true, problem: null, fix: null };
  const names = open.map(({ attack: name, detail }) => (detail ? `${name} (${detail})` : name));
  return {
    holds: false,
    problem: `A program got through a wall, or could not try: ${names.join(', ')}`,
    fix: 'Use another kind of sandbox on this machine, and tell the authors of Skein what it is',
  };
}
