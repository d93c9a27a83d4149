/** Two missions side by side: files first, and with the diff between their results when it is asked for. */
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { showDiff } from '#workspace/git/show-diff.ts';
import { readSide, type MissionSide } from './mission-side.ts';
import type { SideFile } from './side-result.ts';

/** A mission with its record, and its repository when that is here. */
export interface SideSource {
  readonly ledger: Ledger;
  readonly mission: string;
  readonly repository: Repository | undefined;
}

/** Both missions, and the files that either of them changed. */
export interface Comparison {
  readonly a: MissionSide;
  readonly b: MissionSide;
  readonly files: readonly ComparedFile[];
  /** From the result of `a` to that of `b`; null when it was not asked for. */
  readonly diff: string | null;
}

/** A file that one or both changed; null = that one left it as it was. */
export interface ComparedFile {
  readonly path: string;
  readonly a: SideFile | null;
  readonly b: SideFile | null;
  /** Both made the same of it, byte for byte. */
  readonly same: boolean;
}

/** Compares them. Throws `not-found`, and `usage` when there can be no diff. */
export async function compareMissions(
  one: SideSource,
  other: SideSource,
  withDiff: boolean,
): Promise<Comparison> {
  const a = await readSide(one.ledger, one.mission, one.repository);
  const b = await readSide(other.ledger, other.mission, other.repository);
  const files = compareFiles(a.result.files, b.result.files);
  const diff = withDiff ? await diffOf([one, other], [a, b]) : null;
  return { a, b, files, diff };
}

/** Files by path; which are the same is told by their contents. */
export function compareFiles(
  a: readonly SideFile[],
  b: readonly SideFile[],
): readonly ComparedFile[] {
  const [ofA, ofB] = [a, b].map((files) => new Map(files.map((file) => [file.path, file])));
  const paths = new Set([...a, ...b].map(({ path }) => path));
  return [...paths].sort().map((path) => {
    const [left, right] = [ofA?.get(path) ?? null, ofB?.get(path) ?? null];
    return { path, a: left, b: right, same: left !== null && left.hash === right?.hash };
  });
}

async function diffOf(
  [one, other]: readonly [SideSource, SideSource],
  [a, b]: readonly [MissionSide, MissionSide],
): Promise<string> {
  const { repository } = one;
  if (repository === undefined || repository.commonDir !== other.repository?.commonDir) {
    throw noDiff('they are not in one repository');
  }
  const [from, to] = [a.result.tree, b.result.tree];
  const missing = from === null ? a : b;
  if (from === null || to === null) {
    throw noDiff(
      `the files of mission ${missing.id} are not here. ${missing.result.notes.join(' ')}`,
    );
  }
  return (await showDiff({ cwd: repository.top, base: from, to })).toString('utf8');
}

const noDiff = (state: string): SkeinError =>
  new SkeinError('usage', `Cannot show the diff of the two missions: ${state}`, {
    fix: 'Compare them without --diff.',
  });
