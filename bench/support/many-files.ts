/** Makes a git repository of many TypeScript files, some of which use one function. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The function that every use calls. */
export const OLD_NAME = 'orderTotal';

/** How large a repository is: `uses` of its `files` call the function. */
export interface RepositorySize {
  readonly files: number;
  readonly uses: number;
}

const FILES_PER_FOLDER = 100;

/** Makes it in `root`, as one git commit. No checks: nothing but the rename itself is timed. */
export function makeRepository(root: string, { files, uses }: RepositorySize): void {
  mkdirSync(join(root, 'src'), { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  write('package.json', '{ "name": "many-files", "private": true, "type": "module" }\n');
  write('tsconfig.json', `${JSON.stringify({ compilerOptions: OPTIONS, include: ['src'] })}\n`);
  write(
    'src/total.ts',
    `export function ${OLD_NAME}(price: number): number {\n  return price;\n}\n`,
  );
  for (let index = 0; index < files - 3; index += 1) {
    const folder = `src/part-${Math.floor(index / FILES_PER_FOLDER)}`;
    if (index % FILES_PER_FOLDER === 0) mkdirSync(join(root, folder));
    // Spread evenly, so that the uses are in many folders.
    const isUse = Math.floor(((index + 1) * uses) / files) > Math.floor((index * uses) / files);
    write(`${folder}/file-${index}.ts`, isUse ? userFile(index) : plainFile(index));
  }
  const git = (...args: string[]): void =>
    void execFileSync('git', args, { cwd: root, stdio: 'ignore' });
  git('init', '--initial-branch=main');
  git('config', 'user.name', 'Bench');
  git('config', 'user.email', 'bench@localhost');
  git('config', 'commit.gpgsign', 'false');
  git('add', '--all');
  git('-c', 'core.hooksPath=/dev/null', 'commit', '--message', 'Many files');
}

const OPTIONS = {
  strict: true,
  target: 'esnext',
  module: 'nodenext',
  allowImportingTsExtensions: true,
  noEmit: true,
};

const userFile = (index: number): string => `import { ${OLD_NAME} } from '../total.ts';

/** What order ${index} costs. */
export const order${index} = (price: number): number => ${OLD_NAME}(price + ${index});
`;

const plainFile = (index: number): string => `/** The tax on order ${index}. */
export function tax${index}(price: number): number {
  const rates = [0.07, 0.19];
  return price * (rates[${index} % 2] ?? 0);
}
`;
