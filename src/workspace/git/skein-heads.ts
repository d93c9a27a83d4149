/**
 * Reads the trailers `Skein-Head: chain:seq:hash` of a repository's git commits. `Skein-Space` says
 * whose head it is: a repository may hold git commits of many homes and of many records.
 */
import { existsSync } from 'node:fs';
import { runGit } from './run-git.ts';

/** A head of a chain as a git commit remembers it. */
export interface RememberedHead {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

const TRAILER = /^([0-9a-f]{32}):(\d{1,15}):([0-9a-f]{64})$/u;

const trailer = (key: string): string => `%(trailers:key=${key},valueonly,separator=%x2C)`;

/** How many git commits are looked at, newest first. */
const MAX_COMMITS = 10_000;

/** All heads of a space that are named on any branch; none when the repository is gone. */
export async function readSkeinHeads(
  repository: string,
  space: string,
): Promise<readonly RememberedHead[]> {
  if (!existsSync(repository)) return [];
  const { code, stdout } = await runGit({
    cwd: repository,
    args: [
      'log',
      '--branches',
      `--max-count=${MAX_COMMITS}`,
      '--grep=^Skein-Head: ',
      `--format=${trailer('Skein-Space')} ${trailer('Skein-Head')}`,
    ],
    okCodes: [0, 128],
  });
  if (code !== 0) return [];
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [of, head = ''] = line.split(' ');
      const [, chain, seq, hash] = TRAILER.exec(head) ?? [];
      if (of !== space || chain === undefined || hash === undefined) return [];
      return [{ chain, seq: Number(seq), hash }];
    });
}
