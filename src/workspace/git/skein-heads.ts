/** Reads the trailers `Skein-Head: chain:seq:hash` of a repository's git commits. */
import { existsSync } from 'node:fs';
import { runGit } from './run-git.ts';

/** A head of a chain as a git commit remembers it. */
export interface RememberedHead {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

const TRAILER = /^([0-9a-f]{32}):(\d{1,15}):([0-9a-f]{64})$/u;

/** How many git commits are looked at, newest first. */
const MAX_COMMITS = 10_000;

/** All heads named on any branch; none when the repository is gone. */
export async function readSkeinHeads(repository: string): Promise<readonly RememberedHead[]> {
  if (!existsSync(repository)) return [];
  const { code, stdout } = await runGit({
    cwd: repository,
    args: [
      'log',
      '--branches',
      `--max-count=${MAX_COMMITS}`,
      '--grep=^Skein-Head: ',
      '--format=%(trailers:key=Skein-Head,valueonly)',
    ],
    okCodes: [0, 128],
  });
  if (code !== 0) return [];
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [, chain, seq, hash] = TRAILER.exec(line.trim()) ?? [];
      return chain === undefined || hash === undefined ? [] : [{ chain, seq: Number(seq), hash }];
    });
}
