/**
 * Looks at a page from another node before anything of it is stored: whether it is what it claims to
 * be, whether its author belongs to the space, and whether all that it builds on is here.
 */
import { COMMIT_FORMAT, decodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import { SkeinError } from '#protocol/errors.ts';
import { readingMs } from '#lib/hybrid-clock.ts';
import type { Page, PageCommit, Taken } from '#ledger/ledger.ts';
import { endOf } from '#ledger/state/space-cuts.ts';
import { commitId } from '#ledger/store/commit-writer.ts';
import { isOwnName, refused, type PageContext } from './page-context.ts';
import { readPageEvents, type TakenEvent } from './page-events.ts';

/** A commit that may be stored. */
export interface CheckedCommit {
  readonly commit: PageCommit;
  readonly header: CommitHeader;
  readonly id: string;
  readonly events: readonly TakenEvent[];
}

/** Two commits of one author with the same number. */
export interface Fork {
  readonly type: 'forked';
  readonly at: number;
  readonly header: CommitHeader;
  readonly first: PageCommit;
  readonly second: PageCommit;
}

/** What a page turned out to be. `fits` may have no commits: all of them are here. */
export type CheckedPage =
  | { readonly type: 'fits'; readonly seq: number; readonly commits: readonly CheckedCommit[] }
  | Fork
  | Exclude<Taken, { type: 'taken' | 'forked' }>;

/** How far a clock may be ahead of ours, in milliseconds; what is later waits. */
export const MAX_AHEAD_MS = 60_000;

interface Link {
  readonly commit: PageCommit;
  readonly header: CommitHeader;
  readonly id: string;
}

/** Throws `page-refused`, `not-member` or `record-too-new`. */
export function checkPage(page: Page, context: PageContext): CheckedPage {
  const run = readRun(page, context);
  const [first] = run as [Link, ...Link[]];
  const { author, chain } = first.header;
  const head = context.head(chain);
  if (head !== undefined && head.author !== author)
    throw refused(`${chain} is a chain of ${head.author}`);
  if (!isOwnName(chain, author, context.owner))
    throw refused(`${chain.slice(0, 40)} is no name for a chain of ${author}`);
  const known = run.filter(({ header }) => header.seq <= (head?.seq ?? 0));
  const fork = findFork(known, context);
  if (fork !== undefined) return fork;
  const news = run.slice(known.length);
  const next = news[0];
  const seq = head?.seq ?? 0;
  if (next === undefined) return { type: 'fits', seq, commits: [] };
  if (next.header.seq > seq + 1) return { type: 'gap', need: seq + 1 };
  if (next.header.prev !== (head?.hash ?? null)) return { type: 'differs', at: seq };
  assertClock(news, head?.hlc);
  const waits = findWaits(news, context);
  const ready = waits === undefined ? news : news.slice(0, waits.index);
  if (ready.length === 0 && waits !== undefined) return waits.for;
  const counting = whatCounts(ready, context);
  const commits = counting.map((link) => ({ ...link, events: readPageEvents(link, context) }));
  const lacking = commits.flatMap(({ events }) => events.flatMap(({ blobs }) => blobs ?? []));
  if (lacking.length > 0) return { type: 'waits', commits: [], blobs: lacking, aheadMs: 0 };
  return { type: 'fits', seq: counting.at(-1)?.header.seq ?? seq, commits };
}

/**
 * The page as links of one chain, each on the one before and signed. The last signature would vouch
 * for all of them. But where runs end others decide: a commit that is not signed could not be
 * passed on as the last of one, nor could be proven that there is another one in its place.
 */
function readRun(page: Page, context: PageContext): Link[] {
  if (page.space !== context.space) throw refused('it belongs to another space');
  if (page.commits.length === 0) throw refused('it is empty');
  const run: Link[] = [];
  for (const commit of page.commits) {
    const header = readHeader(commit.header);
    const id = commitId(commit.header, commit.signature);
    const before = run.at(-1);
    if (header.space !== context.space) throw refused('a commit belongs to another space');
    if (before !== undefined) assertFollows(header, before);
    run.push({ commit, header, id });
  }
  // Whoever sends noise is found out by one signature.
  for (const { commit, header } of run.toReversed()) {
    if (context.verifySignature(header.author, signedBytes(commit.header), commit.signature))
      continue;
    throw refused(`commit ${header.seq} is not signed by ${header.author}`);
  }
  return run;
}

function assertFollows(header: CommitHeader, before: Link): void {
  const { author, chain, seq } = before.header;
  if (header.author !== author || header.chain !== chain) throw refused('it mixes chains');
  if (header.seq !== seq + 1 || header.prev !== before.id) {
    throw refused(`commit ${header.seq} does not build on the one before it`);
  }
}

function readHeader(bytes: Uint8Array): CommitHeader {
  try {
    const header = decodeHeader(bytes);
    // Each costs a look at the record, and no honest node names one twice.
    if (new Set(header.seen.map(({ chain }) => chain)).size < header.seen.length)
      throw refused('a header names a chain twice');
    if (header.format !== COMMIT_FORMAT || header.seq < 1 || header.events.length === 0) {
      throw refused('a header makes no sense');
    }
    return header;
  } catch (thrown) {
    // A later format is no lie: it waits until we understand it.
    if ((thrown as SkeinError).name === 'record-too-new') throw thrown;
    throw refused('a header can not be read', thrown);
  }
}

function findFork(known: readonly Link[], context: PageContext): Fork | undefined {
  for (const { commit, header, id } of known) {
    const first = context.commit(header.chain, header.seq);
    if (first === undefined || commitId(first.header, first.signature) === id) continue;
    return { type: 'forked', at: header.seq, header, first, second: commit };
  }
  return undefined;
}

function assertClock(news: readonly Link[], before: string | undefined): void {
  let last = before ?? '';
  for (const { header } of news) {
    if (!/^\d{15}-\d{6}$/.test(header.hlc)) throw refused('its clock can not be read');
    if (header.hlc <= last) throw refused(`the clock of commit ${header.seq} runs backwards`);
    last = header.hlc;
  }
}

interface Waits {
  readonly index: number;
  readonly for: Extract<Taken, { type: 'waits' }>;
}

/** The first commit that builds on what is not here, or whose clock is ahead. */
function findWaits(news: readonly Link[], { head, nowMs, state }: PageContext): Waits | undefined {
  const known = state();
  // What does not count any more is not passed on: nobody waits for it.
  const upTo = (point: CommitHeader['seen'][number]): number =>
    Math.min(point.seq, (known && endOf(known, point)) ?? point.seq);
  for (const [index, { header }] of news.entries()) {
    const aheadMs = readingMs(header.hlc) - nowMs;
    const commits = header.seen
      .filter((point) => (head(point.chain)?.seq ?? 0) < upTo(point))
      .map(({ chain, seq }) => ({ chain, seq }));
    if (commits.length === 0 && aheadMs <= MAX_AHEAD_MS) continue;
    const ahead = aheadMs <= MAX_AHEAD_MS ? 0 : aheadMs;
    return { index, for: { type: 'waits', commits, blobs: [], aheadMs: ahead } };
  }
  return undefined;
}

/** Those of the commits that count. The first of a space is its owner's; all others are by members. */
function whatCounts(ready: readonly Link[], { state, owner, space }: PageContext): readonly Link[] {
  const known = state();
  const { author, chain, seq } = (ready[0] as Link).header;
  if (known === undefined) {
    if (author === owner) return ready;
    throw notMember(author, 'the space has no beginning here yet');
  }
  const isKnown = Object.hasOwn(known.members, author) || Object.hasOwn(known.removed, author);
  if (!isKnown) throw notMember(author, `it is no member of space ${space}`);
  if (known.members[author] === 'reader') throw notMember(author, 'it may only read');
  const end = endOf(known, { author, chain }) ?? Number.POSITIVE_INFINITY;
  if (seq > end) throw notMember(author, `its chain counts up to commit ${end}, this is ${seq}`);
  return ready.filter(({ header }) => header.seq <= end);
}

const notMember = (author: string, state: string): SkeinError =>
  new SkeinError('not-member', `Cannot take a page of ${author.slice(0, 16)}: ${state}`);
