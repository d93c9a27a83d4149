/**
 * What Landlock can forbid, by the version of its interface, and what a jailed program gets of it.
 * Source: `include/uapi/linux/landlock.h` and `Documentation/userspace-api/landlock.rst` of the kernel.
 */

const right = (bit: number): number => 2 ** bit;

const EXECUTE = right(0);
const WRITE_FILE = right(1);
const READ_FILE = right(2);
const READ_FOLDER = right(3);
const TRUNCATE = right(14);
const DEVICE_CONTROL = right(15);
const RESOLVE_UNIX = right(16);

const MAKE_CHARACTER_DEVICE = right(6);
const MAKE_BLOCK_DEVICE = right(11);

/** Rights on files that each version of the interface brought, as the lowest bit that is unknown to it. */
const FILE_BITS = [
  { version: 1, bits: 13 },
  // REFER, TRUNCATE, IOCTL_DEV, RESOLVE_UNIX
  { version: 2, bits: 14 },
  { version: 3, bits: 15 },
  { version: 5, bits: 16 },
  { version: 9, bits: 17 },
] as const;

/** BIND_TCP and CONNECT_TCP. */
const NETWORK = { version: 4, rights: 3 } as const;
/** Abstract Unix sockets and signals. */
const SCOPES = { version: 6, rights: 3 } as const;

/** The scope of signals: only to processes within. */
export const SIGNAL_SCOPE = 2;

/** The attributes of a set of rules, as numbers of bits. */
export interface Handled {
  readonly files: number;
  readonly network: number;
  readonly scopes: number;
}

/** All that an interface of this version can forbid. */
export function handledBy(version: number): Handled {
  const bits = FILE_BITS.findLast((step) => step.version <= version)?.bits ?? 0;
  return {
    files: 2 ** bits - 1,
    network: version >= NETWORK.version ? NETWORK.rights : 0,
    scopes: version >= SCOPES.version ? SCOPES.rights : 0,
  };
}

/** What is allowed below a path: programs are read and started, folders written, devices used. */
export type Grant = 'read' | 'write' | 'device';

const FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL;

/** The bits of a grant, for a folder or a file; what the interface does not know is left out. */
export function rightsOf(grant: Grant, isFolder: boolean, version: number): number {
  const { files } = handledBy(version);
  const all = files & ~(MAKE_CHARACTER_DEVICE | MAKE_BLOCK_DEVICE | DEVICE_CONTROL | RESOLVE_UNIX);
  const granted = {
    read: EXECUTE | READ_FILE | READ_FOLDER,
    write: all,
    device: READ_FILE | WRITE_FILE | DEVICE_CONTROL,
  }[grant];
  return granted & files & (isFolder ? ~0 : FILE_ONLY);
}
