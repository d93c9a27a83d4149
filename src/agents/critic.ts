/**
 * The critic: looks at what a task left, in git's objects and not in what its coder says, and
 * accepts it only when nothing differs from what the plan gives but lines that a command may change.
 */
import type { BlobReference, Blobs } from '#ledger/ledger.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { TreeChanges } from '#workspace/trees/changed-hunks.ts';
import { findOutside, findUnexplained, type Finding } from './explain-hunks.ts';
import { makeLineMatcher } from './line-pattern.ts';

/**
 * What work should have done. `edits` are exact contents; on top of them `commands` may have changed
 * their files, as long as each line that came or went matches `lines`, a regular expression (flag
 * `u`) that is looked for in the line without its end.
 */
export interface ExpectedEffect {
  readonly edits: readonly { readonly path: string; readonly after: BlobReference }[];
  readonly commands: readonly { readonly paths: readonly string[]; readonly lines: string }[];
}

/** Work to be reviewed. `base` and `actual` are trees (or commits) before it and after it. */
export interface Review {
  readonly base: string;
  readonly actual: string;
  readonly writeSet: readonly string[];
  readonly expected: ExpectedEffect;
}

/** The answer; `places` are the first ten, as `path:line + what is there` or `- what is not`. */
export type ReviewVerdict =
  | { readonly type: 'accept'; readonly hunks: number }
  | { readonly type: 'refuse'; readonly reason: string; readonly places: readonly string[] };

/** What the critic needs of a mission. */
export interface ReviewWork extends Pick<MissionWork, 'world' | 'repository' | 'signal'> {
  readonly ledger: { readonly blobs: Pick<Blobs, 'get'> };
}

/** An agent that reviews and writes nothing. */
export interface Critic {
  /**
   * Throws `pattern-invalid` for a pattern that is wrong or takes too long, `limit-reached` for a
   * change that is too large to look at, `git-failed` when a tree is not there.
   */
  readonly review: (work: ReviewWork, review: Review) => Promise<ReviewVerdict>;
}

const MAX_PLACES = 10;
const MAX_TEXT_CHARACTERS = 160;

/** How a tree differs from itself. */
const NOTHING: TreeChanges = { hunks: [], others: [] };

/** The critic of a node. */
export const makeCritic = (): Critic => ({
  review: async (work, review) => {
    const { base, actual, writeSet, expected } = review;
    const made = await hunksOf(work, base, actual);
    const outside = findOutside(made, writeSet);
    const told = new Set(outside.map(({ path }) => path));
    const planned = await plannedTree(work, review);
    const difference = planned === actual ? NOTHING : await hunksOf(work, planned, actual);
    const allowed = expected.commands.map(({ paths, lines }) => {
      return { paths, matcher: makeLineMatcher(lines) };
    });
    const findings = findUnexplained(difference, allowed).filter(({ path }) => !told.has(path));
    if (outside.length + findings.length > 0) return refusal([...outside, ...findings]);
    return { type: 'accept', hunks: made.hunks.length + made.others.length };
  },
});

function hunksOf(
  { world, repository, signal }: ReviewWork,
  from: string,
  to: string,
): Promise<TreeChanges> {
  signal.throwIfAborted();
  return world.trees.hunks(repository, from, to);
}

/** The tree of the exact edits, made from what was planned and not from what is in the worktree. */
async function plannedTree(
  { world, repository, ledger }: ReviewWork,
  { base, expected: { edits } }: Review,
): Promise<string> {
  if (edits.length === 0) return base;
  const files = edits.map(({ path, after }) => ({ path, bytes: ledger.blobs.get(after.hash) }));
  return world.trees.expected(repository, base, files);
}

type Kind = Finding['what'];

/** The gravest first; in words, for one and for several. */
const KINDS: readonly (readonly [Kind, string, string])[] = [
  ['outside', 'change is outside the write set', 'changes are outside the write set'],
  ['other', 'change is not of lines', 'changes are not of lines'],
  ['extra', 'line is not explained', 'lines are not explained'],
  ['missing', 'line is missing', 'lines are missing'],
];

const SIGNS: Readonly<Record<Kind, string>> = {
  outside: ' ',
  other: ' ',
  extra: ' + ',
  missing: ' - ',
};

function refusal(findings: readonly Finding[]): ReviewVerdict {
  const byKind = Map.groupBy(findings, ({ what }) => what);
  const reason = KINDS.flatMap(([what, one, several]) => {
    const count = byKind.get(what)?.length ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];
  }).join(', ');
  const ordered = KINDS.flatMap(([what]) => byKind.get(what) ?? []);
  return { type: 'refuse', reason, places: ordered.slice(0, MAX_PLACES).map(placeOf) };
}

const placeOf = ({ path, line, what, text }: Finding): string =>
  `${path}:${line}${SIGNS[what]}${text.slice(0, MAX_TEXT_CHARACTERS)}`;
