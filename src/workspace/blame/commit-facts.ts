/**
 * What a git commit says of itself: who made it, where it is, and which missions of which records
 * its message names. Anyone may write a message, so that is a claim and no proof.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from '#workspace/git/open-repository.ts';
import { gitText } from '#workspace/git/run-git.ts';

/** A git commit. Times are ISO 8601 with the offset of who made it. */
export interface CommitFacts {
  readonly commit: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly authoredAt: string;
  readonly committedAt: string;
  readonly summary: string;
  /** Branches that hold it, at most ten, the person's own before remote ones. */
  readonly branches: readonly string[];
  readonly moreBranches: boolean;
  /** In the order of the message: a squashed one may name several missions. */
  readonly claims: readonly MissionClaim[];
  /** The history ends here only because the clone is shallow. */
  readonly cut: boolean;
}

/** What the trailers of a message say. */
export interface MissionClaim {
  readonly mission: string;
  readonly space: string;
  /** Whether they stand where trailers stand; else a message was taken into another one. */
  readonly inPlace: boolean;
}

const MOST_BRANCHES = 10;

/** Reads a commit that exists. */
export async function readCommit(
  { top, commonDir }: Pick<Repository, 'top' | 'commonDir'>,
  commit: string,
): Promise<CommitFacts> {
  const format = ['%H', '%an', '%ae', '%aI', '%cI', '%B'].join('%x00');
  const args = ['log', '-1', '--no-walk', '--no-notes', `--format=${format}`, commit];
  const said = (await gitText({ cwd: top, args })).split('\0');
  const [id = '', name = '', email = '', authoredAt = '', committedAt = '', message = ''] = said;
  const branches = await branchesWith(top, commit);
  return {
    commit: id,
    author: { name, email },
    authoredAt,
    committedAt,
    summary: message.split('\n', 1)[0] ?? '',
    branches: branches.slice(0, MOST_BRANCHES),
    moreBranches: branches.length > MOST_BRANCHES,
    claims: readClaims(message),
    cut: isCut(commonDir, id),
  };
}

async function branchesWith(top: string, commit: string): Promise<readonly string[]> {
  const flags = ['--format=%(refname:short)', `--contains=${commit}`];
  const count = `--count=${MOST_BRANCHES + 1}`;
  const args = ['for-each-ref', count, ...flags, 'refs/heads', 'refs/remotes'];
  const printed = await gitText({ cwd: top, args });
  return printed === '' ? [] : printed.split('\n');
}

function isCut(commonDir: string, commit: string): boolean {
  const file = join(commonDir, 'shallow');
  return existsSync(file) && readFileSync(file, 'utf8').split('\n').includes(commit);
}

const TRAILER = /^(\s*)Skein-(Mission|Space): (\S{1,200})\s*$/u;

/** How many claims of one message are looked at. */
const MOST_CLAIMS = 20;

/** The missions that a message names, in trailers or in messages that were taken into it. */
export function readClaims(message: string): readonly MissionClaim[] {
  const lines = message.trimEnd().split('\n');
  const lastBlank = lines.findLastIndex((line) => line.trim() === '');
  const claims: { mission: string; space: string; inPlace: boolean }[] = [];
  for (const [at, line] of lines.entries()) {
    const [, indent, key, value = ''] = TRAILER.exec(line) ?? [];
    if (key === 'Mission') {
      const inPlace = indent === '' && at > lastBlank;
      claims.push({ mission: value, space: '', inPlace });
    }
    const last = claims.at(-1);
    if (last !== undefined && key === 'Space') last.space = value;
  }
  return claims.filter(({ space }) => space !== '').slice(0, MOST_CLAIMS);
}

/** How far back a commit of Skein is looked for. */
const LOOKED_AT_COMMITS = 20_000;

/** Whether any commit up to this one was made by Skein; undefined when there are too many to look. */
export async function hasSkeinBefore(top: string, commit: string): Promise<boolean | undefined> {
  const format = '--format=%(trailers:key=Skein-Mission,valueonly,separator=%x2C)';
  const count = `--max-count=${LOOKED_AT_COMMITS}`;
  const said = (
    await gitText({ cwd: top, args: ['log', '--no-notes', count, format, commit] })
  ).split('\n');
  if (said.some((line) => line !== '')) return true;
  return said.length < LOOKED_AT_COMMITS ? false : undefined;
}

/** The id of the commit that a person named; undefined when there is none. */
export async function findCommit(top: string, named: string): Promise<string | undefined> {
  if (named.startsWith('-')) return undefined;
  const args = ['rev-parse', '--verify', '--quiet', `${named}^{commit}`];
  const found = await gitText({ cwd: top, args, okCodes: [0, 1, 128] });
  return /^[0-9a-f]{40,64}$/u.test(found) ? found : undefined;
}
