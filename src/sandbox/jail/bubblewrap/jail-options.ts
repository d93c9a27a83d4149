/** The options of bubblewrap for one jail: its namespaces, its walls, and what it sees. */
import { PROXY_SOCKET } from '#sandbox/jail/jail.ts';
import type { JailRequest, Mount } from '#sandbox/jail/jail.ts';
import type { Link } from '../toolchain/system-mounts.ts';
import type { Features } from './features.ts';
import { DESCRIPTOR } from './launch-script.ts';

/**
 * Who a program is inside, whoever Skein is: the last of the ids that systemd's list of users keeps
 * free for everybody, so that it is nobody's on the host.
 */
export const JAIL_UID = 60_577;

/** The name of the machine inside. */
export const JAIL_HOST = 'jail';

/** Small files that stand for those of the host. */
export const JAIL_FILES = {
  passwd: [
    'root:x:0:0:root:/nonexistent:/usr/sbin/nologin',
    `jail:x:${JAIL_UID}:${JAIL_UID}:jail:/tmp:/bin/sh`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    '',
  ].join('\n'),
  group: ['root:x:0:', `jail:x:${JAIL_UID}:`, 'nogroup:x:65534:', ''].join('\n'),
  hosts: `127.0.0.1 localhost ${JAIL_HOST}\n::1 localhost\n`,
} as const;

/** What of a jail is the same for all requests. */
export interface JailFrame {
  readonly features: Features;
  readonly system: { readonly mounts: readonly Mount[]; readonly links: readonly Link[] };
  readonly hasSeccomp: boolean;
}

const NAMESPACES = (
  '--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try ' +
  `--new-session --die-with-parent --cap-drop ALL --uid ${JAIL_UID} --gid ${JAIL_UID} ` +
  `--hostname ${JAIL_HOST}`
).split(' ');

/** All options, in order: later mounts lie on earlier ones, and the root is sealed last. */
export function jailOptions(frame: JailFrame, request: JailRequest): string[] {
  const { report, seccomp } = DESCRIPTOR;
  const { proxySocket, cwd } = request;
  return [
    NAMESPACES,
    frame.features.disableUserns ? ['--disable-userns'] : [],
    systemOptions(frame),
    // Read only: the kernel lets user 0 of the host write below /proc/sys without any capability, and
    // a jail that root starts is user 0 out there. bubblewrap leaves that folder as it is.
    ['--proc', '/proc', '--remount-ro', '/proc', '--dev', '/dev'],
    sizedFolder('/dev/shm', request.limits.sharedBytes),
    sizedFolder('/tmp', request.limits.temporaryBytes),
    parentsFirst(request.mounts).flatMap(bind),
    proxySocket === undefined ? [] : ['--ro-bind', proxySocket, PROXY_SOCKET],
    ['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', cwd, '--info-fd', String(report)],
    frame.hasSeccomp ? ['--seccomp', String(seccomp)] : [],
  ].flat();
}

const systemOptions = (frame: JailFrame): string[] =>
  [
    ['/etc', '/run'].flatMap((folder) => ['--perms', '0755', '--dir', folder]),
    frame.system.mounts.flatMap(bind),
    frame.system.links.flatMap((link) => ['--symlink', link.target, link.path]),
    ownFile(DESCRIPTOR.passwd, '/etc/passwd'),
    ownFile(DESCRIPTOR.group, '/etc/group'),
    ownFile(DESCRIPTOR.hosts, '/etc/hosts'),
  ].flat();

const ownFile = (descriptor: number, path: string): string[] => [
  '--perms',
  '0644',
  '--ro-bind-data',
  String(descriptor),
  path,
];

const sizedFolder = (path: string, sizeBytes: number): string[] => [
  '--size',
  String(sizeBytes),
  '--perms',
  '1777',
  '--tmpfs',
  path,
];

const bind = (mount: Mount): string[] => [
  mount.access === 'write' ? '--bind' : '--ro-bind',
  mount.source,
  mount.target,
];

/** Folders before what lies in them: so a file that is given to be read stays so in one to be written. */
const parentsFirst = (mounts: readonly Mount[]): readonly Mount[] =>
  mounts.toSorted((one, other) => depth(one.target) - depth(other.target));

const depth = (path: string): number => path.split('/').filter((part) => part !== '').length;
