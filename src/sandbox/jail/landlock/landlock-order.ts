/** What a jail by Landlock is to be, from a request: what it may see, its environment, its limits. */
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Group } from '../cgroup/cgroup.ts';
import type { JailRequest, Mount } from '../jail.ts';
import { SYSTEM_PATH, systemMounts } from '../toolchain/system-mounts.ts';
import { handledBy, rightsOf } from './access-rights.ts';
import type { Grant } from './access-rights.ts';
import type { GrantedPath, KeeperOrder, ProcessLimit } from './keeper/keeper-order.ts';
import type { LandlockWays } from './landlock-ways.ts';

const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'];

/**
 * A forbidden file is there but can't be opened, which stops programs that go on when there is none:
 * git and whatever uses OpenSSL are told not to look.
 */
const NOT_THERE = {
  OPENSSL_CONF: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** What V8 reserves as data and never uses (its code range), measured. */
const RESERVED_BYTES = 512 * 1024 * 1024;

// sys/resource.h
const RESOURCE = { cpu: 0, fileBytes: 1, data: 2, core: 4, openFiles: 7, address: 9 } as const;

/** What is there for one run. */
export interface Place {
  /** A folder of this run alone; HOME and TMPDIR, instead of `/tmp`. */
  readonly temporary: string;
  readonly group: Group | null;
}

/** The order for the keeper. Throws `sandbox-unavailable` for mounts that can't be, `usage`. */
export function landlockOrder(ways: LandlockWays, request: JailRequest, place: Place): KeeperOrder {
  checkMounts(ways, request);
  const { walls, version } = ways;
  const handled = handledBy(version);
  const mounts = request.mounts;
  const of = (access: Mount['access']): string[] =>
    mounts.filter((mount) => mount.access === access).map(({ source }) => source);
  return {
    argv: checkWords(request.argv),
    cwd: request.cwd,
    environment: environmentOf(request, place.temporary),
    handled: walls.landlock ? [handled.files, handled.network, handled.scopes] : null,
    grants: grantsOf(ways, request, place.temporary),
    filter: ways.filter?.toString('base64') ?? null,
    processLimits: processLimits(request),
    processes: request.limits.processes,
    sweep: ways.sweep,
    ownMounts: ways.ownMounts ? { write: of('write'), read: nestedReads(mounts) } : null,
    temporary: ways.ownMounts
      ? { path: place.temporary, sizeBytes: request.limits.temporaryBytes }
      : null,
    join: place.group?.joinFiles ?? [],
  };
}

/** Refuses what Landlock can't do: it forbids, but shows nothing at another place. */
function checkMounts(ways: LandlockWays, { mounts, cwd, proxySocket }: JailRequest): void {
  const refuse = (message: string): never => {
    throw new SkeinError('sandbox-unavailable', `Cannot start a jail of Landlock: ${message}`, {
      fix: 'Install bubblewrap 0.6 or later: apt install bubblewrap, dnf install bubblewrap',
    });
  };
  if (proxySocket !== undefined) refuse('it has no network, not even through a proxy');
  const moved = mounts.find(
    ({ source, target }) => path.normalize(source) !== path.normalize(target),
  );
  if (moved !== undefined) refuse(`it can't show ${moved.source} as ${moved.target}`);
  const odd = mounts.find(({ source }) => !path.isAbsolute(source));
  if (odd !== undefined) refuse(`${odd.source} is no absolute path`);
  if (!path.isAbsolute(cwd)) refuse(`${cwd} is no absolute path`);
  const nested = ways.ownMounts ? [] : nestedReads(mounts);
  if (nested.length > 0) {
    refuse(`without mounts of its own it can't keep ${nested[0]} from being written`);
  }
}

const isBelow = (inner: string, outer: string): boolean =>
  inner !== outer && `${inner}/`.startsWith(outer.endsWith('/') ? outer : `${outer}/`);

/** What may only be read although it lies in a folder that may be written. */
function nestedReads(mounts: readonly Mount[]): string[] {
  const written = mounts.filter(({ access }) => access === 'write');
  return mounts
    .filter(({ access }) => access === 'read')
    .map(({ source }) => source)
    .filter((source) => written.some((outer) => isBelow(source, outer.source)));
}

function grantsOf(ways: LandlockWays, request: JailRequest, temporary: string): GrantedPath[] {
  const allow = (grant: Grant, paths: readonly string[]): GrantedPath[] =>
    paths.map((each) => ({
      path: each,
      grant,
      rights: {
        file: rightsOf(grant, false, ways.version),
        folder: rightsOf(grant, true, ways.version),
      },
    }));
  const system = systemMounts().mounts.map(({ source }) => source);
  const given = request.mounts.map(({ source, access }) => allow(access, [source]));
  return [
    ...allow('read', system),
    ...allow('device', DEVICES),
    // Its own processes only: that of the host tells too much.
    ...allow('read', ways.ownProcesses ? ['/proc'] : []),
    ...given.flat(),
    ...allow('write', [temporary]),
  ];
}

/** The jail's /tmp is the folder of the run, also where the request names it. */
function environmentOf(request: JailRequest, temporary: string): string[] {
  const given = Object.entries(request.environment).map(([name, value]) => [
    name,
    (name === 'HOME' || name === 'TMPDIR') && value === '/tmp' ? temporary : value,
  ]);
  const all: Readonly<Record<string, string>> = {
    ...NOT_THERE,
    PATH: SYSTEM_PATH,
    HOME: temporary,
    TMPDIR: temporary,
    ...Object.fromEntries(given),
  };
  return Object.entries(all).map(([name, value]) => {
    if (name === '' || name.includes('=') || `${name}${value}`.includes('\0')) {
      throw new SkeinError(
        'usage',
        `Cannot set the variable ${JSON.stringify(name)}: no such name`,
        {
          fix: 'Give names without "=" and NUL, and values without NUL',
        },
      );
    }
    return `${name}=${value}`;
  });
}

function checkWords(argv: readonly string[]): readonly string[] {
  if ((argv[0] ?? '') !== '' && argv.every((word) => !word.includes('\0'))) return argv;
  throw new SkeinError('usage', `Cannot run ${JSON.stringify(argv[0] ?? '')}: no program's name`, {
    fix: 'Name a program, and give arguments without NUL',
  });
}

function processLimits({ limits, memory = 'data' }: JailRequest): ProcessLimit[] {
  return [
    [RESOURCE.core, 0],
    [RESOURCE.cpu, Math.max(1, Math.ceil(limits.cpuMs / 1000))],
    [RESOURCE.fileBytes, limits.fileBytes],
    [RESOURCE.openFiles, limits.openFiles],
    ...(memory === 'address' ? [[RESOURCE.address, limits.memoryBytes] as const] : []),
    // Where no group holds it, the memory of each process is bounded at least.
    ...(memory !== 'address'
      ? [[RESOURCE.data, limits.memoryBytes + RESERVED_BYTES] as const]
      : []),
  ];
}
