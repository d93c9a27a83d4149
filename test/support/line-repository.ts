/** Git repositories for tests of the whole line, and what must stay as it was in them. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';

/** A program of two modules whose function `greet` can be renamed, checked without a compiler. */
export const GREETER: Readonly<Record<string, string>> = {
  '.gitignore': 'node_modules\n',
  'package.json': '{ "name": "greeter", "type": "module", "private": true }\n',
  'tsconfig.json':
    '{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true, "noEmit": true, "types": [] } }\n',
  'src/greet.ts': 'export function greet(name: string): string {\n  return `Hello ${name}`;\n}\n',
  'src/main.ts': "import { greet } from './greet.ts';\n\nprocess.stdout.write(greet('Ada'));\n",
  'src/process.d.ts': 'declare const process: { stdout: { write(text: string): void } };\n',
};

/** The goal that GREETER is renamed by, and the check that proves it. */
export const RENAME = 'rename greet to welcome';

/** A check that runs the program. */
export const CHECK = 'node src/main.ts';

/** A repository with the files of GREETER, changed and completed by `files`. */
export const greeterRepository = (files: Readonly<Record<string, string>> = {}): TempRepository =>
  tempRepository({ ...GREETER, ...files });

const MODULES = dirname(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))));

/** Installs the compilers and the types of Node that this project has, without a network. */
export function linkCompilers({ top }: TempRepository): void {
  const modules = join(top, 'node_modules');
  for (const folder of ['.bin', '@types', '@typescript']) {
    mkdirSync(join(modules, folder), { recursive: true });
  }
  for (const name of ['typescript', '@types/node', '@typescript/typescript6']) {
    symlinkSync(join(MODULES, name), join(modules, name));
  }
  symlinkSync('../typescript/bin/tsc', join(modules, '.bin', 'tsc'));
}

/** A hash of every file below `folder` with its mode and links, but for what `skip` names. */
export function fingerprint(folder: string, skip: (path: string) => boolean): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    for (const name of readdirSync(join(folder, path)).sort()) {
      const inside = path === '' ? name : `${path}/${name}`;
      if (skip(inside)) continue;
      const full = join(folder, inside);
      const stats = lstatSync(full);
      hash.update(`${inside} ${stats.mode}\n`);
      if (stats.isSymbolicLink()) hash.update(readlinkSync(full));
      else if (stats.isDirectory()) visit(inside);
      else hash.update(readFileSync(full));
    }
  };
  visit('');
  return hash.digest('hex');
}

/**
 * What a mission may add to a git folder: objects, its branch (with its reflog), refs that keep what
 * its tasks left, the mark of the space. All else, such as HEAD, index, config and hooks, is the
 * person's.
 */
export const mayAppear = (path: string): boolean =>
  /^\.git\/(?:objects|skein|worktrees|refs\/skein|(?:logs\/)?refs\/heads\/skein)(?:\/|$)/u.test(
    path,
  );
