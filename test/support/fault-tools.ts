/**
 * What faults of the machine are made with: file systems of our own, and programs that a test can't
 * bring along. Where one is missing, the test is skipped with the line that installs it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const run = (program: string, ...words: readonly string[]): void =>
  void execFileSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });

const succeeds = (program: string, ...words: readonly string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore' }).status === 0;

const mounted: string[] = [];
const folders: string[] = [];
after(() => {
  // Lazily: a process that a failed test left inside must not keep the mount.
  for (const place of mounted.toReversed()) succeeds('umount', '--lazy', place);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for mounts and images, removed after the tests. */
export function mountFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-fault-'));
  folders.push(folder);
  return folder;
}

/** Why `program` can't be used: it is not there. False when it is, as node:test wants it. */
export function without(program: string, install: string): string | false {
  if (succeeds('sh', '-c', `command -v ${program}`)) return false;
  return `${program} is not installed. Debian: apt-get install ${install}`;
}

/** Why nothing can be mounted here; false when it can. */
export function withoutMounts(): string | false {
  if (process.platform !== 'linux') return 'mounting is tried on Linux only';
  if (process.getuid?.() !== 0) return 'only root may mount: run the tests as root, or in CI';
  const place = join(mountFolder(), 'try');
  mkdirSync(place);
  if (!succeeds('mount', '-t', 'tmpfs', 'tmpfs', place)) return 'this container may not mount';
  succeeds('umount', place);
  return false;
}

/** Why no image of a disk can be mounted; false when it can. */
export function withoutImages(): string | false {
  const reason = withoutMounts() || without('mkfs.ext4', 'e2fsprogs');
  if (reason !== false) return reason;
  return existsSync('/dev/loop-control') ? false : 'there are no loop devices here';
}

/** A file system in memory of `megabytes`, mounted at a new folder. */
export function mountMemory(megabytes: number): string {
  const place = join(mountFolder(), 'memory');
  mkdirSync(place, { mode: 0o700 });
  run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', place);
  mounted.push(place);
  return place;
}

/** Lets nobody write to what is mounted at `place`, or everybody again; false while a file is open. */
export const remount = (place: string, mode: 'ro' | 'rw'): boolean =>
  succeeds('mount', '-o', `remount,${mode}`, place);

/** A disk in a file in memory, whose power can be cut. */
export interface TestDisk {
  readonly place: string;
  /** What lies on the disk at this instant, mounted elsewhere: what was not synced is not there. */
  readonly cutPower: () => string;
  /**
   * Whether the last cut left one block to two files: a file system without a journal gives a block of a
   * removed file to another one before it has noted the removal, and its repair then spoils both.
   */
  readonly isMixedUp: () => boolean;
}

/** A new disk with an empty file system; it writes nothing by itself for five minutes. */
export function mountDisk(kind: 'ext4' | 'ext2', megabytes = 96): TestDisk {
  const memory = mountMemory(megabytes * 3);
  const image = join(memory, 'disk');
  writeFileSync(image, '');
  truncateSync(image, megabytes * 2 ** 20);
  run('mkfs.ext4', '-q', '-F', ...(kind === 'ext2' ? ['-t', 'ext2'] : []), image);
  const place = mountImage(image, kind);
  let isMixedUp = false;
  return {
    place,
    isMixedUp: () => isMixedUp,
    cutPower: () => {
      const copy = join(memory, 'copy');
      copyFileSync(image, copy);
      // As a machine does when it starts again; its status says what it mended.
      const { stdout } = spawnSync('e2fsck', ['-f', '-y', copy], { encoding: 'utf8' });
      isMixedUp = stdout.includes('ultiply-claimed block');
      return mountImage(copy, kind);
    },
  };
}

function mountImage(image: string, kind: string): string {
  const place = join(mountFolder(), 'disk');
  mkdirSync(place, { mode: 0o700 });
  const options = kind === 'ext4' ? 'loop,commit=300' : 'loop';
  run('mount', '-t', kind, '-o', options, image, place);
  mounted.push(place);
  return place;
}

/** Fills the file system at `place` to its last byte; answers the file to remove. */
export function fillUp(place: string): string {
  const ballast = join(place, 'ballast');
  // It ends with "no space left", which is what we want.
  succeeds('dd', 'if=/dev/zero', `of=${ballast}`, 'bs=4k');
  return ballast;
}
