/**
 * Which tsconfig files matter: those a server finds above the files it opens, and the ones they
 * refer to, directly or not. Configuration files are JSON with comments and trailing commas.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { ProgramHost } from '#workspace/programs/program-host.ts';

const NAMES = ['tsconfig.json', 'jsconfig.json'];
const CONFIG_LIMIT_BYTES = 1024 * 1024;

/** Files whose configurations a compiler is asked about, and what holds the compiler. */
export interface ConfigQuestion {
  /** A real path. */
  readonly root: string;
  readonly tracked: ReadonlySet<string>;
  /** Relative to the root. */
  readonly files: readonly string[];
  readonly host: ProgramHost;
}

/** The tracked configurations used for `files`, relative to the root, sorted. */
export function referencedConfigs(
  root: string,
  tracked: ReadonlySet<string>,
  files: readonly string[],
): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let at = path.posix.dirname(file); !folders.has(at); at = path.posix.dirname(at)) {
      folders.add(at);
    }
  }
  const waiting = [...folders].flatMap((folder) =>
    NAMES.map((name) => path.posix.join(folder, name)).filter((file) => tracked.has(file)),
  );
  const found = new Set<string>();
  for (let config = waiting.pop(); config !== undefined; config = waiting.pop()) {
    if (found.has(config)) continue;
    found.add(config);
    waiting.push(...referencesOf(root, config).filter((file) => tracked.has(file)));
  }
  return [...found].sort();
}

function referencesOf(root: string, config: string): readonly string[] {
  const content = readConfig(path.join(root, config)) as { references?: unknown } | undefined;
  if (!Array.isArray(content?.references)) return [];
  return content.references.flatMap((each: unknown) => {
    const to = (each as { path?: unknown } | null)?.path;
    if (typeof to !== 'string') return [];
    const target = path.posix.join(path.posix.dirname(config), to);
    return target.endsWith('.json') ? [target] : [path.posix.join(target, 'tsconfig.json')];
  });
}

/** A configuration as data; undefined when it can't be read. */
export function readConfig(file: string): unknown {
  try {
    // A pipe that a set-up has left would hold this thread for ever.
    if (!fs.statSync(file).isFile()) return undefined;
    const text = fs.readFileSync(file, 'utf8');
    if (text.length > CONFIG_LIMIT_BYTES) return undefined;
    return JSON.parse(stripComments(text));
  } catch {
    return undefined;
  }
}

/** JSON with comments and trailing commas as plain JSON. */
export function stripComments(text: string): string {
  const tokens = /"(?:\\.|[^"\\])*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\//g;
  const plain = text
    .replace(/^\uFEFF/, '')
    .replace(tokens, (token) => (token.startsWith('"') ? token : ' '));
  return plain.replace(/"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g, (token) => (token === ',' ? '' : token));
}
