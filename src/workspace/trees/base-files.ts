/**
 * Reads files as they were in a git commit, many at a time: what edits were made from, when the
 * worktree holds their results already.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { listTrackedFiles } from '#workspace/git/tracked-files.ts';

const READ_AT_ONCE = 500;

/**
 * The bytes of `paths` in `commit`, as git stores them; those that are no files there are left out.
 * Throws `git-failed` when 500 files have more than 256 MB together.
 */
export async function readBaseFiles(
  { top }: Repository,
  commit: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  const wanted = new Set(paths);
  const entries = (await listTrackedFiles(top, commit)).filter(({ path, kind, nameIsUtf8 }) => {
    return wanted.has(path) && nameIsUtf8 && (kind === 'file' || kind === 'executable');
  });
  const contents = new Map<string, Buffer>();
  for (let at = 0; at < entries.length; at += READ_AT_ONCE) {
    const some = entries.slice(at, at + READ_AT_ONCE);
    const input = some.map(({ object }) => `${object}\n`).join('');
    const { stdout } = await runGit({ cwd: top, args: ['cat-file', '--batch'], input });
    const blobs = splitBatch(stdout);
    for (const [index, { path }] of some.entries()) {
      const content = blobs[index];
      if (content === undefined) throw unreadable();
      contents.set(path, content);
    }
  }
  return contents;
}

/** What `cat-file --batch` prints: for each object `<id> blob <size>`, its bytes and a newline. */
function splitBatch(printed: Buffer): Buffer[] {
  const blobs: Buffer[] = [];
  let at = 0;
  while (at < printed.length) {
    const end = printed.indexOf(10, at);
    const size = / blob (\d+)$/u.exec(printed.toString('latin1', at, end))?.[1];
    if (size === undefined) throw unreadable();
    const from = end + 1;
    at = from + Number(size) + 1;
    blobs.push(printed.subarray(from, at - 1));
  }
  return blobs;
}

const unreadable = (): SkeinError =>
  new SkeinError('git-failed', 'Cannot read files of the base: an object is missing', {
    fix: 'Look what is wrong with the repository: git fsck',
  });
