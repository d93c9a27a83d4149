/**
 * Finds workspace packages whose entry point git does not hold, such as `dist/index.js`: in a fresh
 * worktree they can't be loaded until something builds them, and the checks would fail for that.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const MAX_DEPTH = 5;
const MAX_WARNINGS = 20;
const SUFFIXES = ['', '.js', '.json', '.ts', '/index.js', '/index.ts'];

/** A package that can't be loaded: the first of its entry points that is missing. */
export interface MissingBuild {
  readonly name: string;
  readonly file: string;
}

/** The packages among `folders` with entry points none of which exists; at most 20. */
export function findMissingBuilds(
  worktree: string,
  folders: readonly string[],
): readonly MissingBuild[] {
  const found: MissingBuild[] = [];
  for (const folder of new Set(folders)) {
    const content = readJson(join(folder, 'package.json'));
    const points = entryPoints(content);
    const first = points[0];
    if (first === undefined || points.some((point) => exists(folder, point))) continue;
    const { name } = content;
    found.push({
      name: typeof name === 'string' ? name : relative(worktree, folder),
      file: relative(worktree, join(folder, first)),
    });
  }
  return found.slice(0, MAX_WARNINGS);
}

const exists = (folder: string, point: string): boolean =>
  SUFFIXES.some((suffix) => existsSync(join(folder, point + suffix)));

function entryPoints(content: Readonly<Record<string, unknown>>): readonly string[] {
  const exported = content['exports'];
  const root =
    typeof exported === 'object' && exported !== null && '.' in exported ? exported['.'] : exported;
  return [
    ...strings(root, 0),
    ...strings([content['main'], content['module'], content['types']], 0),
  ];
}

function strings(value: unknown, depth: number): readonly string[] {
  // a pattern such as ./dist/* names no file
  if (typeof value === 'string') return value.includes('*') ? [] : [value];
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return [];
  return Object.values(value).flatMap((each) => strings(each, depth + 1));
}

function readJson(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
