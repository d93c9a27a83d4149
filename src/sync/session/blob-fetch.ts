/**
 * Blobs by hash, of one space only: asked for in ranges, so that a large one does not fill the link,
 * and believed only when the content is what the hash says.
 */
import { SkeinError } from '#protocol/errors.ts';
import { sha256 } from '#lib/sha256.ts';
import type { Blobs } from '#ledger/ledger.ts';
import { refusal, type Refusal } from '../refusal.ts';
import type { PeerSession } from './peer-session.ts';

/** How many bytes one call brings. */
const RANGE_BYTES = 2 << 20;

/** The largest blob that there is. */
const MAX_BLOB_BYTES = 64 << 20;

/** What blobs are fetched with. */
export interface BlobFetchOptions {
  readonly blobs: Pick<Blobs, 'get' | 'put'>;
  readonly hasBlob: (hash: string) => boolean;
  readonly sessions: () => readonly PeerSession[];
  readonly blame: (peer: string, reason: Refusal) => void;
}

/** Fetches blobs; who asks for one that is on its way waits for the same. */
export class BlobFetch {
  readonly #options: BlobFetchOptions;
  readonly #coming = new Map<string, Promise<Buffer>>();
  /** The last one that was served: its next range is asked for soon. */
  #served: { readonly hash: string; readonly content: Buffer } | undefined;

  constructor(options: BlobFetchOptions) {
    this.#options = options;
  }

  /** From here, else from a peer, `first` of all. Throws `blob-missing` when nobody has it. */
  get(hash: string, first?: PeerSession): Promise<Buffer> {
    const { hasBlob, blobs } = this.#options;
    if (hasBlob(hash)) return Promise.resolve(blobs.get(hash));
    const coming = this.#coming.get(hash) ?? this.#fetch(hash, first);
    this.#coming.set(hash, coming);
    return coming;
  }

  /** What a peer is given of a blob. */
  serve(
    hash: string,
    from: number,
    bytes: number,
  ): { params: { bytes: number }; body: Uint8Array } {
    if (this.#served?.hash !== hash)
      this.#served = { hash, content: this.#options.blobs.get(hash) };
    const { content } = this.#served;
    const start = Math.max(0, from);
    const end = start + Math.min(Math.max(0, bytes), RANGE_BYTES);
    return { params: { bytes: content.length }, body: content.subarray(start, end) };
  }

  async #fetch(hash: string, first: PeerSession | undefined): Promise<Buffer> {
    try {
      const others = this.#options.sessions().filter((session) => session !== first);
      for (const session of first === undefined ? others : [first, ...others]) {
        const content = await this.#from(session, hash).catch(() => undefined);
        if (content === undefined) continue;
        await this.#options.blobs.put(content);
        return content;
      }
    } finally {
      this.#coming.delete(hash);
    }
    throw new SkeinError('blob-missing', `Cannot find blob ${hash}: no linked node has it`, {
      fix: 'It is tried again when another node is reached.',
    });
  }

  async #from(session: PeerSession, hash: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let [got, total] = [0, 1];
    while (got < total) {
      const params = { space: session.space, hash, from: got, bytes: RANGE_BYTES };
      const answer = await session.link.call('sync.blob', params);
      const { body = new Uint8Array(0) } = answer;
      const said = (answer.params as { bytes?: unknown } | null)?.bytes;
      total = typeof said === 'number' ? said : -1;
      // A range is whole: crumbs, each in a frame that has to be kept, would cost any amount of memory.
      const isWhole = body.length === Math.min(RANGE_BYTES, total - got);
      if (total < 0 || total > MAX_BLOB_BYTES || !isWhole) throw this.#lie(session);
      parts.push(body);
      got += body.length;
    }
    const content = Buffer.concat(parts);
    if (sha256(content) !== hash) throw this.#lie(session);
    return content;
  }

  #lie(session: PeerSession): SkeinError {
    this.#options.blame(session.peer, 'blob-wrong');
    return refusal('blob-wrong', 'Cannot take a blob: it is not what was asked for');
  }
}
