/** A file system that can be written in few places only, by mounts in a namespace of the jail. */
import { constants, openSync } from 'node:fs';
import { call, must, words } from './calls.ts';
import type { KeeperOrder } from './keeper-order.ts';
import { KERNEL } from './kernel.ts';

function setReadOnly(path: string, readOnly: boolean, flags: number): void {
  const attributes = words(
    readOnly ? KERNEL.READ_ONLY : 0n,
    readOnly ? 0n : KERNEL.READ_ONLY,
    0n,
    0n,
  );
  must(
    `remount ${path}`,
    call('syscall', KERNEL.MOUNT_SETATTR, KERNEL.HERE, path, flags, attributes, 32),
  );
}

/** Makes the mounts of an order. */
export function makeMounts(order: KeeperOrder): void {
  const { ownMounts, temporary } = order;
  if (ownMounts !== null) {
    must(
      'private mounts',
      call('mount', null, '/', null, KERNEL.RECURSIVE_MOUNT | KERNEL.PRIVATE, null),
    );
    for (const path of [...ownMounts.write, ...ownMounts.read]) {
      must(
        `bind ${path}`,
        call('mount', path, path, null, KERNEL.BIND | KERNEL.RECURSIVE_MOUNT, null),
      );
    }
    setReadOnly('/', true, KERNEL.RECURSIVE);
    for (const path of ownMounts.write) setReadOnly(path, false, 0);
  }
  if (temporary !== null) {
    const options = `size=${temporary.sizeBytes},mode=700`;
    const made = call(
      'mount',
      'tmpfs',
      temporary.path,
      'tmpfs',
      KERNEL.NO_SUID_NO_DEVICES,
      options,
    );
    must('temporary files', made);
  }
}

/**
 * A mount can't become read-only while somebody writes there, so the file is opened by a mount beside the
 * tree (`OPEN_TREE_CLONE`).
 */
export function openGroup(order: KeeperOrder, file: string): number {
  if (order.ownMounts === null) return openSync(file, 'w');
  const at = file.lastIndexOf('/');
  const flags = 1 | KERNEL.CLOSE_ON_EXEC;
  const tree = must(
    'open_tree',
    call('syscall', KERNEL.OPEN_TREE, KERNEL.HERE, file.slice(0, at), flags),
  );
  const write = constants.O_WRONLY | KERNEL.CLOSE_ON_EXEC;
  return must('control group', call('openat', tree, file.slice(at + 1), write));
}
