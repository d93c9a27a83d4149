/**
 * Whether a change is explained: the judgement of the critic, without git. What differs between the
 * tree that the plan gives and the tree that is there is explained by nothing but a command.
 */
import type { Hunk, OtherChange, TreeChanges } from '#workspace/trees/changed-hunks.ts';
import type { LineMatcher } from './line-pattern.ts';

/**
 * Something that is not explained. `outside`: in a file that may not be written; `other`: a change
 * of mode, kind or bytes; `extra`: a line that is there; `missing`: a line that is not there.
 */
export interface Finding {
  readonly path: string;
  /** In the file as it is; for a missing line where it would be. */
  readonly line: number;
  readonly what: 'outside' | 'other' | 'extra' | 'missing';
  /** The line without its `\n`, or in words what happened. */
  readonly text: string;
}

/** Files in which any line may come or go that `matcher` knows. */
export interface AllowedLines {
  readonly paths: readonly string[];
  readonly matcher: LineMatcher;
}

/** Changes of files that are not in `writeSet`: the first line of each hunk. */
export function findOutside(made: TreeChanges, writeSet: readonly string[]): Finding[] {
  const allowed = new Set(writeSet);
  return [
    ...made.hunks.flatMap((hunk) => tellLines(hunk).slice(0, 1)),
    ...made.others.map(tellOther),
  ]
    .filter(({ path }) => !allowed.has(path))
    .map((finding) => ({ ...finding, what: 'outside' }));
}

/** What is not explained in the difference from the planned tree to the one that is there. */
export function findUnexplained(
  difference: TreeChanges,
  allowed: readonly AllowedLines[],
): Finding[] {
  const lines = difference.hunks.flatMap(tellLines);
  const explained = new Set<Finding>();
  for (const { paths, matcher } of allowed) {
    const own = new Set(paths);
    const mine = lines.filter(({ path }) => own.has(path));
    const unmatched = new Set(matcher(mine.map(({ text }) => text.replace(/\r$/u, ''))));
    for (const [at, line] of mine.entries()) if (!unmatched.has(at)) explained.add(line);
  }
  const unexplained = lines.filter((line) => !explained.has(line));
  return [...difference.others.map(tellOther), ...unexplained];
}

/** The lines that came, then those that went. */
const tellLines = ({ path, newStart, oldLines, newLines }: Hunk): Finding[] => [
  ...newLines.map((line, at): Finding => {
    return { path, line: newStart + at, what: 'extra', text: withoutEnd(line) };
  }),
  ...oldLines.map((line): Finding => {
    return { path, line: newStart, what: 'missing', text: withoutEnd(line) };
  }),
];

const withoutEnd = (line: string): string => line.replace(/\n$/u, '');

const TOLD: Readonly<Record<OtherChange['what'], string>> = {
  added: 'is a new file',
  deleted: 'was deleted',
  mode: 'has another mode',
  type: 'is of another kind',
  link: 'is a link that points elsewhere',
  submodule: 'is a submodule at another commit',
  binary: 'has other bytes, which are no text',
};

function tellOther({ path, what, from, to }: OtherChange): Finding {
  const modes = what === 'mode' || what === 'type' ? ` (${to}, not ${from})` : '';
  return { path, line: 1, what: 'other', text: `${TOLD[what]}${modes}` };
}
