/** Why a line of the person's repository is as it is: from git to the record, and back in time. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import { blameLine, type BlamedLine } from '#workspace/blame/blame-line.ts';
import { findCommit } from '#workspace/blame/commit-facts.ts';
import { findHunk, lineBefore } from '#workspace/blame/line-hunk.ts';
import { readLines, type LinePlace } from '#workspace/blame/text-file.ts';
import { openRepository, type Repository } from '#workspace/git/open-repository.ts';
import { explainLine, type WhyContext } from './explain-commit.ts';
import type { LineOrigin, WhyAnswer } from './why-answer.ts';

/** What is asked: `file` as it was typed in `folder` (absolute); `at` names a git commit; `all` goes all the way. */
export interface WhyRequest {
  readonly folder: string;
  readonly file: string;
  readonly line: number;
  readonly at?: string | undefined;
  readonly all: boolean;
}

/** Nobody reads more, and a history may be endless. */
const MOST_ORIGINS = 50;

/**
 * Explains a line. Throws `not-found` for a file, line or git commit that is not there, `usage` for
 * what is no text file of the repository.
 */
export async function whyLine(
  request: WhyRequest,
  openRecord: WhyContext['openRecord'],
): Promise<WhyAnswer> {
  const file = realPath(resolve(request.folder, request.file));
  // A file's own repository: it may be a submodule of the one that the person is in.
  const near = dirname(file);
  const repository = await openRepository(existsSync(near) ? near : request.folder);
  const path = pathIn(repository, request, file);
  const at = request.at === undefined ? null : await commitOf(repository, request.at);
  const place = { commit: at, path, line: request.line };
  const lines = await readLines(repository.top, place);
  const text = lines[request.line - 1] ?? '';
  const context = { repository, openRecord };
  const { origins, hasEarlier } = await walkBack(context, { place, text }, request.all);
  return { repository: repository.top, path, line: request.line, text, at, origins, hasEarlier };
}

/** The path with links on the way to the file followed, but not the file's own. */
function realPath(file: string): string {
  return join(realFolder(dirname(file)), basename(file));
}

/** A folder that is gone now may be in an earlier git commit. */
function realFolder(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder);
  const above = dirname(folder);
  return above === folder ? folder : join(realFolder(above), basename(folder));
}

function pathIn({ top }: Repository, { file: typed }: WhyRequest, file: string): string {
  const path = relative(top, file);
  if (path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path))
    return path;
  throw new SkeinError('not-found', `Cannot explain ${typed}: it is not in the repository ${top}`, {
    fix: 'Name the repository that it is in: --repo <folder>',
  });
}

async function commitOf({ top }: Repository, named: string): Promise<string> {
  const commit = await findCommit(top, named);
  if (commit !== undefined) return commit;
  throw new SkeinError('not-found', `Cannot find git commit "${named}" in ${top}`, {
    fix: 'Name a git commit, a tag or a branch. See: git log',
  });
}

interface Asked {
  readonly place: LinePlace;
  readonly text: string;
}

interface Walked {
  readonly origins: readonly LineOrigin[];
  readonly hasEarlier: boolean;
}

/** A place to look at; `likely` as in `LineOrigin`. */
interface Step {
  readonly place: LinePlace;
  readonly likely: boolean;
}

/** The origin of the line; where its text was moved from; with `all` the lines before it as well. */
async function walkBack(context: WhyContext, asked: Asked, all: boolean): Promise<Walked> {
  const { top } = context.repository;
  const origins: LineOrigin[] = [];
  let next: Step | undefined = { place: asked.place, likely: false };
  while (next !== undefined && origins.length < MOST_ORIGINS) {
    const { place, likely }: Step = next;
    const found: BlamedLine = await blameLine(top, place);
    const blamed = found.commit === null ? { ...found, text: asked.text } : found;
    const origin = await explainLine(context, blamed);
    const source: Step | undefined =
      origin.by === 'mission' ? undefined : await movedFrom(top, place, blamed);
    origins.push({ ...origin, likely, moved: source !== undefined });
    next = source ?? (await earlier(top, blamed));
    if (!all && source === undefined) break;
  }
  return { origins, hasEarlier: next !== undefined };
}

/** Where git finds the same text before the commit that put it there, in any file it changed. */
async function movedFrom(
  top: string,
  place: LinePlace,
  { commit, previous }: BlamedLine,
): Promise<Step | undefined> {
  if (commit === null || previous === null) return undefined;
  const source = await blameLine(top, place, { moved: true });
  if (source.commit === null || source.commit === commit) return undefined;
  return { place: { commit: source.commit, path: source.path, line: source.line }, likely: false };
}

/** The line that stood there before the change; undefined when it was new. */
async function earlier(
  top: string,
  { commit, path, line, previous }: BlamedLine,
): Promise<Step | undefined> {
  if (previous === null) return undefined;
  const to = commit === null ? { file: path } : `${commit}:${path}`;
  const from = `${previous.commit}:${previous.path}`;
  const hunk = await findHunk({ cwd: top, from, to }, line);
  const before = hunk === undefined ? null : lineBefore(hunk, line);
  if (before === null) return undefined;
  return { place: { ...previous, line: before.line }, likely: before.likely };
}
