/** The contents of files as a git commit has them, many at a time, by one process. */
import { runGit } from '#workspace/git/run-git.ts';

/** The bytes of each of `paths` in `commit`; a path that it does not have as a file is left out. */
export async function readBase(
  cwd: string,
  commit: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  // One name a line: git of before 2.38 takes no other form. Such a path is never edited.
  const asked = paths.filter((path) => !path.includes('\n'));
  const input = asked.map((path) => `${commit}:${path}\n`).join('');
  const { stdout } = await runGit({ cwd, args: ['cat-file', '--batch'], input });
  const found = new Map<string, Buffer>();
  let at = 0;
  for (const path of asked) {
    // "<id> blob <size>\n<content>\n", or "<name> missing\n"
    const end = stdout.indexOf(10, at);
    const header = stdout.subarray(at, end).toString('latin1');
    const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/u.exec(header) ?? [];
    at = end + 1;
    if (size === undefined) continue;
    if (type === 'blob') found.set(path, stdout.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return found;
}
