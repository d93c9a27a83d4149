/**
 * What a program in a jail sees of git: the repository's own folder to be read, with settings that name
 * no program, no address and no secret; its objects; and a private part of its own that is thrown away.
 * So `git status`, `git stash` and `git commit` work, and nothing of it stays.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Mount } from '#sandbox/jail/jail.ts';
import { gitText } from '#workspace/git/run-git.ts';

/** Where a jail finds the objects of the repository. */
const OBJECTS = '/run/skein-objects';

/** Settings that say how a repository is stored, not what git does. */
const STORED =
  /^(?:core\.(?:repositoryformatversion|filemode|bare|ignorecase|precomposeunicode|symlinks|autocrlf|eol)|extensions\..*)$/u;

/** The two folders of git that a worktree has: its own, and that of the repository. */
interface GitFolders {
  readonly own: string;
  readonly common: string;
}

/** The folders of the worktree at `root`; null when it is none. */
export function gitFolders(root: string): GitFolders | null {
  const at = join(root, '.git');
  const stats = statSync(at, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return { own: at, common: at };
  if (stats?.isFile() !== true) return null;
  const [, named = ''] = /^gitdir: (.*)\n?$/u.exec(readFileSync(at, 'utf8')) ?? [];
  const own = resolve(root, named);
  if (named === '' || !existsSync(join(own, 'commondir'))) return null;
  return { own, common: resolve(own, readFileSync(join(own, 'commondir'), 'utf8').trim()) };
}

/** The mounts for a worktree that is no clone of its own; what may be written lies in `scratch`. */
export async function gitMounts(
  root: string,
  { own, common }: GitFolders,
  scratch: string,
): Promise<readonly Mount[]> {
  const settings = join(scratch, 'config');
  writeFileSync(settings, await storedSettings(common));
  const ownCopy = join(scratch, 'own');
  cpSync(own, ownCopy, { recursive: true });
  const objects = join(scratch, 'objects');
  mkdirSync(join(objects, 'info'), { recursive: true });
  writeFileSync(join(objects, 'info', 'alternates'), `${OBJECTS}\n`);
  const real = join(common, 'objects');
  return [
    { source: join(root, '.git'), target: join(root, '.git'), access: 'read' },
    { source: common, target: common, access: 'read' },
    { source: settings, target: join(common, 'config'), access: 'read' },
    { source: ownCopy, target: own, access: 'write' },
    { source: objects, target: real, access: 'write' },
    { source: real, target: OBJECTS, access: 'read' },
    ...alternatesOf(real).map((each): Mount => ({ source: each, target: each, access: 'read' })),
  ];
}

async function storedSettings(common: string): Promise<string> {
  const args = ['config', '--file', join(common, 'config'), '--list', '-z'];
  const listed = await gitText({ cwd: dirname(common), args });
  const lines = listed.split('\0').flatMap((entry) => {
    const [name = '', value = ''] = entry.split('\n', 2);
    if (!STORED.test(name)) return [];
    const dot = name.indexOf('.');
    return [
      `[${name.slice(0, dot)}]\n\t${name.slice(dot + 1)} = "${value.replaceAll(/["\\]/gu, '\\$&')}"\n`,
    ];
  });
  return lines.join('');
}

/** Other folders that the repository borrows objects from. */
function alternatesOf(objects: string): readonly string[] {
  const file = join(objects, 'info', 'alternates');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && isAbsolute(line) && existsSync(line));
}
