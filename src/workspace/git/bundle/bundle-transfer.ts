/**
 * Bundles between linked nodes, in pieces that fit into frames: `git.bundle` on the link. Who serves
 * decides which tree a peer may have; who fetches takes nothing that is larger, or other, than was said.
 */
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { fields, gitId, integer, list, optional, text } from '#protocol/shape.ts';
import type { Link, LinkMessage } from '#sync/link/link.ts';
import { MAX_BUNDLE_BYTES, type BundleRequest } from './bundle.ts';

/** The name of the method on a link. */
export const BUNDLE_METHOD = 'git.bundle';

/** What is asked for: a tree that belongs to a task of a space. */
export interface BundleWish extends BundleRequest {
  readonly space: string;
  readonly task: string;
}

/** Makes the bundle for a peer; throws when the peer may not have it. */
export type BundleMaker = (wish: BundleWish, peer: string) => Promise<Buffer>;

/** How much of a bundle travels in one frame. */
const PIECE_BYTES = 6 * 1024 * 1024;

/** Bundles that somebody is fetching: so many at most, the one that was asked for last stays longest. */
const MOST_KEPT = 4;

/** Making a large one takes a while. */
const CALL_MS = 300_000;

const params = fields({
  space: text,
  task: text,
  tree: gitId,
  have: list(gitId),
  at: integer,
  bundle: optional(text),
});

/** Serves `git.bundle`; hand it to the link as a method. */
export function serveBundles(
  make: BundleMaker,
): (message: LinkMessage, peer: string) => Promise<LinkMessage> {
  const kept = new Map<string, { readonly peer: string; readonly bytes: Buffer }>();
  return async ({ params: given }, peer) => {
    const problem = params.problem(given, 'params');
    if (problem !== undefined) throw new SkeinError('usage', `Cannot send a bundle: ${problem}`);
    const { at, bundle, ...wish } = given as BundleWish & { at: number; bundle?: string };
    const bytes = bundle === undefined ? await make(wish, peer) : ofPeer(kept.get(bundle), peer);
    const hash = bundle ?? sha256(bytes);
    const piece = bytes.subarray(Math.max(at, 0), Math.max(at, 0) + PIECE_BYTES);
    kept.delete(hash);
    if (at + piece.length < bytes.length) kept.set(hash, { peer, bytes });
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return { params: { bundle: hash, bytes: bytes.length }, body: piece };
  };
}

function ofPeer(kept: { peer: string; bytes: Buffer } | undefined, peer: string): Buffer {
  if (kept?.peer === peer) return kept.bytes;
  throw new SkeinError('not-found', 'Cannot send the rest of a bundle: it is not kept any more', {
    fix: 'Ask for it again from its beginning.',
  });
}

const answer = fields({ bundle: text, bytes: integer });

/** Fetches a bundle from the peer of a link. Throws `payload-too-large`, `peer-refused`, and its errors. */
export async function fetchBundle(link: Pick<Link, 'call'>, wish: BundleWish): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let [at, total] = [0, Number.POSITIVE_INFINITY];
  let hash: string | undefined;
  while (at < total) {
    const { space, task, tree, have } = wish;
    const part = hash === undefined ? {} : { bundle: hash };
    const asked = { space, task, tree, have: [...have], at, ...part };
    const got = await link.call(BUNDLE_METHOD, asked, { timeoutMs: CALL_MS });
    if (answer.problem(got.params, 'answer') !== undefined) throw untrue('the answer is none');
    const { bundle, bytes } = got.params as { bundle: string; bytes: number };
    if (bytes > MAX_BUNDLE_BYTES) {
      throw new SkeinError('payload-too-large', `Cannot fetch a git bundle of ${bytes} bytes`);
    }
    if (hash !== undefined && (bundle !== hash || bytes !== total)) throw untrue('it changed');
    [hash, total] = [bundle, bytes];
    const piece = Buffer.from(got.body ?? []);
    if (piece.length === 0 || at + piece.length > total) throw untrue('it has another length');
    pieces.push(piece);
    at += piece.length;
  }
  const whole = Buffer.concat(pieces);
  if (sha256(whole) !== hash) throw untrue('its bytes have another hash');
  return whole;
}

const untrue = (state: string): SkeinError =>
  new SkeinError('peer-refused', `Cannot fetch a git bundle: ${state}`);
