/** In which control groups this process is, as folders; from `cgroups(7)` and `proc(5)`. */
import path from 'node:path';

/** Folder by controller for version 1, one folder for version 2; only what is mounted here. */
export interface OwnFolders {
  readonly v1: ReadonlyMap<string, string>;
  readonly v2: { readonly folder: string; readonly root: string } | null;
}

interface MountPoint {
  /** The group that is seen at `folder`. */
  readonly root: string;
  readonly folder: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Reads the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`. */
export function ownFolders(groups: string, mountInfo: string): OwnFolders {
  const mounts = mountInfo.split('\n').flatMap(readMount);
  const v1 = new Map<string, string>();
  let v2: OwnFolders['v2'] = null;
  for (const line of groups.split('\n')) {
    const [, names, group] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || group === undefined) continue;
    for (const mount of mounts) {
      const folder = folderOf(mount, group);
      if (folder === null) continue;
      if (names === '' && mount.type === 'cgroup2') v2 = { folder, root: mount.folder };
      if (names === '' || mount.type !== 'cgroup') continue;
      const controllers = names.split(',').filter((name) => mount.options.includes(name));
      for (const controller of controllers) v1.set(controller, folder);
    }
  }
  return { v1, v2 };
}

function readMount(line: string): MountPoint[] {
  const [before, after] = line.split(' - ');
  const [, , , root, folder] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (root === undefined || folder === undefined || type === undefined) return [];
  return [{ root: plain(root), folder: plain(folder), type, options: options?.split(',') ?? [] }];
}

/** Blanks and such are written as octal numbers. */
const plain = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );

function folderOf(mount: MountPoint, group: string): string | null {
  const below = path.posix.relative(mount.root, group);
  return below.startsWith('..') ? null : path.posix.join(mount.folder, below);
}
