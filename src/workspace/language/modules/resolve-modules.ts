/**
 * Finds the tracked file that a module name means. Relative names are resolved by their spelling;
 * others are asked of the server, and where it finds nothing (or a build output), workspace
 * packages are looked up by their package.json and mapped from the output to the source.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { LanguageServer } from '#workspace/language/language.ts';
import type { ModuleName } from '#workspace/language/syntax/file-model.ts';
import type { ResolveModule, SymbolGraph } from '#workspace/language/rename/symbol-graph.ts';
import { findTracked } from './find-tracked.ts';
import { resolveAlias } from './path-aliases.ts';
import { type WorkspacePackage, resolveInPackages } from './workspace-packages.ts';

interface ResolveContext {
  readonly root: string;
  readonly tracked: ReadonlySet<string>;
  readonly packages: readonly WorkspacePackage[];
  readonly server: LanguageServer;
}

/** Resolves every module name of the graph's files; the answer only reads what was found. */
export async function resolveModules(
  graph: SymbolGraph,
  context: ResolveContext,
): Promise<ResolveModule> {
  const known = new Map<string, string | undefined>();
  const open: Promise<void>[] = [];
  for (const { source, model } of graph.files.values()) {
    const names = [...model.imports.map((each) => each.from), ...model.stars, ...model.escapes];
    for (const name of names) {
      const key = `${source.path}\0${name.text}`;
      if (known.has(key)) continue;
      known.set(key, undefined);
      const position = source.lines.positionAt(name.offset);
      open.push(
        resolveOne(context, source.path, name, position).then(
          (found) => void known.set(key, found),
        ),
      );
    }
  }
  await Promise.all(open);
  return (file, name) => known.get(`${file}\0${name.text}`);
}

async function resolveOne(
  context: ResolveContext,
  file: string,
  name: ModuleName,
  position: { line: number; character: number },
): Promise<string | undefined> {
  const { root, tracked, server, packages } = context;
  if (/^\.{1,2}(?:\/|$)/.test(name.text)) {
    const base = path.posix.join(path.posix.dirname(file), name.text).replace(/\/$/, '');
    const found = findTracked(base, tracked);
    if (found !== undefined) return found;
  }
  const locations = await server.definition(path.join(root, file), position);
  for (const location of locations) {
    const found = trackedPath(root, location.path, tracked);
    if (found !== undefined) return found;
  }
  return (
    resolveAlias(root, file, name.text, tracked) ?? resolveInPackages(name.text, packages, tracked)
  );
}

/** The tracked name of an absolute path, also when it leads through links. */
export function trackedPath(
  root: string,
  file: string,
  tracked: ReadonlySet<string>,
): string | undefined {
  const direct = path.relative(root, file).split(path.sep).join('/');
  if (tracked.has(direct)) return direct;
  try {
    const real = path.relative(root, fs.realpathSync(file)).split(path.sep).join('/');
    return tracked.has(real) ? real : undefined;
  } catch {
    return undefined;
  }
}
