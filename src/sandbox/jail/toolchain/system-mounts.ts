/**
 * What every jail sees of the system: its programs and libraries, and the few files of /etc without which
 * they don't work. Nothing of it tells who uses this machine, or for what.
 */
import fs from 'node:fs';
import type { Mount } from '#sandbox/jail/jail.ts';

/** A symbolic link to be made in the jail. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** The search path of a jail that is given no other. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Links into /usr on most systems, folders of their own on some. */
const ROOT_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

const ETC = [
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/alternatives',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/ca-certificates',
  '/etc/pki/ca-trust/extracted',
  '/etc/pki/tls/certs',
  '/etc/localtime',
  '/etc/timezone',
  '/etc/mime.types',
  '/etc/services',
  '/etc/protocols',
];

/** Mounts and links of the system, all to be read only; only those that exist here. */
export function systemMounts(): {
  readonly mounts: readonly Mount[];
  readonly links: readonly Link[];
} {
  const mounts: Mount[] = [];
  const links: Link[] = [];
  for (const path of ['/usr', ...ROOT_FOLDERS, ...ETC]) {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (ROOT_FOLDERS.includes(path) && stat.isSymbolicLink()) {
      links.push({ path, target: fs.readlinkSync(path) });
    } else {
      mounts.push({ source: fs.realpathSync(path), target: path, access: 'read' });
    }
  }
  return { mounts, links };
}

/** Whether a jail sees this path without any mount of its own. */
export const isOfSystem = (path: string): boolean =>
  ['/usr', ...ROOT_FOLDERS, ...ETC].some((seen) => path === seen || path.startsWith(`${seen}/`));
