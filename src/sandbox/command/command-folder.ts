/** The folder of one run: made of the files that were given, read when all is dead, then gone. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deleteFolder } from '#lib/delete-folder.ts';
import { SkeinError } from '#protocol/errors.ts';
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

/** Makes it below `parent`, of files that were checked (`checkInput`). */
export function makeCommandFolder(
  parent: string,
  files: readonly InputFile[],
  limits: Limits,
): CommandFolder {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const path = realpathSync(mkdtempSync(join(parent, 'run-')));
  try {
    for (const file of files) putFile(path, file);
  } catch (thrown) {
    rmSync(path, { recursive: true, force: true });
    throw thrown;
  }
  return {
    path,
    take: () => takeOutput({ before: stateOf(files), after: { folder: path }, limits }),
    remove: () => deleteFolder(path),
  };
}

/** What one path has as a file and another as a folder: nobody can have both. */
const CLASHES = ['EEXIST', 'EISDIR', 'ENOTDIR'];

function putFile(folder: string, { path, content, executable }: InputFile): void {
  const at = join(folder, path);
  try {
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content, { mode: executable === true ? 0o755 : 0o644 });
  } catch (cause) {
    if (!CLASHES.includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    const message = `Cannot give the file ${path}: another one lies in the way`;
    throw new SkeinError('usage', message, { cause });
  }
}
