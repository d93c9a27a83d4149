/**
 * Puts the programs of repositories into jails: each sees its worktree, its tools and the installed
 * dependencies, no other file of the machine, no network, and no process but its own.
 */
import { mkdtempSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { JailBackend, Jailed, JailLimits } from '#sandbox/jail/jail.ts';
import { HARD_LIMITS } from '#sandbox/limits.ts';
import { deleteFolder } from '#workspace/git/worktree-files.ts';
import type {
  Program,
  ProgramEnclosure,
  ProgramHost,
  ProgramStart,
} from '#workspace/programs/program-host.ts';
import { findPlaces, type Closed } from './worktree-mounts.ts';

/** What it is made of. */
export interface JailHostOptions {
  readonly jail: JailBackend;
  readonly closed: Closed;
  /** Where what a program may write of git is kept while it runs. */
  readonly scratch: string;
}

/** A build may take what a machine has: only the whole machine is kept from one program. */
const MEMORY_SHARE = 0.75;

const programLimits = (): JailLimits => ({
  ...HARD_LIMITS,
  memoryBytes: Math.min(HARD_LIMITS.memoryBytes, Math.floor(totalmem() * MEMORY_SHARE)),
});

/** A host whose programs are held by `jail`. */
export function makeJailHost(options: JailHostOptions): ProgramHost {
  const { mechanism, walls, versions } = options.jail;
  const enclosure: ProgramEnclosure = {
    tier: 'T2',
    mechanism,
    strength: 'kernel',
    walls,
    versions: Object.entries(versions).map(([name, version]) => `${name} ${version}`),
  };
  return { enclosure, start: (start) => startInJail(options, start) };
}

async function startInJail(
  { jail, closed, scratch }: JailHostOptions,
  start: ProgramStart,
): Promise<Program> {
  const folder = mkdtempSync(join(scratch, 'jail-'));
  const clear = (): Promise<void> => deleteFolder(folder).catch(() => undefined);
  try {
    const { mounts, path } = await findPlaces(start, closed, folder);
    const jailed = jail.start({
      argv: start.argv,
      cwd: start.cwd,
      environment: { ...start.environment, PATH: path },
      mounts,
      limits: programLimits(),
      memory: 'group-only',
      stdio: [start.input, start.output, start.output],
    });
    return programOf(jailed, clear);
  } catch (thrown) {
    await clear();
    throw thrown;
  }
}

function programOf(jailed: Jailed, clear: () => Promise<void>): Program {
  const ended = jailed.ended.finally(clear).then(({ exitCode, signal, cpuMs, peakBytes }) => ({
    exitCode,
    signal,
    ...(cpuMs === null ? {} : { cpuMs: Math.round(cpuMs) }),
    ...(peakBytes === null ? {} : { peakBytes }),
  }));
  // Whoever waits for it later still gets it.
  ended.catch(() => undefined);
  const { child, stdin, stdout, stderr } = jailed;
  return { pid: child.pid, stdin, stdout, stderr, ended, end: jailed.kill };
}
