/**
 * `paths` and `baseUrl` of the nearest configuration, for files that no project includes: tests and
 * scripts often rely on the aliases of the project beside them, through a bundler or a loader.
 */
import path from 'node:path';
import { readConfig } from '#workspace/language/project-configs.ts';
import { findTracked } from './find-tracked.ts';

interface Aliases {
  /** The folder that targets are relative to. */
  readonly folder: string;
  readonly paths: Readonly<Record<string, readonly string[]>>;
  /** Where bare names are looked up, when `baseUrl` is set. */
  readonly base: string | undefined;
}

interface Config {
  readonly extends?: unknown;
  readonly compilerOptions?: { readonly paths?: unknown; readonly baseUrl?: unknown };
}

const EXTENDS_DEPTH = 10;

/** Resolves a module name by the aliases of the configuration nearest to a file. */
export function resolveAlias(
  root: string,
  file: string,
  name: string,
  tracked: ReadonlySet<string>,
): string | undefined {
  for (let folder = path.posix.dirname(file); ; folder = path.posix.dirname(folder)) {
    const config = ['tsconfig.json', 'jsconfig.json']
      .map((each) => path.posix.join(folder, each))
      .find((each) => tracked.has(each));
    const aliases = config === undefined ? undefined : aliasesOf(root, config, 0);
    const found = aliases && matchAlias(aliases, name, tracked);
    if (found !== undefined) return found;
    if (folder === '.' || folder === '/') return undefined;
  }
}

function aliasesOf(root: string, config: string, depth: number): Aliases | undefined {
  const content = readConfig(path.join(root, config)) as Config | undefined;
  if (!content || depth > EXTENDS_DEPTH) return undefined;
  const folder = path.posix.dirname(config);
  const { paths, baseUrl } = content.compilerOptions ?? {};
  const base = typeof baseUrl === 'string' ? path.posix.join(folder, baseUrl) : undefined;
  if (typeof paths === 'object' && paths !== null) {
    const table = paths as Record<string, readonly string[]>;
    return { folder: base ?? folder, paths: table, base };
  }
  const inherited = [content.extends]
    .flat()
    .filter((each): each is string => typeof each === 'string' && each.startsWith('.'))
    .map((each) => path.posix.join(folder, each.endsWith('.json') ? each : `${each}.json`))
    .map((each) => aliasesOf(root, each, depth + 1))
    .findLast((each) => each !== undefined);
  if (base === undefined) return inherited;
  return { folder: inherited?.folder ?? base, paths: inherited?.paths ?? {}, base };
}

function matchAlias(
  aliases: Aliases,
  name: string,
  tracked: ReadonlySet<string>,
): string | undefined {
  for (const [pattern, targets] of Object.entries(aliases.paths)) {
    if (!Array.isArray(targets)) continue;
    const [head = '', tail] = pattern.split('*');
    const isMatch =
      tail === undefined
        ? name === pattern
        : name.startsWith(head) && name.endsWith(tail) && name.length >= head.length + tail.length;
    if (!isMatch) continue;
    const middle = tail === undefined ? '' : name.slice(head.length, name.length - tail.length);
    for (const target of targets) {
      const place = path.posix.join(aliases.folder, String(target).replace('*', middle));
      const found = findTracked(place, tracked);
      if (found !== undefined) return found;
    }
  }
  if (aliases.base === undefined) return undefined;
  return findTracked(path.posix.join(aliases.base, name), tracked);
}
