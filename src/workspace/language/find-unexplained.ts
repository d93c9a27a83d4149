/**
 * A look at a worktree in the middle of a rename: where the old name stands that neither an edit of
 * the plan takes away nor the plan lets stand. git finds the files (5,000 of them in 60 ms, without
 * holding this thread), and only those are read.
 */
import { WORKTREE_SETTINGS } from '#workspace/git/git-environment.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { splitAtZero } from '#workspace/git/tracked-files.ts';
import type { OpenPlace, Place } from './language.ts';
import { readSourceFiles } from './rename/source-files.ts';
import { findWords } from './syntax/words.ts';

/** More places than this are not told: they are no oversight of a plan. */
const MAX_FOUND = 1_000;

/** What is looked for, and what the plan accounts for. */
export interface NameSearch {
  /** The worktree, as its files are on the disk now. */
  readonly root: string;
  /** The tracked files of the base commit. */
  readonly files: readonly string[];
  /** The old name, without its container. */
  readonly name: string;
  readonly explained: {
    /** Files that the plan edits: nothing in them is looked at. */
    readonly edited: Iterable<string>;
    /** Where the name stays, as the plan lists it; in files that no edit moves. */
    readonly listed: readonly Place[];
  };
  readonly signal?: AbortSignal;
}

/** The places, by path and then by line; at most 1,000. Throws as `runGit` does. */
export async function findUnexplained(search: NameSearch): Promise<readonly OpenPlace[]> {
  const { root, name, explained } = search;
  const edited = new Set(explained.edited);
  const listed = new Set(explained.listed.map(keyOf));
  const holding = await filesHolding(search);
  const paths = search.files.filter((path) => holding.has(path) && !edited.has(path)).sort();
  const found: OpenPlace[] = [];
  for (const { path, text, lines } of readSourceFiles(root, paths, [name]).named) {
    for (const offset of findWords(text, name)) {
      const { line, character } = lines.positionAt(offset);
      const place = { path, line: line + 1, column: character + 1 };
      if (listed.has(keyOf(place))) continue;
      found.push({ ...place, preview: lines.previewAt(offset) });
      if (found.length === MAX_FOUND) return found;
    }
  }
  return found;
}

const keyOf = ({ path, line, column }: Place): string => `${path}\0${line}:${column}`;

/** Files in which git finds the word; it also finds `$a` and `éa`, which are other words here. */
async function filesHolding({ root, name, signal }: NameSearch): Promise<ReadonlySet<string>> {
  const { stdout } = await runGit({
    cwd: root,
    args: ['grep', '-l', '-z', '-w', '-F', '-e', name],
    settings: WORKTREE_SETTINGS,
    okCodes: [0, 1],
    ...(signal ? { signal } : {}),
  });
  return new Set(splitAtZero(stdout).map((path) => path.toString('utf8')));
}
