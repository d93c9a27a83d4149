/**
 * Git trees computed without leaving a trace: objects go to a folder that is thrown away, beside
 * which git sees those of the repository. Files are converted exactly as when they were stored.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertEditPath } from '#workspace/edit-path.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import type { WrittenFile } from '#workspace/git/scratch-tree.ts';

/** Answers the id of the tree of the base with these files instead of its own. */
export type ComputeTree = (files: readonly WrittenFile[]) => Promise<string>;

/** Lets `work` compute trees on top of `base`; throws `git-failed` when git has not the base. */
export async function withThrowawayTrees<T>(
  repository: Repository,
  base: string,
  work: (compute: ComputeTree) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'skein-replay-'));
  try {
    const [files, objects] = [join(root, 'files'), join(root, 'objects')];
    for (const folder of [files, objects]) await mkdir(folder);
    const [index, baseIndex] = [join(root, 'index'), join(root, 'base-index')];
    const git = async (args: readonly string[], input = ''): Promise<string> => {
      const { stdout } = await runGit({
        cwd: files,
        args: [`--git-dir=${repository.gitDir}`, `--work-tree=${files}`, ...args],
        input,
        environment: {
          GIT_INDEX_FILE: index,
          GIT_OBJECT_DIRECTORY: objects,
          GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(join(repository.commonDir, 'objects')),
        },
        settings: ['core.sparseCheckout=false', 'core.fileMode=false', 'core.fsync=none'],
      });
      return stdout.toString('utf8').trim();
    };
    await git(['read-tree', base]);
    await copyFile(index, baseIndex);
    return await work(async (written) => {
      await copyFile(baseIndex, index);
      for (const { path, bytes } of written) {
        assertEditPath(path);
        await mkdir(join(files, dirname(path)), { recursive: true });
        await writeFile(join(files, path), bytes);
      }
      await git(['update-index', '-z', '--stdin'], written.map(({ path }) => `${path}\0`).join(''));
      return git(['write-tree']);
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** In the list of folders a colon would end the path, but not inside quotes. */
const quoted = (path: string): string => `"${path.replaceAll(/["\\]/gu, '\\$&')}"`;
