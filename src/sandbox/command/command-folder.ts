/** The folder of one run: made of the files that were given, read when all is dead, then gone. */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deleteFolder } from '#lib/delete-folder.ts';
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
