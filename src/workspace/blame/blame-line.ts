/**
 * Asks git which commit made a line: by its own rules and nothing of the person's settings, so that
 * two people get one answer.
 */
import { SkeinError } from '#protocol/errors.ts';
import { runGit, type GitCall } from '#workspace/git/run-git.ts';
import type { LinePlace } from './text-file.ts';

/** Where a line was made: the place in the commit that made it (null: it is not committed). */
export interface BlamedLine extends LinePlace {
  /** The line with all its blanks, as that commit has it. */
  readonly text: string;
  /** The commit and path that were looked at before; null when nothing was before. */
  readonly previous: { readonly commit: string; readonly path: string } | null;
  /** The first line of the commit's message. */
  readonly summary: string;
}

/** How far git looks: `moved` also finds the line where its text was moved or copied from. */
export interface BlameOptions {
  readonly moved?: boolean;
  /** A bare git folder to ask instead of the repository at the working folder. */
  readonly gitDir?: string;
}

/** Settings that change who git names. */
export const BLAME_SETTINGS: readonly string[] = [
  'blame.markIgnoredLines=false',
  'blame.markUnblamableLines=false',
  'diff.indentHeuristic=true',
];

const FLAGS: readonly string[] = [
  'blame',
  '--porcelain',
  '--root',
  '--no-textconv',
  '--encoding=UTF-8',
  // clears what blame.ignoreRevsFile names; as a setting an empty name comes before it, and clears nothing
  '--ignore-revs-file=',
];

const NOT_COMMITTED = /^0+$/u;

/** Blames one line that exists. A file that git does not track is not committed either. */
export async function blameLine(
  cwd: string,
  { commit, path, line }: LinePlace,
  { moved = false, gitDir }: BlameOptions = {},
): Promise<BlamedLine> {
  const at = commit === null ? [] : [commit];
  const call: GitCall = {
    cwd,
    args: [...FLAGS, ...(moved ? ['-M', '-C'] : []), '-L', `${line},${line}`, ...at, '--', path],
    settings: BLAME_SETTINGS,
    environment: gitDir === undefined ? {} : { GIT_DIR: gitDir },
    okCodes: commit === null ? [0, 128] : [0],
  };
  const { code, stdout, stderr } = await runGit(call);
  if (code === 0) return parseBlame(stdout.toString('utf8'));
  if (!stderr.startsWith('fatal: no such path ')) {
    throw new SkeinError('git-failed', `Cannot run git blame: ${stderr.trim().slice(0, 500)}`);
  }
  return { commit: null, path, line, text: '', previous: null, summary: '' };
}

/** One line as `git blame --porcelain` tells it. */
export function parseBlame(printed: string): BlamedLine {
  const cut = printed.indexOf('\n\t');
  const [head = '', ...fields] = printed.slice(0, cut).split('\n');
  const [, commit = '', line] = /^([0-9a-f]{40,64}) (\d+) \d+/u.exec(head) ?? [];
  if (line === undefined || cut === -1) {
    throw new SkeinError('git-failed', 'Cannot read what git blame says: it has no line');
  }
  const field = (name: string): string | undefined =>
    fields.find((each) => each.startsWith(`${name} `))?.slice(name.length + 1);
  const previous = field('previous');
  const isCommitted = !NOT_COMMITTED.test(commit);
  return {
    commit: isCommitted ? commit : null,
    path: unquotePath(field('filename') ?? ''),
    line: Number(line),
    text: printed.slice(cut + 2).replace(/\r?\n$/u, ''),
    previous: previous === undefined ? null : readPrevious(previous),
    summary: field('summary') ?? '',
  };
}

function readPrevious(field: string): BlamedLine['previous'] {
  const cut = field.indexOf(' ');
  return { commit: field.slice(0, cut), path: unquotePath(field.slice(cut + 1)) };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
};

/** A path as git quotes it: in C's way when it holds a quote, a backslash or a control character. */
export function unquotePath(path: string): string {
  if (!path.startsWith('"')) return path;
  return path
    .slice(1, -1)
    .replace(/\\([0-7]{3}|.)/gu, (_all, escaped: string) =>
      escaped.length === 3
        ? String.fromCodePoint(Number.parseInt(escaped, 8))
        : (ESCAPES[escaped] ?? escaped),
    );
}
