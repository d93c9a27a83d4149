/**
 * Which files belong to which project, as the compiler expands `files` and `include`. A server
 * knows the files of a project without being told; others only while they are open.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LanguageServer } from './language.ts';
import { type ConfigQuestion, referencedConfigs } from './project-configs.ts';
import { runCompiler } from './run-compiler.ts';
import { nativeCompilerPath, nativeTools } from './servers/native-server.ts';

/** So many files of no project may be opened one by one (500 take 90 s, 50 one second). */
const LOOSE_LIMIT = 50;
/** Opening is quadratic in TypeScript 7 (1,000 files take 1.5 s, 5,000 take 38 s). */
const OPEN_LIMIT = 1_000;

/** The files of each project, and all of them; paths relative to the root. */
export interface ProjectFiles {
  readonly projects: readonly (readonly string[])[];
  readonly grouped: ReadonlySet<string>;
}

/** Expands the projects around some files. */
export async function findProjectFiles(question: ConfigQuestion): Promise<ProjectFiles> {
  const { root, tracked, files, host } = question;
  const configs = referencedConfigs(root, tracked, files);
  const home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'skein-config-'));
  try {
    const argv = [nativeCompilerPath(), '--showConfig', '-p'];
    const paths = configs.map((config) => path.join(root, config));
    const outputs = await runCompiler({ host, root, argv, tools: nativeTools(), home }, paths);
    const projects = outputs.map((output, at) =>
      rootFiles(output, path.posix.dirname(configs[at] ?? '')),
    );
    return { projects, grouped: new Set(projects.flat()) };
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

function rootFiles(output: string, folder: string): readonly string[] {
  try {
    const { files } = JSON.parse(output) as { files?: unknown };
    if (!Array.isArray(files)) return [];
    return files.map((file) => path.posix.join(folder, String(file)));
  } catch {
    // A config without any file is an error of its own, and has no file to know.
    return [];
  }
}

/**
 * Opens what a server must be told: every file when there are few; else those of no project, and
 * one of each project, so that all projects are loaded.
 */
export function openFiles(
  server: LanguageServer,
  root: string,
  sources: readonly { readonly path: string; readonly text: string }[],
  known: ProjectFiles,
): void {
  const wanted = sources.length <= OPEN_LIMIT ? sources : necessary(sources, known);
  groupLooseFiles(server, root, wanted, known);
  for (const source of wanted) server.open(path.join(root, source.path), source.text);
}

/** Makes projects of files that have none, one for the root or for each folder below it. */
export function groupLooseFiles(
  server: LanguageServer,
  root: string,
  sources: readonly { readonly path: string }[],
  known: ProjectFiles,
): void {
  const loose = sources.filter((source) => !known.grouped.has(source.path));
  if (loose.length <= LOOSE_LIMIT) return;
  const isConfigured = (folder: string): boolean =>
    ['tsconfig.json', 'jsconfig.json'].some((name) => fs.existsSync(path.join(root, folder, name)));
  const isOneProject = !isConfigured('');
  const folders = new Map<string, string[]>();
  for (const { path: file } of loose) {
    const [top = ''] = file.split('/');
    if (!isOneProject && top === file) continue;
    const folder = isOneProject ? '' : top;
    folders.set(folder, [...(folders.get(folder) ?? []), path.join(root, file)]);
  }
  for (const [folder, files] of folders) {
    if (!isConfigured(folder)) server.group(path.join(root, folder), files);
  }
}

function necessary<T extends { readonly path: string }>(
  sources: readonly T[],
  known: ProjectFiles,
): readonly T[] {
  const first = new Set<string>();
  const available = new Set(sources.map((source) => source.path));
  for (const project of known.projects) {
    const file = project.find((each) => available.has(each));
    if (file !== undefined) first.add(file);
  }
  return sources.filter((source) => first.has(source.path) || !known.grouped.has(source.path));
}
