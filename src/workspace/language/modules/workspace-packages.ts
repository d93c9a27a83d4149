/**
 * The packages of the repository by name, and the source file behind an entry point that is built:
 * `@x/core` whose `main` is `dist/index.js` is `src/index.ts` when `dist` is not in git. Used only
 * where the compiler finds nothing.
 */
import fs from 'node:fs';
import path from 'node:path';
import { findTracked } from './find-tracked.ts';

/** One package.json of the repository. */
export interface WorkspacePackage {
  readonly name: string;
  /** Its folder, relative to the root; empty for the root. */
  readonly folder: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

const OUTPUT_FOLDERS = /^(?:dist|build|lib|out|output|esm|cjs|types)\//;
const PACKAGE_LIMIT_BYTES = 1024 * 1024;
const EXPORT_DEPTH = 6;

/** Reads every tracked package.json; what is not JSON is left out. */
export function readPackages(
  root: string,
  tracked: ReadonlySet<string>,
): readonly WorkspacePackage[] {
  const found: WorkspacePackage[] = [];
  for (const file of tracked) {
    if (path.posix.basename(file) !== 'package.json') continue;
    try {
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      if (text.length > PACKAGE_LIMIT_BYTES) continue;
      const manifest = JSON.parse(text) as Record<string, unknown>;
      if (typeof manifest['name'] !== 'string') continue;
      const folder = path.posix.dirname(file);
      found.push({ name: manifest['name'], folder: folder === '.' ? '' : folder, manifest });
    } catch {
      // Not a manifest that anything could be resolved with.
    }
  }
  return found;
}

/** The source file a bare module name means inside the repository. */
export function resolveInPackages(
  name: string,
  packages: readonly WorkspacePackage[],
  tracked: ReadonlySet<string>,
): string | undefined {
  for (const each of packages) {
    if (name !== each.name && !name.startsWith(`${each.name}/`)) continue;
    const below = name.slice(each.name.length + 1);
    for (const entry of entryPoints(each.manifest, below)) {
      const found = sourceOf(each.folder, entry, tracked);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function entryPoints(manifest: WorkspacePackage['manifest'], below: string): readonly string[] {
  const key = below === '' ? '.' : `./${below}`;
  const exports = manifest['exports'];
  const isMap =
    typeof exports === 'object' &&
    exports !== null &&
    Object.keys(exports).some((k) => k[0] === '.');
  const listed = isMap ? matchExport(exports as Record<string, unknown>, key) : undefined;
  if (below !== '') return [...targets(listed), below];
  const main = ['types', 'typings', 'module', 'main'].map((field) => manifest[field]);
  const whole = isMap ? [] : targets(exports);
  return [
    ...targets(listed),
    ...whole,
    ...main.flatMap((each) => targets(each)),
    'index',
    'src/index',
  ];
}

function matchExport(exports: Record<string, unknown>, key: string): unknown {
  if (key in exports) return exports[key];
  for (const [pattern, value] of Object.entries(exports)) {
    const star = pattern.indexOf('*');
    if (star === -1) continue;
    const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
    if (!key.startsWith(head) || !key.endsWith(tail)) continue;
    const middle = key.slice(head.length, key.length - tail.length);
    return targets(value).map((target) => target.replaceAll('*', middle));
  }
  return undefined;
}

/** All files a (conditional) target may lead to, in order. */
function targets(value: unknown, depth = 0): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > EXPORT_DEPTH) return [];
  return Object.values(value).flatMap((each) => targets(each, depth + 1));
}

function sourceOf(folder: string, entry: string, tracked: ReadonlySet<string>): string | undefined {
  const clean = path.posix.normalize(entry).replace(/\.d\.([cm]?)ts$/, '.$1js');
  const inside = clean.replace(OUTPUT_FOLDERS, '');
  const places = [clean, inside, `src/${inside}`, `source/${inside}`, `lib/${inside}`];
  for (const place of places) {
    const found = findTracked(path.posix.join(folder, place), tracked);
    if (found !== undefined) return found;
  }
  return undefined;
}
