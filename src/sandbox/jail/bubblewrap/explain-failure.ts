/** What it means when bubblewrap can't build a jail, and what to do about it. */
import { SkeinError } from '#protocol/errors.ts';

const CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /setting up uid map|uid_map|loopback.*Operation not permitted|RTM_NEWADDR/i,
    'AppArmor keeps programs from user namespaces (Ubuntu 24.04 and later): install the profile ' +
      '`bwrap-userns-restrict` of the package apparmor-profiles, or set the sysctl ' +
      'kernel.apparmor_restrict_unprivileged_userns to 0',
  ],
  [
    /new namespace|unshare|clone|userns|user namespace/i,
    'Allow user namespaces: sysctl user.max_user_namespaces (and kernel.unprivileged_userns_clone, ' +
      'where there is one); a container needs a seccomp profile that lets unshare through',
  ],
  [
    /mount proc|\/newroot\/proc|make \/ slave|pivot_root/i,
    'A container hides parts of /proc or forbids mounts: start it with ' +
      '--security-opt systempaths=unconfined, or run Skein outside of one',
  ],
];

/** The last words of bubblewrap, in one line. */
export function lastWords(said: string): string {
  const lines = said.split('\n').filter((line) => /^(bwrap|sh|\/\S*sh|\/dev\/fd)\b.*:/.test(line));
  return lines.join('; ').slice(0, 500);
}

/** What to do about it, when it is known. */
export const fixFor = (words: string): string | undefined =>
  CAUSES.find(([pattern]) => pattern.test(words))?.[1];

/** A jail that ended before its program began, as `sandbox-failed`. */
export function explainFailure(
  said: string,
  exitCode: number | null,
  signal: NodeJS.Signals | null,
): SkeinError {
  const words = lastWords(said) || `bubblewrap ended with ${signal ?? exitCode}`;
  const fix = fixFor(words) ?? 'Check that the folders it is given exist and can be read';
  return new SkeinError('sandbox-failed', `Cannot start a jail: ${words}`, { fix });
}
