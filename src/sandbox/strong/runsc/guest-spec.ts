/**
 * What a guest of gVisor is made of, as the Open Container Initiative's runtime specification wants it:
 * its program, its mounts, its limits, and the system calls that its own kernel refuses it.
 */
import { SkeinError } from '#protocol/errors.ts';
import { PROXY_SOCKET } from '#sandbox/jail/jail.ts';
import type { JailRequest, Mount } from '#sandbox/jail/jail.ts';

/** The name of the machine inside. */
export const GUEST_HOST = 'guest';

/** The user and group inside: who Skein is, so that files in a mount stay its own. */
export interface GuestUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The guest's kernel has namespaces and mounts of its own; a program that makes some is no nearer to the
 * host, but reaches code of gVisor that nobody needs here.
 */
const REFUSED_CALLS = (
  'unshare setns mount umount2 pivot_root chroot ptrace process_vm_readv process_vm_writev ' +
  'perf_event_open bpf keyctl add_key request_key init_module finit_module delete_module ' +
  'kexec_load reboot swapon swapoff settimeofday clock_settime sethostname setdomainname'
).split(' ');

/** Flags of `clone` that make a namespace, from `sched.h`. What clone3 is told no filter can see. */
const NAMESPACE_FLAGS = [
  0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
];

const SECCOMP = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: [process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'],
  syscalls: [
    { names: REFUSED_CALLS, action: 'SCMP_ACT_ERRNO' },
    ...NAMESPACE_FLAGS.map((flag) => ({
      names: ['clone'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }],
    })),
  ],
};

/**
 * gVisor lays a folder in its own memory at /dev, which belongs to user 0 inside and can't be mounted to
 * be read only: then nothing could be written to /dev/null. Without capabilities its mode holds user 0 as
 * well, unless a program changes it; what is written there is the guest's memory and nothing else.
 */
const BEGIN = 'chmod 0555 /dev && exec /usr/bin/env -i "$@"';

/** The `config.json` of a guest. `system` is what every guest sees. Throws `usage` for a bad request. */
export function guestSpec(
  request: JailRequest,
  system: readonly Mount[],
  user: GuestUser,
): Readonly<Record<string, unknown>> {
  return {
    ociVersion: '1.0.2',
    process: {
      user,
      // The search for a program that is not there ends with 127 and a line on stderr, as in a shell.
      args: ['/bin/sh', '-c', BEGIN, 'sh', ...variables(request), ...checkArguments(request.argv)],
      env: [],
      cwd: request.cwd,
      capabilities: {},
      noNewPrivileges: true,
      rlimits: rlimits(request),
    },
    root: { path: 'root', readonly: true },
    hostname: GUEST_HOST,
    mounts: guestMounts(request, system),
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      seccomp: SECCOMP,
    },
  };
}

/** All mounts from the host, folders before what lies in them. */
export function hostMounts(request: JailRequest, system: readonly Mount[]): readonly Mount[] {
  const proxy: readonly Mount[] =
    request.proxySocket === undefined
      ? []
      : [{ source: request.proxySocket, target: PROXY_SOCKET, access: 'read' }];
  const mounts = [...system, ...request.mounts, ...proxy];
  return mounts.toSorted((one, other) => depth(one.target) - depth(other.target));
}

const depth = (path: string): number => path.split('/').filter((part) => part !== '').length;

function guestMounts(request: JailRequest, system: readonly Mount[]): readonly unknown[] {
  const sized = (destination: string, sizeBytes: number): unknown => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', 'mode=1777', `size=${sizeBytes}`],
  });
  return [
    { destination: '/proc', type: 'proc', source: 'proc' },
    sized('/dev/shm', request.limits.sharedBytes),
    sized('/tmp', request.limits.temporaryBytes),
    ...hostMounts(request, system).map(({ source, target, access }) => ({
      destination: target,
      type: 'bind',
      source,
      options: ['rbind', access === 'write' ? 'rw' : 'ro', 'nosuid', 'nodev'],
    })),
  ];
}

function rlimits({ limits, memory }: JailRequest): readonly unknown[] {
  // Soft and hard are one, so that a program can't raise its own.
  const both = (type: string, most: number): unknown => ({ type, hard: most, soft: most });
  return [
    both('RLIMIT_CORE', 0),
    both('RLIMIT_FSIZE', limits.fileBytes),
    both('RLIMIT_NOFILE', limits.openFiles),
    ...(memory === 'address' ? [both('RLIMIT_AS', limits.memoryBytes)] : []),
  ];
}

const variables = ({ environment }: JailRequest): readonly string[] =>
  Object.entries(environment).map(([name, value]) => {
    if (name !== '' && !/[=\0]/.test(name) && !name.startsWith('-') && !value.includes('\0')) {
      return `${name}=${value}`;
    }
    throw new SkeinError('usage', `Cannot set the variable ${JSON.stringify(name)}: no such name`, {
      fix: 'Give names without "=" and NUL that begin with no dash, and values without NUL',
    });
  });

function checkArguments(argv: readonly string[]): readonly string[] {
  const name = argv[0] ?? '';
  const isName = name !== '' && !name.includes('=') && !name.startsWith('-');
  if (isName && argv.every((each) => !each.includes('\0'))) return argv;
  throw new SkeinError('usage', `Cannot run ${JSON.stringify(name)}: it can be no program's name`, {
    fix: 'Name a program without "=" or a leading dash, and give arguments without NUL',
  });
}
