/**
 * What a program in a jail sees of git: a copy of the repository's folder that is thrown away, with
 * settings that name no program, no address and no secret; the real objects and hooks, to be read. So
 * `git status`, `git stash` and `git commit` work, and nothing of it stays.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Mount } from '#sandbox/jail/jail.ts';
import { gitText } from '#workspace/git/run-git.ts';

/** Where a jail finds the objects of the repository. */
const OBJECTS = '/run/skein-objects';

/** Settings that say how a repository is stored, not what git does. */
const STORED =
  /^(?:core\.(?:repositoryformatversion|filemode|bare|ignorecase|precomposeunicode|symlinks|autocrlf|eol)|extensions\..*)$/u;

/** The two folders of git that a worktree has: its own, and that of the repository. */
export interface GitFolders {
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

/** What a git folder has of its own beside settings, objects and hooks, in either way to keep refs. */
const COPIED = ['HEAD', 'packed-refs', 'refs', 'reftable', 'shallow', 'info'];

/** The mounts for a worktree that is no clone of its own; what may be written lies in `scratch`. */
export async function gitMounts(
  root: string,
  { own, common }: GitFolders,
  scratch: string,
): Promise<readonly Mount[]> {
  const copy = join(scratch, 'git');
  await copyGit({ own, common }, copy);
  const [objects, hooks] = [join(common, 'objects'), join(common, 'hooks')];
  const read = (source: string, target = source): Mount => ({ source, target, access: 'read' });
  return [
    read(join(root, '.git')),
    { source: copy, target: common, access: 'write' },
    ...(existsSync(hooks) ? [read(hooks)] : []),
    read(objects, OBJECTS),
    ...alternatesOf(objects).map((each) => read(each)),
  ];
}

async function copyGit({ own, common }: GitFolders, copy: string): Promise<void> {
  mkdirSync(join(copy, 'hooks'), { recursive: true });
  for (const name of COPIED) {
    const from = join(common, name);
    if (existsSync(from)) cpSync(from, join(copy, name), { recursive: true });
  }
  cpSync(own, join(copy, relative(common, own)), { recursive: true });
  writeFileSync(join(copy, 'config'), await storedSettings(common));
  const info = join(copy, 'objects', 'info');
  mkdirSync(info, { recursive: true });
  writeFileSync(join(info, 'alternates'), `${OBJECTS}\n`);
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
