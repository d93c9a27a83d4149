/** The folder of one run: made of the files that were given, read when all is dead, then gone. */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deleteFolder } from '#lib/delete-folder.ts';
import { SkeinError } from '#protocol/errors.ts';
import { pathProblem } from '#sandbox/files/file-path.ts';
import { stateOf } from '#sandbox/files/folder-state.ts';
import { takeOutput, type TakenOutput } from '#sandbox/files/take-output.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { InputFile } from '#sandbox/sandbox.ts';

/** A folder with files in it. */
export interface CommandFolder {
  readonly path: string;
  /** What is otherwise now; call it when no program lives that could change it. */
  readonly take: () => Promise<TakenOutput>;
  readonly remove: () => Promise<void>;
}

/** Makes it below `parent`. Throws `usage` for a file that can't be given, `limit-reached` for too many. */
export function makeCommandFolder(
  parent: string,
  files: readonly InputFile[],
  limits: Limits,
): CommandFolder {
  assertFiles(files, limits);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const path = realpathSync(mkdtempSync(join(parent, 'run-')));
  for (const file of files) {
    const at = join(path, file.path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, file.content, { mode: file.executable === true ? 0o755 : 0o644 });
  }
  return {
    path,
    take: () => takeOutput({ before: stateOf(files), after: { folder: path }, limits }),
    remove: () => deleteFolder(path),
  };
}

function assertFiles(files: readonly InputFile[], limits: Limits): void {
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (files.length > limits.inFiles || bytes > limits.inBytes) {
    const message = `Cannot give ${files.length} files of ${bytes} bytes: the limit is ${limits.inFiles} files of ${limits.inBytes} bytes`;
    throw new SkeinError('limit-reached', message, {
      fix: 'Give fewer files, or raise the limit.',
    });
  }
  for (const { path } of files) {
    const problem = pathProblem(path);
    if (problem !== null) throw new SkeinError('usage', `Cannot give the file ${path}: ${problem}`);
  }
}
