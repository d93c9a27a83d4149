/**
 * What changed between two git trees, line by line, as git stored it: the same on every machine,
 * whatever attributes, drivers or settings there are, and without running any program but git.
 */
import { isUtf8 } from 'node:buffer';
import { SkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { compareArgs, compareTrees, type RawChange, type TreePair } from './raw-changes.ts';

/**
 * Lines that were replaced by others, without context. Line numbers count from 1; where one side
 * has no lines, its start is the line before which the other side's are missing. Each line has its
 * end (`\n`, a `\r` stays before it); only the last line of a file may have none.
 */
export interface Hunk {
  readonly path: string;
  readonly oldStart: number;
  readonly oldLines: readonly string[];
  readonly newStart: number;
  readonly newLines: readonly string[];
}

/** A change that is not one of text lines. `link` and `submodule` are those that point elsewhere. */
export interface OtherChange {
  readonly path: string;
  readonly what: 'added' | 'deleted' | 'mode' | 'type' | 'link' | 'submodule' | 'binary';
  /** What it was and is: modes for `mode` and `type`, object ids for the rest (zeros: not there). */
  readonly from: string;
  readonly to: string;
}

/** All that differs between two trees, in git's order of paths. */
export interface TreeChanges {
  readonly hunks: readonly Hunk[];
  readonly others: readonly OtherChange[];
}

const MAX_FILES = 20_000;
const MAX_PATCH_BYTES = 64 * 1024 * 1024;

const PATCH_FLAGS: readonly string[] = [
  '--patch',
  '--unified=0',
  '--inter-hunk-context=0',
  // attributes may call anything binary: what is text is decided here
  '--text',
  '--no-color',
  '--diff-algorithm=histogram',
  '--indent-heuristic',
  '--submodule=short',
  '--full-index',
  // files whose content or mode changed: exactly one part of the patch each
  '--diff-filter=M',
];

const PATCH_SETTINGS: readonly string[] = ['diff.orderFile=/dev/null', 'core.bigFileThreshold=1g'];

/**
 * What changed from one tree (or commit) to another, in all files or only in `paths`. A file counts
 * as binary when its changed lines are not UTF-8 or hold NUL. Throws `limit-reached` above 20,000
 * files or 64 MB of patch.
 */
export async function listHunks(
  repository: Repository,
  from: string,
  to: string,
  paths: readonly string[] = [],
): Promise<TreeChanges> {
  const pair: TreePair = { cwd: repository.top, from, to, paths };
  const [raw, patch] = await Promise.all([compareTrees(pair), readPatch(pair)]);
  assertWithin('files', raw.length, MAX_FILES);
  const modified = raw.filter(({ status }) => status === 'M');
  const parts = splitPatch(patch);
  if (parts.length !== modified.length) throw unreadable(`${parts.length} parts`);
  const hunksOf = new Map(modified.map((change, at) => [change, parts[at] ?? []]));
  const hunks: Hunk[] = [];
  const others: OtherChange[] = [];
  for (const change of raw) {
    const found = readChange(change, hunksOf.get(change) ?? []);
    hunks.push(...found.hunks);
    others.push(...found.others);
  }
  return { hunks, others };
}

async function readPatch(pair: TreePair): Promise<string> {
  const args = compareArgs(pair, PATCH_FLAGS);
  const { stdout } = await runGit({ cwd: pair.cwd, args, settings: PATCH_SETTINGS });
  assertWithin('bytes', stdout.length, MAX_PATCH_BYTES);
  // one character a byte: lines of any encoding are cut where git cut them
  return stdout.toString('latin1');
}

function assertWithin(unit: string, found: number, limit: number): void {
  if (found <= limit) return;
  throw new SkeinError('limit-reached', `Cannot compare: more than ${limit} ${unit} differ`, {
    fix: 'Share the change out among several missions.',
  });
}

/** What one entry's change consists of. */
function readChange(change: RawChange, part: readonly string[]): TreeChanges {
  const { path, status, from, to } = change;
  const objects = { path, from: from.object, to: to.object };
  const modes = { path, from: from.mode, to: to.mode };
  const other = (each: OtherChange): TreeChanges => ({ hunks: [], others: [each] });
  if (status === 'A') return other({ ...objects, what: 'added' });
  if (status === 'D') return other({ ...objects, what: 'deleted' });
  if (status !== 'M') return other({ ...modes, what: 'type' });
  if (from.mode === '160000') return other({ ...objects, what: 'submodule' });
  if (from.mode === '120000') return other({ ...objects, what: 'link' });
  const others: OtherChange[] = from.mode === to.mode ? [] : [{ ...modes, what: 'mode' }];
  if (from.object === to.object) return { hunks: [], others };
  const hunks = change.nameIsUtf8 ? readHunks(change, part) : null;
  return hunks === null
    ? { hunks: [], others: [...others, { ...objects, what: 'binary' }] }
    : { hunks, others };
}

/** The patch in lines (without their `\n`), one list a file. */
function splitPatch(patch: string): readonly (readonly string[])[] {
  const parts: string[][] = [];
  for (const line of patch.split('\n')) {
    // lines of files begin with + or -, so this is no line of a file
    if (line.startsWith('diff --git ')) parts.push([line]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/u;

/** The hunks of one file, null when their lines are no text. */
function readHunks({ path, from, to }: RawChange, part: readonly string[]): Hunk[] | null {
  const begin = part.findIndex((line) => line.startsWith('@@ '));
  const ids = `index ${from.object}..${to.object}`;
  if (begin === -1 || !part.slice(0, begin).some((line) => line.startsWith(ids))) {
    throw unreadable(path);
  }
  return parseHunks(path, part.slice(begin));
}

/**
 * The hunks of a patch without context, from its first `@@` on, cut at `\n` with a character a byte;
 * null when their lines are no text.
 */
export function parseHunks(path: string, part: readonly string[]): Hunk[] | null {
  const hunks: Hunk[] = [];
  let at = 0;
  const take = (sign: string, count: number): string[] | null => {
    const lines: string[] = [];
    for (const last = at + count; at < last; at += 1) {
      const line = part[at] ?? '';
      if (!line.startsWith(sign)) throw unreadable(path);
      lines.push(`${line.slice(1)}\n`);
    }
    if (part[at]?.startsWith('\\') === true) {
      at += 1;
      lines.push((lines.pop() ?? '').slice(0, -1));
    }
    return asText(lines);
  };
  while (at < part.length && part[at] !== '') {
    const [, oldStart, oldCount = '1', newStart, newCount = '1'] = HUNK.exec(part[at] ?? '') ?? [];
    if (oldStart === undefined || newStart === undefined) throw unreadable(path);
    at += 1;
    const oldLines = take('-', Number(oldCount));
    const newLines = take('+', Number(newCount));
    if (oldLines === null || newLines === null) return null;
    hunks.push({
      path,
      // without lines git names the line before
      oldStart: Number(oldStart) + Number(oldLines.length === 0),
      oldLines,
      newStart: Number(newStart) + Number(newLines.length === 0),
      newLines,
    });
  }
  return hunks;
}

function asText(lines: readonly string[]): string[] | null {
  const texts: string[] = [];
  for (const line of lines) {
    const bytes = Buffer.from(line, 'latin1');
    if (bytes.includes(0) || !isUtf8(bytes)) return null;
    texts.push(bytes.toString('utf8'));
  }
  return texts;
}

const unreadable = (what: string): SkeinError =>
  new SkeinError('git-failed', `Cannot read the difference of two trees: ${what} is unexpected`);
