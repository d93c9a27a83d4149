/** What the bubblewrap of this machine can do, as its own help says. */

/** Its version, and the options that not all versions have. */
export interface Features {
  readonly version: string;
  /** Since 0.8. Without it only the system call filter keeps a program from namespaces of its own. */
  readonly disableUserns: boolean;
}

const NEEDED = (
  '--args --size --perms --remount-ro --ro-bind-data --die-with-parent --new-session --cap-drop ' +
  '--hostname --info-fd --seccomp --unshare-user --unshare-pid --unshare-net --unshare-ipc ' +
  '--unshare-uts --unshare-cgroup-try'
).split(' ');

/** Reads `bwrap --version` and `bwrap --help`; the names of missing options when it is too old. */
export function readFeatures(
  version: string,
  help: string,
): Features | { readonly missing: readonly string[] } {
  const options = new Set(help.match(/--[a-z0-9-]+/g));
  const missing = NEEDED.filter((option) => !options.has(option));
  if (missing.length > 0) return { missing };
  return {
    version: /\d+(\.\d+)+/.exec(version)?.[0] ?? 'unknown',
    disableUserns: options.has('--disable-userns'),
  };
}
