/**
 * What a check sees: PATH and LANG of the caller and nothing else of theirs, so no token or key
 * reaches it by the environment; a home and a temp folder of its own; and settings that keep
 * package managers from asking, updating themselves or writing outside.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const FALLBACK_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Makes `home` and `tmp` below `folder` and returns the environment of the check `command`. */
export function checkEnvironment(
  base: NodeJS.ProcessEnv,
  folder: string,
  command: string,
): Readonly<Record<string, string>> {
  const home = join(folder, 'home');
  const temporary = join(folder, 'tmp');
  for (const each of [home, temporary]) mkdirSync(each, { recursive: true, mode: 0o700 });
  return {
    PATH: base['PATH'] ?? FALLBACK_PATH,
    LANG: base['LANG'] ?? 'C.UTF-8',
    HOME: home,
    TMPDIR: temporary,
    TMP: temporary,
    TEMP: temporary,
    CI: '1',
    TERM: 'dumb',
    NO_COLOR: '1',
    GIT_TERMINAL_PROMPT: '0',
    npm_config_cache: join(temporary, 'npm'),
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    ...PACKAGE_MANAGER_SETTINGS,
    // npm prints a warning for each of these, so they are set only where pnpm is called
    ...(/\bpnpm\b/u.test(command) ? OLD_PNPM_SETTINGS : {}),
  };
}

// node_modules is made of links, so a package manager that looks at it must not "repair" it; and
// none may download another version of itself because package.json names one
const PACKAGE_MANAGER_SETTINGS = {
  pnpm_config_verify_deps_before_run: 'false',
  pnpm_config_manage_package_manager_versions: 'false',
  pnpm_config_package_manager_strict: 'false',
  COREPACK_ENABLE_STRICT: '0',
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  YARN_ENABLE_TELEMETRY: '0',
  YARN_IGNORE_PATH: '1',
} as const;

// pnpm up to 10 reads them under npm's prefix
const OLD_PNPM_SETTINGS = {
  npm_config_verify_deps_before_run: 'false',
  npm_config_manage_package_manager_versions: 'false',
  npm_config_package_manager_strict: 'false',
} as const;
