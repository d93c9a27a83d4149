/** What the gVisor of this machine can do, as its own help says. */

/** Its version, as it names itself. */
export interface Features {
  readonly version: string;
}

/** Options of `runsc` that a guest is started with. */
const NEEDED = ['root', 'log', 'network', 'ignore-cgroups', 'oci-seccomp', 'overlay2', 'host-uds'];

/** Reads `runsc --version` and `runsc flags`; the names of missing options when it is too old. */
export function readFeatures(
  version: string,
  flags: string,
): Features | { readonly missing: readonly string[] } {
  const options = new Set([...flags.matchAll(/^\s+-([a-zA-Z0-9_-]+)/gm)].map(([, name]) => name));
  const missing = NEEDED.filter((option) => !options.has(option));
  if (missing.length > 0) return { missing: missing.map((option) => `--${option}`) };
  return { version: /runsc version (?:release-)?(\S+)/.exec(version)?.[1] ?? 'unknown' };
}
