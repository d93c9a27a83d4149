/** Makes the demo's repository: a copy of examples/orders, with git and dependencies, offline. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const EXAMPLE = fileURLToPath(new URL('../../examples/orders', import.meta.url));

/** The goal of the demo. */
export const DEMO_GOAL = 'rename total to orderTotal';

/** Copies the example to a new temporary folder and answers its path. */
export function makeDemoRepository(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'skein-demo-')), 'orders');
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  linkDependencies(folder);
  const git = (...args: string[]): void =>
    void execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  git('init', '--initial-branch=main');
  // The identity of this one repository: the demo must not depend on the person's configuration.
  git('config', 'user.name', 'Skein demo');
  git('config', 'user.email', 'demo@localhost');
  git('config', 'commit.gpgsign', 'false');
  git('add', '--all');
  git('-c', 'core.hooksPath=/dev/null', 'commit', '--message', 'A small shop');
  return folder;
}

/**
 * What `npm install` would do, without a network: links to the workspace's own packages, and to
 * the TypeScript and the Node that Skein itself was installed with.
 */
function linkDependencies(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@orders'), { recursive: true });
  mkdirSync(join(modules, '@types'));
  mkdirSync(join(modules, '.bin'));
  for (const name of readdirSync(join(folder, 'packages'))) {
    symlinkSync(join('..', '..', 'packages', name), join(modules, '@orders', name));
  }
  const installed = dirname(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))));
  symlinkSync(join(installed, 'typescript'), join(modules, 'typescript'));
  symlinkSync(join(installed, '@types', 'node'), join(modules, '@types', 'node'));
  symlinkSync(join('..', 'typescript', 'bin', 'tsc'), join(modules, '.bin', 'tsc'));
  symlinkSync(process.execPath, join(modules, '.bin', 'node'));
}
