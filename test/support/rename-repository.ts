/**
 * Small repositories for tests of the rename: made in a temporary folder from a table of contents,
 * renamed in, written, type-checked by the compilers that Skein ships, and run.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FileEdit, RenameOutcome, RenameRequest } from '#workspace/language/language.ts';
import { planRename } from '#workspace/language/plan-rename.ts';
import { classicServerPath } from '#workspace/language/servers/classic-server.ts';
import { nativeCompilerPath } from '#workspace/language/servers/native-server.ts';

const TIMEOUT_MS = 120_000;

/** A repository on disk. Dispose it. */
export interface TestRepository {
  readonly root: string;
  readonly files: readonly string[];
  read(file: string): string;
  dispose(): void;
}

/** Makes a repository; `links` are symbolic links, which are not tracked. */
export function makeRepository(
  contents: Readonly<Record<string, string | Buffer>>,
  links: Readonly<Record<string, string>> = {},
): TestRepository {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-rename-'));
  for (const [file, content] of Object.entries(contents)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), content);
  }
  for (const [file, target] of Object.entries(links)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.symlinkSync(target, path.join(root, file));
  }
  return {
    root,
    files: Object.keys(contents).filter((file) => !/(?:^|\/)(?:node_modules|dist)\//.test(file)),
    read: (file) => fs.readFileSync(path.join(root, file), 'utf8'),
    dispose: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}

/** A rename in it, with the defaults of tests. */
export function planIn(
  repository: TestRepository,
  from: string,
  to: string,
  options: Partial<RenameRequest> = {},
): Promise<RenameOutcome> {
  const { root, files } = repository;
  return planRename({
    root,
    files,
    from,
    to,
    keepExports: false,
    timeoutMs: TIMEOUT_MS,
    ...options,
  });
}

/** Writes the edits. */
export function writeEdits(repository: TestRepository, edits: readonly FileEdit[]): void {
  for (const edit of edits) fs.writeFileSync(path.join(repository.root, edit.path), edit.after);
}

/** The errors of the repository's own type check; empty when it passes. */
export function typeCheck(repository: TestRepository, engine: 6 | 7, args: readonly string[]): string {
  const classic = path.join(path.dirname(classicServerPath()), 'tsc.js');
  const [command, first] =
    engine === 7 ? [nativeCompilerPath(), []] : [process.execPath, [classic]];
  const done = spawnSync(command, [...first, ...args, '--pretty', 'false'], {
    cwd: repository.root,
    encoding: 'utf8',
  });
  return done.status === 0 ? '' : `${done.stdout}${done.stderr}`;
}

/** What a program of the repository prints, or how it failed. */
export function runProgram(repository: TestRepository, args: readonly string[]): string {
  const done = spawnSync(process.execPath, [...args], { cwd: repository.root, encoding: 'utf8' });
  return done.status === 0 ? done.stdout.trim() : `exit ${done.status}: ${done.stderr}`;
}
