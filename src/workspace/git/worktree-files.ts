/** Reads git's list of worktrees, recognises one on the disk. */
import { existsSync, lstatSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { runGit } from './run-git.ts';

/** One entry of git's list. */
export interface KnownWorktree {
  readonly path: string;
  readonly main: boolean;
  readonly head: string | null;
  readonly branch: string | null;
}

/** All worktrees that git knows for the repository at `top`; the main one is the first. */
export async function listWorktrees(top: string): Promise<readonly KnownWorktree[]> {
  const { stdout } = await runGit({ cwd: top, args: ['worktree', 'list', '--porcelain'] });
  const blocks = stdout
    .toString('utf8')
    .split('\n\n')
    .filter((block) => block.trim() !== '');
  return blocks.map((block, index) => {
    const value = (key: string): string | null => {
      const line = block.split('\n').find((each) => each === key || each.startsWith(`${key} `));
      return line === undefined ? null : line.slice(key.length + 1);
    };
    return {
      path: value('worktree') ?? '',
      main: index === 0,
      head: value('HEAD'),
      branch: value('branch')?.replace(/^refs\/heads\//u, '') ?? null,
    };
  });
}

/** Whether `path` is a linked worktree of the git folder `commonDir`, or an empty folder. */
export function isWorktreeOf(path: string, commonDir: string): boolean {
  const admin = adminFolder(path);
  if (admin !== null) return realOrSame(dirname(admin)) === join(commonDir, 'worktrees');
  return lstatSync(path).isDirectory() && readdirSync(path).length === 0;
}

/** Whether `path` is a linked worktree whose repository doesn't exist any more. */
export function isOrphan(path: string): boolean {
  const admin = adminFolder(path);
  return admin !== null && /[\\/]worktrees[\\/][^\\/]+$/u.test(admin) && !existsSync(admin);
}

/** Why the worktree at `path` is locked; null when it isn't. (git's list says it from 2.31 on.) */
export function readLockReason(path: string): string | null {
  const admin = adminFolder(path);
  return admin === null ? null : (readOrNull(join(admin, 'locked'))?.replace(/\n$/u, '') ?? null);
}

/** Where git keeps what it knows of the worktree at `path`, as the worktree says. */
function adminFolder(path: string): string | null {
  const pointer = readOrNull(join(path, '.git'));
  const target = /^gitdir: (.+)\n?$/u.exec(pointer ?? '')?.[1];
  return target === undefined ? null : resolve(path, target);
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
