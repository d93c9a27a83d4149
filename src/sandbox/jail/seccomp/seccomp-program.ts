/**
 * The filter of system calls of a jail: what reaches beyond it is refused with EPERM, as the kernel
 * refuses it to a program without rights, so that well-behaved programs go on. It forbids by name: the
 * rest of a jail holds the files and the network. A call that is newer than the table does not exist.
 */
import {
  and,
  answer,
  ANSWER,
  assemble,
  load,
  OFFSET,
  pretend,
  refuse,
  unless,
  when,
} from './classic-bpf.ts';
import type { Instruction } from './classic-bpf.ts';
import {
  ATTRIBUTES,
  AUDIT_ARCHITECTURE,
  JUDGED,
  LAST_KNOWN,
  MODES,
  REFUSED,
  SOCKETS,
  X32_BIT,
} from './syscalls.ts';
import type { Machine } from './syscalls.ts';

/** What the filter is for. */
export interface SeccompOptions {
  /** `process.arch`. */
  readonly arch: string;
  /** `none`: only pairs of connected sockets; `own-namespace`: what a namespace of its own holds. */
  readonly sockets: 'none' | 'own-namespace';
  /**
   * `frozen`: modes, owners and times stay as they are, and the calls say that they were changed, as on a
   * disk without them (the option `quiet` of FAT): git and Python stop where it is refused. Attributes
   * are not supported. For where nothing else keeps the files of others. Default `free`.
   */
  readonly metadata?: 'free' | 'frozen';
}

// linux/sched.h; the bit of time namespaces can only be given to unshare.
const NEW_NAMESPACE = 0x7e020000;
const NEW_TIME_NAMESPACE = 0x80;

// linux/socket.h, linux/net.h, linux/netlink.h
const UNIX = 1;
const INTERNET = [2, 10];
const NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOCKET_TYPE = 0xf;
const STREAM = 1;
const SEQUENCE = 5;

// asm-generic/ioctls.h, linux/fs.h: input pushed into a terminal; the attributes of a file
const TERMINAL_INPUT = [0x5412, 0x541c];
const FILE_ATTRIBUTES = [0x40086602, 0x401c5820];

/** The filter as `bwrap --seccomp` and `PR_SET_SECCOMP` take it; null on machines without a table. */
export function seccompProgram(options: SeccompOptions): Buffer | null {
  const { arch } = options;
  if (arch !== 'x64' && arch !== 'arm64') return null;
  return assemble([
    ...checkMachine(arch),
    load(OFFSET.number),
    ...(arch === 'x64' ? when('atLeast', X32_BIT, [answer(ANSWER.kill)]) : []),
    ...when('greater', LAST_KNOWN, [refuse('ENOSYS')]),
    ...refusedCalls(arch, options).flatMap((call) => when('equal', call, [refuse('EPERM')])),
    ...(options.metadata === 'frozen' ? freeze(arch) : []),
    ...judgedCalls(arch, options),
    answer(ANSWER.allow),
  ]);
}

const checkMachine = (arch: Machine): Instruction[] => [
  load(OFFSET.architecture),
  ...unless('equal', AUDIT_ARCHITECTURE[arch], [answer(ANSWER.kill)]),
];

function refusedCalls(arch: Machine, { sockets }: SeccompOptions): number[] {
  return [...numbersOf(REFUSED, arch), ...(sockets === 'none' ? numbersOf(SOCKETS, arch) : [])];
}

const freeze = (arch: Machine): Instruction[] => [
  ...numbersOf(MODES, arch).flatMap((call) => when('equal', call, [pretend()])),
  ...numbersOf(ATTRIBUTES, arch).flatMap((call) => when('equal', call, [refuse('EOPNOTSUPP')])),
];

const numbersOf = (
  group: Readonly<Record<string, Readonly<Record<Machine, number | null>>>>,
  arch: Machine,
): number[] =>
  Object.values(group)
    .map((numbers) => numbers[arch])
    .filter((number) => number !== null);

function judgedCalls(arch: Machine, { sockets, metadata }: SeccompOptions): Instruction[] {
  const call = (name: keyof typeof JUDGED, block: readonly Instruction[]): Instruction[] =>
    when('equal', JUDGED[name][arch], block);
  const isFrozen = metadata === 'frozen';
  return [
    ...call('clone', refuseBits(NEW_NAMESPACE)),
    ...call('unshare', refuseBits(NEW_NAMESPACE | NEW_TIME_NAMESPACE)),
    // Its flags lie in memory, where a filter can't look; the C library falls back to clone.
    ...call('clone3', [refuse('ENOSYS')]),
    ...call('ioctl', refuseValues(1, [...TERMINAL_INPUT, ...(isFrozen ? FILE_ATTRIBUTES : [])])),
    ...call('socketpair', judgePair(sockets)),
    ...(sockets === 'own-namespace' ? call('socket', judgeSocket()) : []),
    // Without a path it is about an open file.
    ...(isFrozen ? call('utimensat', pretendUnlessNull(1)) : []),
  ];
}

const refuseBits = (bits: number): Instruction[] => [
  load(OFFSET.low(0)),
  ...when('anyBit', bits, [refuse('EPERM')]),
  answer(ANSWER.allow),
];

/** The kernel looks at the lower half only, so the filter does too. */
const refuseValues = (index: number, values: readonly number[]): Instruction[] => [
  load(OFFSET.low(index)),
  ...values.flatMap((value) => when('equal', value, [refuse('EPERM')])),
  answer(ANSWER.allow),
];

const pretendUnlessNull = (index: number): Instruction[] => [
  load(OFFSET.low(index)),
  ...unless('equal', 0, [pretend()]),
  load(OFFSET.high(index)),
  ...unless('equal', 0, [pretend()]),
  answer(ANSWER.allow),
];

/** A pair of datagram sockets may be turned to any address later; the other kinds stay as they are. */
const judgePair = (sockets: SeccompOptions['sockets']): Instruction[] => [
  load(OFFSET.low(0)),
  ...unless('equal', UNIX, [refuse('EPERM')]),
  ...(sockets === 'own-namespace' ? [answer(ANSWER.allow)] : judgePairType()),
];

const judgePairType = (): Instruction[] => [
  load(OFFSET.low(1)),
  and(SOCKET_TYPE),
  ...when('equal', STREAM, [answer(ANSWER.allow)]),
  ...when('equal', SEQUENCE, [answer(ANSWER.allow)]),
  refuse('EPERM'),
];

const judgeSocket = (): Instruction[] => [
  load(OFFSET.low(0)),
  ...[UNIX, ...INTERNET].flatMap((family) => when('equal', family, [answer(ANSWER.allow)])),
  ...unless('equal', NETLINK, [refuse('EPERM')]),
  load(OFFSET.low(2)),
  ...unless('equal', NETLINK_ROUTE, [refuse('EPERM')]),
  answer(ANSWER.allow),
];
