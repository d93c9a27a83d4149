/**
 * Decides which checks prove a mission: those of the command line, else those of skein.yaml, else
 * the scripts of package.json that are usual for it.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Check } from './check.ts';
import { findPackageManager, isOnPath, scriptCommand } from './package-manager.ts';

const SCRIPTS = ['typecheck', 'check', 'lint', 'test'] as const;
const MAX_CHECKS = 50;

/** What to look at. */
export interface CheckSources {
  /** The worktree: its package.json and lockfile are those of the base commit. */
  readonly root: string;
  /** The values of `--check`, in order: a configured name, a script, or a command line. */
  readonly flags: readonly string[];
  /** The `checks` of skein.yaml, null when it has none. */
  readonly configured: readonly { readonly name: string; readonly run: string }[] | null;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
}

/**
 * The checks of the project at `root`, possibly none. Throws `check-unknown` for a `--check` that
 * is neither a name, a script nor a program, `config-invalid` when package.json can't be read.
 */
export function discoverChecks(sources: CheckSources): readonly Check[] {
  const scripts = readScripts(sources);
  const configured = (sources.configured ?? []).map(({ name, run }): Check => ({
    name,
    command: run,
    source: 'skein.yaml',
  }));
  const chosen = chooseChecks(sources, scripts, configured);
  if (chosen.length <= MAX_CHECKS) return chosen;
  throw new SkeinError('usage', `Cannot use ${chosen.length} checks: ${MAX_CHECKS} are the limit`);
}

function chooseChecks(
  sources: CheckSources,
  scripts: ReadonlyMap<string, Check>,
  configured: readonly Check[],
): readonly Check[] {
  if (sources.flags.length > 0) {
    const known = [...configured, ...scripts.values()];
    return [...new Set(sources.flags)].map((flag) => flagCheck(flag, known, sources.path));
  }
  if (sources.configured !== null) return configured;
  return SCRIPTS.flatMap((name) => scripts.get(name) ?? []);
}

function flagCheck(flag: string, known: readonly Check[], path: string): Check {
  const text = flag.trim();
  const named = known.find(({ name }) => name === text);
  if (named !== undefined) return named;
  const isWord = /^[\w.:@/-]+$/u.test(text);
  if (text !== '' && (!isWord || text.includes('/') || isOnPath(text, path))) {
    return { name: text, command: text, source: 'flag' };
  }
  const names = known.map(({ name }) => name).join(', ');
  throw new SkeinError('check-unknown', `Cannot find the check ${JSON.stringify(text)}`, {
    fix: `Give a command line, or one of: ${names === '' ? 'none are configured' : names}.`,
  });
}

function readScripts({ root, path }: CheckSources): ReadonlyMap<string, Check> {
  const content = readPackageJson(join(root, 'package.json'));
  const scripts = content['scripts'];
  const found = new Map<string, Check>();
  if (typeof scripts !== 'object' || scripts === null) return found;
  const manager = findPackageManager(root, content['packageManager']);
  for (const [name, script] of Object.entries(scripts)) {
    if (typeof script !== 'string' || script.trim() === '' || isPlaceholder(script)) continue;
    if (!/^[\w.:@/-]+$/u.test(name)) continue;
    const command = scriptCommand(manager, name, path);
    found.set(name, { name, command, source: 'package.json' });
  }
  return found;
}

/** What `npm init` writes: it always fails and proves nothing. */
const isPlaceholder = (script: string): boolean =>
  /^\s*echo\s+\\?["']?Error: no test specified\\?["']?\s*&&\s*exit 1\s*$/u.test(script);

function readPackageJson(file: string): Readonly<Record<string, unknown>> {
  // A set-up may have left a pipe there, which would hold this thread for ever.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return {};
  try {
    const text = readFileSync(file, 'utf8').replace(/^\ufeff/u, '');
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (cause) {
    throw new SkeinError('config-invalid', 'Cannot read package.json: it is not valid JSON', {
      cause,
    });
  }
}
