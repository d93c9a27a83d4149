/**
 * Puts the programs of repositories into jails: each sees its worktree, its tools and the installed
 * dependencies, no other file of the machine, no process but its own, and of the network only the hosts
 * that skein.yaml lists.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import {
  canKeep,
  canMove,
  type JailBackend,
  type Jailed,
  type JailLimits,
  type JailRequest,
} from '#sandbox/jail/jail.ts';
import { HARD_LIMITS } from '#sandbox/limits.ts';
import { behindProxy } from '#sandbox/proxy/bridge/behind-proxy.ts';
import { openProxy } from '#sandbox/proxy/open-proxy.ts';
import type { NetworkAccess } from '#sandbox/sandbox.ts';
import { deleteFolder } from '#lib/delete-folder.ts';
import type {
  Program,
  ProgramEnclosure,
  ProgramHost,
  ProgramStart,
} from '#workspace/programs/program-host.ts';
import { keepGitFile } from './kept-git.ts';
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
  const { network = [] } = start;
  const way = network.length === 0 ? NO_WAY : await openWay(network);
  const restore =
    canMove(jail) || start.access === 'read' ? async () => undefined : keepGitFile(start.root);
  const clear = async (): Promise<void> => {
    await way.close();
    await restore();
    await deleteFolder(folder).catch(() => undefined);
  };
  try {
    const { mounts, path } = await findPlaces(start, closed, {
      scratch: canMove(jail) ? folder : null,
      keepsFiles: canKeep(jail),
    });
    const request: JailRequest = {
      argv: start.argv,
      cwd: start.cwd,
      environment: { ...start.environment, PATH: path },
      mounts,
      limits: programLimits(),
      memory: 'group-only',
      stdio: [start.input, start.output, start.output],
    };
    return programOf(jail.start(way.lead(request)), way.told, clear);
  } catch (thrown) {
    await clear();
    throw thrown;
  }
}

/** The way of a program to the network. */
interface Way {
  readonly lead: (request: JailRequest) => JailRequest;
  /** What was asked of it; undefined where there is none. */
  readonly told: readonly NetworkAccess[] | undefined;
  readonly close: () => Promise<void>;
}

const NO_WAY: Way = {
  lead: (request) => request,
  told: undefined,
  close: async () => undefined,
};

async function openWay(allow: readonly string[]): Promise<Way> {
  const told: NetworkAccess[] = [];
  const proxy = await openProxy({
    // The path of a socket is short: that of the home may not be.
    folder: tmpdir(),
    policy: { allow },
    onAccess: (access) => void told.push(access),
  });
  return {
    lead: (request) => behindProxy(request, proxy.socket),
    told,
    close: () => proxy.close(),
  };
}

function programOf(jailed: Jailed, network: Way['told'], clear: () => Promise<void>): Program {
  const ended = jailed.ended.finally(clear).then(({ exitCode, signal, cpuMs, peakBytes }) => ({
    exitCode,
    signal,
    ...(cpuMs === null ? {} : { cpuMs: Math.round(cpuMs) }),
    ...(peakBytes === null ? {} : { peakBytes }),
    ...(network === undefined ? {} : { network }),
  }));
  // Whoever waits for it later still gets it.
  ended.catch(() => undefined);
  const { child, stdin, stdout, stderr } = jailed;
  return { pid: child.pid, stdin, stdout, stderr, ended, end: jailed.kill };
}
