/** What a page from another node is compared with, and how it is refused. */
import { SkeinError } from '#protocol/errors.ts';
import type { ChainHead, PageCommit } from '#ledger/ledger.ts';
import { shortNode } from '#protocol/address.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';

/** What a page is compared with. */
export interface PageContext {
  readonly space: string;
  /** The key that the space was created by. */
  readonly owner: string;
  readonly nowMs: number;
  /** The space as it stands; undefined while nothing of it is here. */
  readonly state: () => SpaceState | undefined;
  readonly head: (
    chain: string,
  ) => (ChainHead & { readonly author: string; readonly hlc: string }) | undefined;
  readonly commit: (chain: string, seq: number) => PageCommit | undefined;
  readonly hasBlob: (hash: string) => boolean;
  readonly verifySignature: (key: string, bytes: Uint8Array, signature: Uint8Array) => boolean;
}

/**
 * Whether `chain` may be one of `author`'s: it begins with the first digits of the author's key. Else
 * a member could take the name of another one's chain where that has not arrived yet, or prove that
 * it forked. Chains of the owner, who could remove anybody, may be older than this rule.
 */
export const isOwnName = (chain: string, author: string, owner: string): boolean =>
  author === owner || chain.startsWith(shortNode(author));

/** A page that no honest node sends. */
export const refused = (state: string, cause?: unknown): SkeinError =>
  new SkeinError('page-refused', `Cannot take the page: ${state}`, { cause });
