/** A repository without a working tree: where a node keeps the git objects of a space it works for. */
import { existsSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { oneAtTime } from '#workspace/one-at-time.ts';
import { explainGitFailure } from '../git-failure.ts';
import type { Repository } from '../open-repository.ts';
import { assertGitVersion } from '../repository-state.ts';
import { gitText, runGit } from '../run-git.ts';

/** Opens the one at `folder`, which is made when it is not there. */
export function openBareRepository(
  folder: string,
  objectFormat: Repository['objectFormat'],
): Promise<Repository> {
  return oneAtTime(`bare ${folder}`, async () => {
    if (!existsSync(join(folder, 'HEAD'))) {
      await mkdir(dirname(folder), { recursive: true });
      const args = ['init', '--quiet', '--bare', '--template=', `--object-format=${objectFormat}`];
      await runGit({ cwd: dirname(folder), args: [...args, folder] });
    }
    const top = realpathSync(folder);
    const format = await gitText({ cwd: top, args: ['rev-parse', '--show-object-format'] });
    if (format !== objectFormat) {
      throw new SkeinError('repository-unsupported', `Cannot use ${folder}: it is ${format}`);
    }
    return {
      top,
      gitDir: top,
      commonDir: top,
      head: '',
      branch: null,
      objectFormat,
      dirty: { paths: [], count: 0, trackedCount: 0 },
      shallow: false,
      sparse: false,
      operation: null,
      gitVersion: await assertGitVersion(top),
      warnings: [],
    };
  });
}

/** What is kept of a tree, by its ref. */
export interface KeptTree {
  readonly ref: string;
  readonly tree: string;
}

/** Holds a tree by a ref, wherever that was before; durable when it answers. */
export async function holdTree({ top }: Repository, { ref, tree }: KeptTree): Promise<void> {
  const args = ['update-ref', '--no-deref', ref, tree];
  const settings = ['core.fsync=committed,reference', 'core.filesRefLockTimeout=5000'];
  const answer = await runGit({ cwd: top, args, settings, okCodes: [0, 1, 128] });
  if (answer.code !== 0) throw explainGitFailure({ args, cwd: top, ...answer });
}

/** All trees that are held below a folder of refs, the newest name last. */
export async function heldTrees({ top }: Repository, below: string): Promise<readonly KeptTree[]> {
  const args = ['for-each-ref', '--sort=refname', '--format=%(objectname) %(refname)', below];
  const lines = (await gitText({ cwd: top, args })).split('\n');
  return lines.flatMap((line) => {
    const [tree = '', ref = ''] = line.split(' ');
    return ref === '' ? [] : [{ tree, ref }];
  });
}

/** Lets go of refs; what they held is collected in git's own time. */
export async function letGoOf({ top }: Repository, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  const input = refs.map((ref) => `delete ${ref}\n`).join('');
  await runGit({ cwd: top, args: ['update-ref', '--stdin'], input });
}
