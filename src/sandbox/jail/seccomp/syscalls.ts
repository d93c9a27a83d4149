/**
 * The numbers of the system calls that a jail judges, on x86-64 and on arm64; null where the machine has
 * no such call. Source: the kernel's tables `arch/x86/entry/syscalls/syscall_64.tbl` and
 * `scripts/syscall.tbl` (arm64 uses the generic numbers) of Linux 6.18. From 424 on both are the same.
 */

/** A machine whose calls are known. */
export type Machine = 'x64' | 'arm64';

type Numbers = Readonly<Record<Machine, number | null>>;

type Both = Readonly<Record<Machine, number>>;

const both = (x64: number, arm64: number): Both => ({ x64, arm64 });
const same = (number: number): Both => both(number, number);
const onlyX64 = (x64: number): Numbers => ({ x64, arm64: null });

/** What an audit calls each machine (`AUDIT_ARCH_*` of `linux/audit.h`). */
export const AUDIT_ARCHITECTURE: Readonly<Record<Machine, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
};

/** The calls of x32, a second set on x86-64, carry this bit. */
export const X32_BIT = 0x40000000;

/** The highest number in the tables: what is above came later and was judged by nobody. */
export const LAST_KNOWN = 469;

/** Calls that no jailed program needs and that reach beyond it, by what they are for. */
export const REFUSED = {
  // other processes
  ptrace: both(101, 117),
  process_vm_readv: both(310, 270),
  process_vm_writev: both(311, 271),
  process_madvise: same(440),
  process_mrelease: same(448),
  kcmp: both(312, 272),
  pidfd_getfd: same(438),
  // mounts, and the root of the file system
  mount: both(165, 40),
  umount2: both(166, 39),
  pivot_root: both(155, 41),
  chroot: both(161, 51),
  open_tree: same(428),
  move_mount: same(429),
  fsopen: same(430),
  fsconfig: same(431),
  fsmount: same(432),
  fspick: same(433),
  mount_setattr: same(442),
  statmount: same(457),
  listmount: same(458),
  open_tree_attr: same(467),
  setns: both(308, 268),
  name_to_handle_at: both(303, 264),
  open_by_handle_at: both(304, 265),
  fanotify_init: both(300, 262),
  // wide doors of the kernel
  bpf: both(321, 280),
  perf_event_open: both(298, 241),
  io_uring_setup: same(425),
  io_uring_enter: same(426),
  io_uring_register: same(427),
  keyctl: both(250, 219),
  add_key: both(248, 217),
  request_key: both(249, 218),
  userfaultfd: both(323, 282),
  lookup_dcookie: both(212, 18),
  // the machine as a whole
  kexec_load: both(246, 104),
  kexec_file_load: both(320, 294),
  init_module: both(175, 105),
  finit_module: both(313, 273),
  delete_module: both(176, 106),
  reboot: both(169, 142),
  swapon: both(167, 224),
  swapoff: both(168, 225),
  acct: both(163, 89),
  quotactl: both(179, 60),
  quotactl_fd: same(443),
  settimeofday: both(164, 170),
  clock_settime: both(227, 112),
  clock_adjtime: both(305, 266),
  adjtimex: both(159, 171),
  sethostname: both(170, 161),
  setdomainname: both(171, 162),
  syslog: both(103, 116),
  vhangup: both(153, 58),
  uselib: onlyX64(134),
  iopl: onlyX64(172),
  ioperm: onlyX64(173),
  modify_ldt: onlyX64(154),
} as const satisfies Record<string, Numbers>;

/** Calls that change the mode, the owner or the times of a file; Landlock judges none of them. */
export const MODES = {
  chmod: onlyX64(90),
  fchmod: both(91, 52),
  fchmodat: both(268, 53),
  fchmodat2: same(452),
  chown: onlyX64(92),
  lchown: onlyX64(94),
  fchown: both(93, 55),
  fchownat: both(260, 54),
  utime: onlyX64(132),
  utimes: onlyX64(235),
  futimesat: onlyX64(261),
} as const satisfies Record<string, Numbers>;

/** Calls that change further attributes of a file; Landlock judges none of them either. */
export const ATTRIBUTES = {
  setxattr: both(188, 5),
  lsetxattr: both(189, 6),
  fsetxattr: both(190, 7),
  setxattrat: same(463),
  removexattr: both(197, 14),
  lremovexattr: both(198, 15),
  fremovexattr: both(199, 16),
  removexattrat: same(466),
  file_setattr: same(469),
} as const satisfies Record<string, Numbers>;

/** Calls that use the network or the sockets of others, for a jail that has none. */
export const SOCKETS = {
  socket: both(41, 198),
  connect: both(42, 203),
  bind: both(49, 200),
  listen: both(50, 201),
  accept: both(43, 202),
  accept4: both(288, 242),
} as const satisfies Record<string, Numbers>;

/** Calls that are judged by what they are called with. */
export const JUDGED = {
  clone: both(56, 220),
  clone3: same(435),
  unshare: both(272, 97),
  ioctl: both(16, 29),
  socket: both(41, 198),
  socketpair: both(53, 199),
  utimensat: both(280, 88),
} as const satisfies Record<string, Both>;
