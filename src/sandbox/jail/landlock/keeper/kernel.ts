/** Numbers of the Linux kernel that the keeper of a jail uses; each block names the header it is from. */
export const KERNEL = {
  // signal.h, errno.h
  KILL: 9,
  EPERM: 1,
  ENOENT: 2,
  EACCES: 13,

  // linux/prctl.h
  SET_DEATH_SIGNAL: 1,
  DROP_CAPABILITY: 24,
  SET_SECCOMP: 22,
  SECCOMP_FILTER: 2,
  SET_SUBREAPER: 36,
  NO_NEW_PRIVILEGES: 38,
  AMBIENT: 47,
  CLEAR_AMBIENT: 4,

  // asm/unistd.h, the same on all machines
  OPEN_TREE: 428,
  MOUNT_SETATTR: 442,
  CREATE_RULES: 444,
  ADD_RULE: 445,
  RESTRICT_SELF: 446,

  PATH_BENEATH: 1,
  OPEN_PATH: 0x200000,
  CLOSE_ON_EXEC: 0x80000,
  CLOSE_RANGE_ON_EXEC: 4,
  SET_DESCRIPTOR_FLAGS: 2,
  HERE: -100,
  RECURSIVE: 0x8000,
  BIND: 4096,
  RECURSIVE_MOUNT: 16384,
  PRIVATE: 0x40000,
  NO_SUID_NO_DEVICES: 2 | 4,
  READ_ONLY: 1n,
  LIMIT_PROCESSES: 6,
  CHILDREN: -1,
  LAST_SIGNAL: 64,
  SIGNAL_SCOPE: 2,
  CAPABILITY_VERSION: 0x20080522,
} as const;
