/** Where a line came from: the lines that were replaced when it came in, and the likely one of them. */
import { runGit } from '#workspace/git/run-git.ts';
import { parseHunks, type Hunk } from '#workspace/trees/changed-hunks.ts';
import { BLAME_SETTINGS } from './blame-line.ts';

/** Two contents of one file: names of git blobs such as `<commit>:<path>`, or a file on the disk. */
export interface BlobPair {
  readonly cwd: string;
  readonly gitDir?: string;
  readonly from: string;
  readonly to: string | { readonly file: string };
}

const FLAGS = [
  'diff',
  '--unified=0',
  '--inter-hunk-context=0',
  '--text',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  // the algorithm of git blame
  '--diff-algorithm=default',
  '--indent-heuristic',
] as const;

/**
 * The change that `line` of the second content is part of; undefined when it is as it was, and when
 * the change is not in UTF-8.
 */
export async function findHunk(
  { cwd, gitDir, from, to }: BlobPair,
  line: number,
): Promise<Hunk | undefined> {
  const pair = typeof to === 'string' ? [from, to, '--'] : [from, '--', to.file];
  const { stdout } = await runGit({
    cwd,
    args: ['--literal-pathspecs', ...FLAGS, ...pair],
    settings: BLAME_SETTINGS,
    environment: gitDir === undefined ? {} : { GIT_DIR: gitDir },
  });
  const lines = stdout.toString('latin1').split('\n');
  const begin = lines.findIndex((each) => each.startsWith('@@ '));
  if (begin === -1) return undefined;
  return parseHunks(from, lines.slice(begin))?.find(
    ({ newStart, newLines }) => line >= newStart && line < newStart + newLines.length,
  );
}

/** The line that stood there before, in the first content; `likely` when it is the most similar one. */
export interface LineBefore {
  readonly line: number;
  readonly likely: boolean;
}

/** Null when the line was new. Of as many lines as there are now, each has its own. */
export function lineBefore(
  { oldStart, oldLines, newStart, newLines }: Hunk,
  line: number,
): LineBefore | null {
  const at = line - newStart;
  if (oldLines.length === newLines.length) return { line: oldStart + at, likely: false };
  const words = wordsOf(newLines[at] ?? '');
  let best: LineBefore | null = null;
  let mostAlike = 0;
  for (const [index, old] of oldLines.entries()) {
    const alike = likeness(words, wordsOf(old));
    if (alike <= mostAlike) continue;
    mostAlike = alike;
    best = { line: oldStart + index, likely: true };
  }
  return best;
}

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.match(/[\p{L}\p{N}_$]+/gu));

/** The share of words that two lines have in common, from 0 to 1. */
function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const all = one.union(other).size;
  return all === 0 ? 0 : one.intersection(other).size / all;
}
