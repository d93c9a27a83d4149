/** Heads of chains as nodes tell them to each other, and how far one vector is from another. */
import { digest, fields, integer, list, text, type Shape } from '#protocol/shape.ts';
import { commitId } from '#ledger/store/commit-writer.ts';
import { decodeHeader, type CommitHeader } from '#protocol/commit.ts';
import type { PageCommit } from '#ledger/ledger.ts';
import { refusal } from '../refusal.ts';

/** The last commit of a chain that a node holds durably. */
export interface Head {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** Chains one node may tell of at once: what fits into the parameters of a call. */
export const MAX_HEADS = 7_000;

const heads: Shape<readonly Head[]> = {
  problem: (value, at) =>
    Array.isArray(value) && value.length > MAX_HEADS
      ? `${at} is too long`
      : list(fields({ chain: text, seq: integer, hash: digest })).problem(value, at),
};

/** What each method of sync takes. */
export const SYNC_PARAMS = {
  'sync.heads': fields({ space: text, heads }),
  'sync.have': fields({ space: text, heads }),
  'sync.pages': fields({ space: text, chain: text, after: integer, maxBytes: integer }),
  'sync.page': fields({ space: text }),
  'sync.blob': fields({ space: text, hash: digest, from: integer, bytes: integer }),
  'sync.offer': fields({ spaces: list(text), linked: list(digest) }),
};

/** Params in a shape; throws `params-invalid`. */
export function readParams<T>(params: unknown, shape: Shape<T>): T {
  const problem = shape.problem(params, 'params');
  if (problem === undefined) return params as T;
  throw refusal('params-invalid', `Cannot serve the peer: ${problem}`);
}

/** What is told of a chain. */
export const headOf = ({ chain, seq, hash }: Head): Head => ({ chain, seq, hash });

/**
 * What is told of all chains. Where there are more than may be told of, each author's first ones go
 * first: a member that begins chains without end is in nobody's way but its own.
 */
export function headsToTell(chains: readonly (Head & { readonly author: string })[]): Head[] {
  if (chains.length <= MAX_HEADS) return chains.map(headOf);
  const counts = new Map<string, number>();
  const ranked = chains.map((head) => {
    const rank = counts.get(head.author) ?? 0;
    counts.set(head.author, rank + 1);
    return { head, rank };
  });
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.slice(0, MAX_HEADS).map(({ head }) => headOf(head));
}

/** The header of a commit that a peer sent; throws `page-refused`, `record-too-new`. */
export function headerOf(commit: PageCommit): CommitHeader {
  try {
    return decodeHeader(commit.header);
  } catch (cause) {
    const { name, message } = cause as Error;
    if (name === 'record-too-new') throw refusal('record-too-new', message, 'record-too-new');
    throw refusal('page-invalid', 'Cannot read a page: a header can not be read', 'page-refused');
  }
}

/** The id of a commit as it travels. */
export const idOf = ({ header, signature }: PageCommit): string => commitId(header, signature);
