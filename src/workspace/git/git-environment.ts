/**
 * What every git that Skein starts may see. Variables named GIT_* could redirect it to another
 * repository, index or identity, so none is inherited; nothing may ask, page, fetch or run a hook.
 */
import { delimiter, isAbsolute } from 'node:path';

const INHERITED = ['HOME', 'XDG_CONFIG_HOME', 'USER', 'LOGNAME', 'TMPDIR'] as const;

/** Settings given to every call with `-c`: no hooks, daemons, signing, downloads or clean-ups. */
export const GIT_SETTINGS: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  // a split index would leave shared index files in the user's repository
  'core.splitIndex=false',
  'core.pager=cat',
  'core.editor=true',
  'color.ui=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'log.showSignature=false',
  'submodule.recurse=false',
  'protocol.allow=never',
  'credential.helper=',
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
];

/** Settings for a Skein worktree: whole tree, and LFS files stay the pointers that git stores. */
export const WORKTREE_SETTINGS: readonly string[] = [
  'core.sparseCheckout=false',
  'filter.lfs.smudge=',
  'filter.lfs.clean=',
  'filter.lfs.process=',
  'filter.lfs.required=false',
];

/** `PATH` without relative entries: with `.` in it, a file named git in the repository would run. */
export const absolutePath = (path: string | undefined): string =>
  (path ?? '')
    .split(delimiter)
    .filter((entry) => isAbsolute(entry))
    .join(delimiter);

/** The environment of a git process, made from `base` (normally process.env) and `extra`. */
export function gitEnvironment(
  base: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = base[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    ...environment,
    PATH: absolutePath(base['PATH']),
    // messages are matched, so they must not be translated
    LC_ALL: 'C',
    LANGUAGE: '',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    ...extra,
  };
}
